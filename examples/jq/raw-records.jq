# SPDX-License-Identifier: BSD-2-Clause
#
# Extracts the original record from a reject. If the record was not a JSON object, the program passes
# the reject itself. Numbers above 2^53 lose digits.
#
#   kcat-in -t login-rejects -e --jq-file raw-records.jq | loginclean
. as $reject
| (try (.raw // (.raw_b64 | @base64d) | fromjson) catch null) as $record
| if ($record | type) == "object" then $record else $reject end
