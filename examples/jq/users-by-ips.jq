# SPDX-License-Identifier: BSD-2-Clause
#
# Reads insights, and shows from how many addresses each user logged in. For each window it prints a
# line with totals, and then a line for each user in the top list of the window. The user with the
# most addresses comes first.
#
#   loginagg --every 0 < records.ndjson | jq -rf users-by-ips.jq
select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| "\(.window.start // "all") \(.groups) users, \(.pairs) pairs, at most \(.max), on average \(.mean)",
    (.top[] | "\(.ips)\t\(.logins)\t\(.user_id)")
