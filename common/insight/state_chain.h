// SPDX-License-Identifier: BSD-2-Clause
//
// state_chain: finds the files of a state directory from which the state at one mark is restored.
//
// The first file of a chain is a snapshot, unless the counts began from nothing. After it come
// logs. Each is applied up to the mark from which the next file continues, and the last one up to
// the wanted mark.
//
//     struct state_chain chain = STATE_CHAIN_INIT;
//     if (state_chain_find(&chain, &dir, 42, "RUN", &err) == 1)
//         ...
//     state_chain_release(&chain);
#ifndef INSIGHT_STATE_CHAIN_H
#define INSIGHT_STATE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/snapshot_file.h"

struct state_chain {
    struct snapshot_id *file; // by ascending seq; a snapshot precedes the log that continues it
    size_t count, size;
};

#define STATE_CHAIN_INIT                                                                           \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void state_chain_release(struct state_chain *chain);

// Fills an empty chain with the files for the mark `seq` of a run. `run` may be empty. With the seq
// 0 the chain stays empty. Returns 1; 0 when there are no such files; or -1 with *err set.
int state_chain_find(struct state_chain *chain, const struct snapshot_dir *dir, uint64_t seq,
                     const char *run, struct err *err);

// Finds the newest mark that can be restored. Returns 1; 0 when there is none; or -1 with *err set.
int state_chain_newest(const struct snapshot_dir *dir, uint64_t *seq, char run[SNAPSHOT_TAG_SIZE],
                       struct err *err);

// Adds a file at its place.
void state_chain_add(struct state_chain *chain, const struct snapshot_id *id);

bool state_chain_has(const struct state_chain *chain, const struct snapshot_id *id);

// Drops the files that are not needed for any mark from `seq` on, that is, those before the last
// snapshot up to `seq`. Returns whether it has dropped one.
bool state_chain_trim(struct state_chain *chain, uint64_t seq);

#endif
