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

// Writes the windows to a snapshot. Settles the batch first. snapshot_write_end() reports errors.
void snapshot_codec_save(struct windows *w, struct snapshot_writer *out);

// Reads the windows from a snapshot. They must be empty, and have the plan and specs of those that
// were saved. Replaces the plan's secret with that of the snapshot. If snapshot_read_end() then
// fails, clear the windows.
void snapshot_codec_load(struct windows *w, struct plan *plan, struct snapshot_reader *in);

#endif
