# SPDX-License-Identifier: BSD-2-Clause
#
# Reads insights, and lists the users who logged in from more than 3 addresses within one window.
# Change the number with --argjson ips N.
#
#   kcat-in -t login-insights -e --jq-file suspicious.jq --argjson ips 5
($ARGS.named.ips // 3) as $usual
| select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| .window.start as $start
| .top[]
| select(.ips > $usual)
| {user_id, ips, logins, window: $start}
