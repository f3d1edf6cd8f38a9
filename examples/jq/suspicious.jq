# SPDX-License-Identifier: BSD-2-Clause
#
# Lists users who logged in from many addresses within one window, from insights: from more than 3,
# or --argjson ips N.
#
#   kcat-in -t login-insights -e --jq-file suspicious.jq --argjson ips 5
($ARGS.named.ips // 3) as $usual
| select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| .window.start as $start
| .top[]
| select(.ips > $usual)
| {user_id, ips, logins, window: $start}
