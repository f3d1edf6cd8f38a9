// SPDX-License-Identifier: BSD-2-Clause
//
// insight_snapshot: the snapshots of a loginagg: when they are made, found again and removed.
//
// In a stream with marks there is one for each mark, under its seq and run, and hello says which of
// them is to be gone on with. Without marks there is one, the newest, made at the end of the input.
//
//     struct insight_snapshots snapshots;
//     insight_snapshots_open(&snapshots, "DIR", "--window 1h ...", false, &err);
//     insight_snapshots_resume(&snapshots, hello, &windows, &plan, &err); // NULL without marks
//     ...
//     insight_snapshots_check_mark(&snapshots, mark, &err);
//     insight_snapshots_save(&snapshots, mark, &windows, &err);
//     ...
//     insight_snapshots_close(&snapshots);
//
// A snapshot that cannot be used is EX_CONFIG, and the message says what can be done.
#ifndef INSIGHT_CHECKPOINT_H
#define INSIGHT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/snapshot_file.h"
#include "insight/windows.h"
#include "stream/mark.h"

struct insight_snapshots {
    struct state state;
    bool reset;          // nothing that is there is to be gone on with
    const char *options; // what was asked for, in a line; a snapshot must be of the same
    struct mark hello;   // the first mark; all others must be of its partitions
    uint64_t seq;        // of the newest
    // In a stream with marks, what the newest is of; no name where there is none.
    char name[STATE_NAME_SIZE];
    struct mark position;
    int64_t watermark;
    bool committed;     // it knows of a mark that was
    uint64_t kept_from; // no older one is left
    uint64_t accepted;  // records or partials: the owner's, saved and restored with the rest
    bool changed;       // something has come since the newest: for the owner to set
};

// Both texts are borrowed. Without a directory (NULL) nothing is kept: then the functions below do
// nothing.
int insight_snapshots_open(struct insight_snapshots *s, const char *dir, const char *options,
                           bool reset, struct err *err);
void insight_snapshots_close(struct insight_snapshots *s);

// Fills the windows, which have no records yet, from the snapshot of a hello mark, or from the
// newest one without marks (NULL). Where the source starts from nothing the windows stay empty,
// which is an error when a snapshot knows that something was committed; so is a source that does
// not go on where it stops, or not with fixed partitions. After a failure the windows must not be
// used.
int insight_snapshots_resume(struct insight_snapshots *s, const struct mark *hello,
                             struct insight_windows *w, struct insight_plan *plan, struct err *err);

// Fails when a mark behind hello is of other partitions. To be called before anything is done about
// the mark.
int insight_snapshots_check_mark(const struct insight_snapshots *s, const struct mark *mark,
                                 struct err *err);

// For an input that had neither a mark nor a record: fails (EX_TEMPFAIL) where the newest snapshot
// was made in a stream with marks, since then the source has died before its first one.
int insight_snapshots_check_empty(const struct insight_snapshots *s, struct err *err);

// Makes a snapshot durable for a mark, or for the end without marks (NULL), and removes those that
// are of no more use.
int insight_snapshots_save(struct insight_snapshots *s, const struct mark *mark,
                           struct insight_windows *w, struct err *err);

// Writes the newest snapshot of a directory, which may be in use, to stdout: a line with what it is
// of, and the open windows as partials.
int insight_snapshot_dump(const char *dir, const char *options, struct insight_windows *w,
                          struct insight_plan *plan, struct err *err);

#endif
