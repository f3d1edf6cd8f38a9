# SPDX-License-Identifier: BSD-2-Clause
#
# Users who came from many addresses within one window, out of the insights: more than 3, or
# --argjson ips N.
#
#   kcat-in -t login-insights -e --jq-file suspicious.jq --argjson ips 5
($ARGS.named.ips // 3) as $usual
| select(.insight == "distinct" and .field == "ip" and .per == "user_id" and .final)
| .window.start as $start
| .top[]
| select(.ips > $usual)
| {user_id, ips, logins, window: $start}
