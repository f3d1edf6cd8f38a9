# SPDX-License-Identifier: BSD-2-Clause
#
# Reads insights about windows such as 500n,30s, and lists the duplicates in each batch. ts_min and
# ts_max are the lowest and the highest time of the batch, in epoch seconds; first and last are the
# same times in RFC 3339. Batches without duplicates are left out. With --each, there is a line for
# each duplicate.
#
#   loginagg -w 500n,30s --every 0 < records.ndjson | jq -cf batches.jq
#   loginagg -w 500n,30s --every 0 --each < records.ndjson | jq -cf batches.jq
def seconds: sub("[.][0-9]+Z$"; "Z") | fromdate;
select(.insight == "duplicates" and .final and .groups != 0 and .window.number)
| {batch: .window.number, ts_min: (.window.first | seconds), ts_max: (.window.last | seconds),
    first: .window.first, last: .window.last}
    + del(.insight, .key, .window, .final)
