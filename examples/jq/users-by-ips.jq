# SPDX-License-Identifier: BSD-2-Clause
#
# From how many addresses each user logged in, out of the insights: a line for each window, and one
# for each user in its top list, those with the most addresses first.
#
#   loginagg --every 0 < records.ndjson | jq -rf users-by-ips.jq
select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| "\(.window.start // "all") \(.groups) users, \(.pairs) pairs, at most \(.max), on average \(.mean)",
    (.top[] | "\(.ips)\t\(.logins)\t\(.user_id)")
