# SPDX-License-Identifier: BSD-2-Clause
#
# Masks the part of an address that identifies a single connection: the last number of an IPv4
# address, or everything after the first three groups of an IPv6 address. Other lines are not changed.
#
#   kcat-in -t processed-logins | kcat-out -t masked-logins --jq-file mask-ip.jq --key user_id
def masked:
    if contains(":") then (split("::")[0] | split(":")[0:3] | join(":")) + "::"
    else sub("[0-9]+$"; "0")
    end;
if (.ip? // null | type) == "string" then .ip |= masked else . end
