// SPDX-License-Identifier: BSD-2-Clause
//
// state_dump: shows a person what is in a state directory (loginagg --state-dump).
//
//     state_dump("DIR", "--window 1h ...", &windows, &(struct state_replay){apply, ctx}, &err);
#ifndef INSIGHT_STATE_DUMP_H
#define INSIGHT_STATE_DUMP_H

#include "base/err.h"
#include "insight/state_restore.h"
#include "insight/windows.h"

// Writes the newest state of a directory to stdout: one line about its mark and what is
// covered, and then the open windows as partials. The windows must be empty. Another process may be
// using the directory. Returns 0, or -1 with *err set: EX_CONFIG if the state cannot be used, and
// otherwise an error of snapshot_file.h or of stdout.
int state_dump(const char *dir, const char *options, struct windows *w,
               const struct state_replay *replay, struct err *err);

#endif
