// SPDX-License-Identifier: BSD-2-Clause
//
// snapshot_codec: writes windows to a snapshot (snapshot_file.h) and reads them back, so that
// counting continues as if it had never stopped: the same records give the same bytes of output.
//
//     snapshot_write_begin(&dir, name, &writer);
//     snapshot_codec_save(&windows, &writer);
//     snapshot_write_end(&dir, &writer, &err);
//     ...
//     snapshot_codec_load(&windows, &plan, &reader);
//     if (snapshot_read_end(&reader, &err) != 0)
//         windows_clear(&windows);
//
// The contents of a file are not trusted, even if its checksum is right. Everything that memory
// safety depends on is checked: ids, places, levels and times. What is wrong is refused with
// snapshot_refuse().
//
// The format. "num", "u64" and texts are those of snapshot_file.h:
//
//       u64  the watermark
//     for each window spec, in the order of the options:
//       num  the number of the open window of records
//       num  late records since a window was last closed
//       num  the number of windows; for each one:
//       u64    its start, or its number
//       num    flags: 1 full, 2 closed, 4 changed
//       num    the number of records
//       u64 2  the first and the last time
//       num    for each table: 0 and a map, or 1 and a sketch
//       num 3  for each insight: its groups, records and max; then its topk
//
//     after them the partials of which lines are missing:
//       num  the number of partials; for each one:
//      text    its window
//       u64 4  its start, first and last time, and its id
//       num 2  its records and parts
//       num    the number of its lines that have come; for each one:
//       num 2    its number in the input, and its part
//      text      the line
//
//     and what the partials that were merged cover, as coverage_codec.h has it.
//
//     A map, whose entries get the same ids again when they are added in this order:
//       num  the number of entries; for each one:
//      text    its key
//       num    its count
//       num    each of its words
//
//     A sketch: 16,384 bytes of HyperLogLog; then the space-saving:
//       num  missed, and the number of items; for each one:
//       num    its count, and its place in the heap
//      text    its key
//     and the sample: a num, its level; a num, the keys that repeat; and the maps of the keys and
//     of each grouping.
//
//     A topk:
//       num  the threshold
//       num  0 if it is not bounded, else 1 + the id of the bound
//       num  the number of items; for each one: its count and its id
#ifndef INSIGHT_SNAPSHOT_CODEC_H
#define INSIGHT_SNAPSHOT_CODEC_H

#include "insight/plan.h"
#include "insight/snapshot_file.h"
#include "insight/windows.h"

// Writes the windows to a snapshot. Settles the batch first. snapshot_write_end() reports errors.
void snapshot_codec_save(struct windows *w, struct snapshot_writer *out);

// Reads the windows from a snapshot. They must be empty, and have the plan and specs of those that
// were saved. If snapshot_read_end() then fails, clear the windows.
void snapshot_codec_load(struct windows *w, struct snapshot_reader *in);

// Returns about how many bytes the windows would have in a snapshot.
uint64_t snapshot_codec_size(const struct windows *w);

#endif
