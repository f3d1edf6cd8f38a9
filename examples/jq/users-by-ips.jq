# SPDX-License-Identifier: BSD-2-Clause
#
# Reads insights, and shows from how many addresses each user logged in. For each window it prints a
# line with totals, and then a line for each user. The user with the most addresses comes first.
# With loginagg --each these are all users, otherwise those of the top list.
#
#   loginagg --every 0 < records.ndjson | jq -rf users-by-ips.jq
select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| if has("groups") then
    "\(.window.start // "all") \(.groups) users, \(.pairs) pairs, at most \(.max), on average \(.mean)",
        (.top[]?), (if .cut then "the rest was cut: use --each" else empty end)
  else . end
| if type == "object" then "\(.ips)\t\(.logins)\t\(.user_id)" else . end
