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
// Tables are written as they are in memory, and their hashes depend on the plan's secret, so the
// secret is part of the snapshot.
#ifndef INSIGHT_SNAPSHOT_CODEC_H
#define INSIGHT_SNAPSHOT_CODEC_H

#include "insight/plan.h"
#include "insight/snapshot_file.h"
#include "insight/windows.h"

// Settles the batch first. Write errors are reported by snapshot_write_end().
void snapshot_codec_save(struct windows *w, struct snapshot_writer *out);

// Fills windows that have no records and that have the same plan and specs as those that were
// saved. The plan's secret becomes that of the snapshot. If snapshot_read_end() then fails, clear
// the windows.
void snapshot_codec_load(struct windows *w, struct plan *plan, struct snapshot_reader *in);

#endif
