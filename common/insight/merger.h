// SPDX-License-Identifier: BSD-2-Clause
//
// merger: takes the lines that loginagg --partial has written, checks that none is missing, and
// merges the partials into windows.
//
// The lines of a partial are held until all of them have come (partial_join.h). Covers say which
// offsets of the input the partials come from, and the merger checks that nothing is lost or
// doubled (coverage.h). Partials without covers are merged unchecked.
//
//     struct merger m;
//     merger_init(&m, &plan, &windows, &checkpoint, &ops, ctx);
//     for each line, which json holds:
//         result = merger_take(&m, json, &line, &err);
//     before windows close:
//         merger_refuse_incomplete(&m, &err);
//     merger_release(&m);
//
// Functions that take an err return 0, or -1 with *err set, unless they return a merge_result. The
// error is that of the owner's functions, or EX_CONFIG if something is lost or covered twice.
#ifndef INSIGHT_MERGER_H
#define INSIGHT_MERGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "insight/checkpoint.h"
#include "insight/cover.h"
#include "insight/plan.h"
#include "insight/windows.h"
#include "json/json.h"
#include "stream/mark.h"

enum merge_result {
    MERGE_FAILED = -1,
    MERGE_ADDED,   // a partial was counted, or is kept in a checkpoint to be counted
    MERGE_LATE,    // not counted: its window is closed
    MERGE_HELD,    // a line of a partial whose outcome settle() reports
    MERGE_JOINED,  // the same, and this line has completed the partial, which was counted
    MERGE_REFUSED, // malformed, or made for other insights or windows; *err says why
    MERGE_DROPPED, // it is known already, or of a window that is not wanted
    MERGE_COVER,   // a line of a cover; the coverage may have changed
};

struct merger_ops {
    // Prepares the windows for records with times from `from` to `to`.
    int (*expect)(void *ctx, int64_t from, int64_t to, struct err *err);

    // Called for a line of a partial of several lines once its outcome is known: MERGE_ADDED,
    // MERGE_LATE, MERGE_REFUSED or MERGE_FAILED. `known` says that the ledger of an earlier run has
    // counted the line. `why` is the reason for MERGE_REFUSED. Not called while
    // windows->coverage.replaying is set.
    int (*settle)(void *ctx, const struct line *line, bool known, enum merge_result result,
                  const char *why, struct err *err);
};

struct merger {
    const struct plan *plan;
    struct windows *windows;
    struct checkpoint *checkpoint;
    const struct merger_ops *ops;
    void *ctx;
    struct json *json;  // for lines that were held
    struct cover cover; // of the line that was taken last
    bool several;       // the lines come from several partitions, so their order is not known
    bool bounded;       // the input is a file, whose partials usually have no covers
    bool unchecked;     // a partial without a cover has come
    bool warned;        // about that, in this run
};

void merger_init(struct merger *m, const struct plan *plan, struct windows *windows,
                 struct checkpoint *checkpoint, const struct merger_ops *ops, void *ctx);
void merger_release(struct merger *m);

// Notes which partitions a hello or an assign mark names: covers need the order of one partition.
void merger_note_source(struct merger *m, const struct mark *mark);

// Called once the windows have been restored.
void merger_resumed(struct merger *m);

// Returns whether the covers give the watermark, so that nothing else may advance it. Before the
// first line, this is not known yet, and nothing needs a watermark.
bool merger_has_watermark(const struct merger *m);

// Takes a line, which json holds and which must be an object, and logs it in the checkpoint.
enum merge_result merger_take(struct merger *m, const struct json *json, const struct line *line,
                              struct err *err);

// Settles the partials whose windows have closed before all lines came. If their covers have closed
// too, something is lost.
int merger_refuse_incomplete(struct merger *m, struct err *err);

// Reports the outcome of the lines that are still held and for which it was not reported yet. They
// stay held.
int merger_settle_held(struct merger *m, enum merge_result result, struct err *err);

// Warns about a partition that holds the watermark back. Called when a cover has closed.
void merger_warn_held_back(struct merger *m);

#endif
