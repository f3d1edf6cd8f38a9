// SPDX-License-Identifier: BSD-2-Clause
//
// insight_state: all that was counted so far, to and from a snapshot (state.h), so that counting
// goes on as if it had never stopped: the same records give the same bytes.
//
// A plan's secret goes with it, since the tables are written as they lie in memory.
#ifndef INSIGHT_SNAPSHOT_CODEC_H
#define INSIGHT_SNAPSHOT_CODEC_H

#include "insight/snapshot_file.h"
#include "insight/windows.h"

void insight_windows_save(struct insight_windows *w, struct state_writer *out);

// Into windows without records, of the same plan and specs as when it was saved; the plan's secret
// becomes that of the snapshot. What is not right is found by state_load_end(), after which
// the windows must be cleared.
void insight_windows_load(struct insight_windows *w, struct insight_plan *plan,
                          struct state_reader *in);

#endif
