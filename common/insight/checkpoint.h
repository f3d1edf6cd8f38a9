// SPDX-License-Identifier: BSD-2-Clause
//
// checkpoint: decides when loginagg writes a snapshot of its windows, which snapshot it resumes
// from, and when it removes old ones.
//
// In a stream with marks there is a snapshot for each mark, named after the mark's seq and run. The
// hello mark says which snapshot to resume from. Without marks there is only one snapshot, which is
// written at the end of the input.
//
//     struct checkpoint c;
//     checkpoint_open(&c, "DIR", "--window 1h ...", false, &err);
//     checkpoint_resume(&c, hello, &windows, &plan, &err); // hello is NULL without marks
//     ...
//     c.changed = true; // for each record
//     ...
//     checkpoint_check_mark(&c, mark, &err); // before the mark is acted upon
//     checkpoint_save(&c, mark, &windows, &err);
//     ...
//     checkpoint_close(&c);
//
// Functions that return int return 0, or -1 with *err set. If a snapshot cannot be used, the error
// is EX_CONFIG, and the message says what to do. Other errors are those of snapshot_file.h. Without
// a directory the functions do nothing and return 0.
#ifndef INSIGHT_CHECKPOINT_H
#define INSIGHT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/plan.h"
#include "insight/snapshot_file.h"
#include "insight/windows.h"
#include "stream/mark.h"

struct checkpoint {
    struct snapshot_dir dir;
    bool reset;          // ignore and remove existing snapshots
    const char *options; // one line: the options that a snapshot must have been made with
    struct mark hello;   // all other marks must have the same partitions
    uint64_t seq;        // of the newest snapshot
    // In a stream with marks: what the newest snapshot contains. The name is empty before the first
    // one.
    char name[SNAPSHOT_NAME_SIZE];
    struct mark position;
    int64_t watermark;
    bool committed;     // the newest snapshot's mark reported a committed mark
    uint64_t kept_from; // all snapshots with a lower seq have been removed
    uint64_t accepted;  // accepted records or partials; the owner counts them, snapshots keep it
    bool changed;       // a record was read since the newest snapshot; the owner sets it
};

// Opens and locks the directory. `dir` is NULL when no snapshots are wanted. Borrows both texts.
// Call checkpoint_close() after success.
int checkpoint_open(struct checkpoint *c, const char *dir, const char *options, bool reset,
                    struct err *err);
void checkpoint_close(struct checkpoint *c);

// Fills the windows, which must be empty, from a snapshot. With marks, this is the snapshot of the
// mark from which the hello mark continues. Without marks (hello is NULL), it is the newest one. If
// the source starts from the beginning, the windows stay empty. It is an error if a snapshot then
// shows that a mark was already committed. It is also an error if the source has no group or no
// fixed partitions, or does not continue where the snapshot ends. After a failure the windows must
// not be used.
int checkpoint_resume(struct checkpoint *c, const struct mark *hello, struct windows *w,
                      struct plan *plan, struct err *err);

// Fails when a mark has other partitions than hello.
int checkpoint_check_mark(const struct checkpoint *c, const struct mark *mark, struct err *err);

// Checks an input that had no mark and no record. Fails with EX_TEMPFAIL when the newest snapshot
// is from a stream with marks: then the source died before its first mark.
int checkpoint_check_empty(const struct checkpoint *c, struct err *err);

// Writes a snapshot for a mark or, if `mark` is NULL, for the end of an input without marks. Syncs
// it to disk, and removes the snapshots that are no longer needed.
int checkpoint_save(struct checkpoint *c, const struct mark *mark, struct windows *w,
                    struct err *err);

// Writes the newest snapshot of a directory to stdout: one line about the snapshot, and then the
// open windows as partials. Another process may be using the directory.
int checkpoint_dump(const char *dir, const char *options, struct windows *w, struct plan *plan,
                    struct err *err);

#endif
