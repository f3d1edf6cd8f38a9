# SPDX-License-Identifier: BSD-2-Clause
#
# Reads insights, and prints a readable line about the device types of each hour: the hour, all
# logins, and the logins of each type. It uses only windows of 1h, not overlapping ones such as 1h/15m.
#
#   kcat-in -t login-insights -e --jq-file device-types.jq
select(.insight == "count" and .field == "device_type"
    and .key == "1h/\(.window.start)/count/device_type")
| ((.counts | add // 0) + (.other // 0)) as $total
| (.counts | to_entries | map("\(.key) \(.value)") | join(", ")) as $each
| "\(.window.start) \($total) \($each)"
