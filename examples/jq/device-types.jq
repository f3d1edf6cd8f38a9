# SPDX-License-Identifier: BSD-2-Clause
#
# A line for people about each hour's device types, out of the insights: the hour, all logins, and
# those of each type.
#
#   kcat-in -t login-insights -e --jq-file device-types.jq
select(.insight == "count" and .field == "device_type" and (.key | startswith("1h/")))
| (.counts | add) as $total
| (.counts | to_entries | map("\(.key) \(.value)") | join(", ")) as $each
| "\(.window.start) \($total) \($each)"
