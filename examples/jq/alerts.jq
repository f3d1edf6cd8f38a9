# SPDX-License-Identifier: BSD-2-Clause
#
# Insights that somebody should look at: a user with more than 20 addresses in a window, or
# --argjson ips N. An insight passes as it is, so that it keeps its key.
#
#   kcat-in -t login-insights -e --jq-file alerts.jq --argjson ips 50
select(.insight == "distinct" and .field == "ip" and .per == "user_id"
    and .max > ($ARGS.named.ips // 20))
