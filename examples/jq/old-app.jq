# SPDX-License-Identifier: BSD-2-Clause
#
# Passes only logins by an app older than --arg version X.Y.Z. Versions are compared number by
# number, so 2.10.0 is newer than 2.9.0.
#
#   kcat-in -t processed-logins -e --jq-file old-app.jq --arg version 2.3.0
def numbers: split(".") | map(tonumber? // 0);
select((.app_version | numbers) < ($version | numbers))
