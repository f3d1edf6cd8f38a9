// SPDX-License-Identifier: BSD-2-Clause
//
// emitter: writes windows as lines, which are insights or partials.
//
//     struct emitter e = {.plan = &plan, .windows = &windows, .begin = begin, .emit = emit,
//                         .ctx = ctx};
//     emitter_put(&e, WINDOWS_DUE, &err);
//
// The functions return 0, or -1 with the error of emit().
#ifndef INSIGHT_EMITTER_H
#define INSIGHT_EMITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/cover.h"
#include "insight/plan.h"
#include "insight/windows.h"

struct emitter {
    const struct plan *plan;
    struct windows *windows;
    bool partial; // write partials, and forget what was written
    bool silent;  // write nothing, but do what else is done
    // As in struct aggregator_ops.
    struct buf *(*begin)(void *ctx);
    int (*emit)(void *ctx, struct err *err);
    void *ctx;

    char cover[COVER_ID_SIZE]; // the id of the partials' cover; empty if they have none
    uint64_t lines;            // lines of partials that were written for it
};

// Writes the windows that `which` selects.
int emitter_put(struct emitter *e, enum windows_which which, struct err *err);

// Writes all partials, with what they cover. Adds to *cover which windows and tables they have, and
// whether there are any. Writes nothing if there is nothing to say.
int emitter_put_covered(struct emitter *e, struct cover *cover, struct err *err);

#endif
