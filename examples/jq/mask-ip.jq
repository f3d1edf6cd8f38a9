# SPDX-License-Identifier: BSD-2-Clause
#
# Records without the part of the address that names a single line: the last number of an IPv4
# address, all but the first three groups of an IPv6 address. Other lines stay as they are.
#
#   kcat-in -t processed-logins | kcat-out -t masked-logins --jq-file mask-ip.jq --key user_id
def masked:
    if contains(":") then (split("::")[0] | split(":")[0:3] | join(":")) + "::"
    else sub("[0-9]+$"; "0")
    end;
if (.ip? // null | type) == "string" then .ip |= masked else . end
