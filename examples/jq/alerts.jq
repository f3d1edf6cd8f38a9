# SPDX-License-Identifier: BSD-2-Clause
#
# Passes insights that are worth an alert: some user had more than 20 addresses in a window. Change
# the number with --argjson ips N. The insight is not changed, so it keeps its key.
#
#   kcat-in -t login-insights -e --jq-file alerts.jq --argjson ips 50
select(.insight == "distinct" and .field == "ip" and .per == "user_id"
    and .max > ($ARGS.named.ips // 20))
