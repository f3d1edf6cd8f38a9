# SPDX-License-Identifier: BSD-2-Clause
#
# A line for people about each hour's device types, out of the insights: the hour, all logins, and
# those of each type. Only windows of an hour (1h), not those that overlap (1h/15m).
#
#   kcat-in -t login-insights -e --jq-file device-types.jq
select(.insight == "count" and .field == "device_type"
    and .key == "1h/\(.window.start)/count/device_type")
| ((.counts | add // 0) + (.other // 0)) as $total
| (.counts | to_entries | map("\(.key) \(.value)") | join(", ")) as $each
| "\(.window.start) \($total) \($each)"
