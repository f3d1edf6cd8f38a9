// SPDX-License-Identifier: BSD-2-Clause
//
// state_restore: restores windows from the files of a chain (state_chain.h).
//
//     struct state_restore r = {.dir = &dir, .options = "--window 1h ...", .windows = &windows,
//                               .replay = {apply, ctx}};
//     if (state_restore(&r, &chain, 42, &err) == 1)
//         use(r.accepted, &r.at);
//     mark_release(&r.at);
#ifndef INSIGHT_STATE_RESTORE_H
#define INSIGHT_STATE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/snapshot_file.h"
#include "insight/state_chain.h"
#include "insight/state_log.h"
#include "insight/windows.h"
#include "stream/mark.h"

// Does to the windows what was done when the entry was logged, but emits nothing. Returns 0, or -1
// with *err set.
struct state_replay {
    int (*apply)(void *ctx, const struct state_entry *entry, struct err *err);
    void *ctx;
};

struct state_restore {
    // The owner sets these.
    const struct snapshot_dir *dir;
    const char *options;     // that the state must have been made with
    struct windows *windows; // empty
    struct state_replay replay;

    // Of the mark that was restored.
    bool marked; // false for a snapshot of a stream without marks
    uint64_t accepted;
    struct mark at;                // the partitions and offsets
    char name[SNAPSHOT_NAME_SIZE]; // the last file
    uint64_t log_bytes;            // that were replayed
};

// Restores the mark `seq`, or with an empty chain, nothing. Returns 1; 0 when a file is missing;
// or -1 with *err set. That is EX_CONFIG if a file is damaged, lacks the mark, or was made with
// other options. After 0 and -1 the windows must not be used. Release r->at in any case.
int state_restore(struct state_restore *r, const struct state_chain *chain, uint64_t seq,
                  struct err *err);

#endif
