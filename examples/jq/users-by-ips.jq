# SPDX-License-Identifier: BSD-2-Clause
#
# Shows from how many addresses each user logged in, from insights. There is a line for each window,
# and a line for each user in its top list, the users with the most addresses first.
#
#   loginagg --every 0 < records.ndjson | jq -rf users-by-ips.jq
select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| "\(.window.start // "all") \(.groups) users, \(.pairs) pairs, at most \(.max), on average \(.mean)",
    (.top[] | "\(.ips)\t\(.logins)\t\(.user_id)")
