// SPDX-License-Identifier: BSD-2-Clause
//
// checkpoint: when loginagg writes a snapshot of its windows, which one it resumes from, and when
// old ones are removed.
//
// In a stream with marks there is a snapshot for each mark, named by its seq and run, and the hello
// mark says which one to resume from. Without marks there is one snapshot, written at the end of
// the input.
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
// Functions that return int return 0, or -1 with *err set: EX_CONFIG for a snapshot that cannot be
// used, where the message says what to do, or as the functions of snapshot_file.h do. Without a
// directory they do nothing and return 0.
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
    const char *options; // the options that matter, as one line; a snapshot must have the same
    struct mark hello;   // all other marks must have the same partitions
    uint64_t seq;        // of the newest snapshot
    // In a stream with marks, what the newest snapshot contains; name is empty before the first.
    char name[SNAPSHOT_NAME_SIZE];
    struct mark position;
    int64_t watermark;
    bool committed;     // its mark reported a committed mark
    uint64_t kept_from; // all snapshots with a lower seq have been removed
    uint64_t accepted;  // accepted records or partials: the owner counts them, snapshots keep them
    bool changed;       // a record has come since the newest snapshot: the owner sets it
};

// Opens and locks the directory; dir is NULL when no snapshots are wanted. Both texts are borrowed.
// checkpoint_close() must follow after success.
int checkpoint_open(struct checkpoint *c, const char *dir, const char *options, bool reset,
                    struct err *err);
void checkpoint_close(struct checkpoint *c);

// Fills the windows, which have no records yet, from the snapshot that the hello mark asks for or,
// without marks (NULL), from the newest one. The windows stay empty when the source starts from the
// beginning; that is an error when a snapshot knows of a committed mark. It is also an error when
// the source has no group or no fixed partitions, or does not continue where the snapshot ends.
// After a failure the windows must not be used.
int checkpoint_resume(struct checkpoint *c, const struct mark *hello, struct windows *w,
                      struct plan *plan, struct err *err);

// Fails when a mark has other partitions than hello.
int checkpoint_check_mark(const struct checkpoint *c, const struct mark *mark, struct err *err);

// For an input without a mark or a record: fails (EX_TEMPFAIL) when the newest snapshot is from a
// stream with marks. The source then died before its first mark.
int checkpoint_check_empty(const struct checkpoint *c, struct err *err);

// Makes a snapshot durable for a mark or, without marks (NULL), for the end of the input. Removes
// the snapshots that are no longer needed.
int checkpoint_save(struct checkpoint *c, const struct mark *mark, struct windows *w,
                    struct err *err);

// Writes the newest snapshot of a directory, which another process may be using, to stdout: a line
// about the snapshot, and then the open windows as partials.
int checkpoint_dump(const char *dir, const char *options, struct windows *w, struct plan *plan,
                    struct err *err);

#endif
