# SPDX-License-Identifier: BSD-2-Clause
#
# Duplicates in batches of records, with when the first and the last record of the batch was, in
# epoch seconds, out of the insights about windows such as 500n,30s. Batches without any are left out.
#
#   loginagg -w 500n,30s --every 0 < records.ndjson | jq -cf batches.jq
def seconds: sub("[.][0-9]+Z$"; "Z") | fromdate;
select(.insight == "duplicates" and .final and .groups > 0 and .window.number)
| {batch: .window.number, ts_min: (.window.first | seconds), ts_max: (.window.last | seconds),
    fields, groups, records, top}
