// SPDX-License-Identifier: BSD-2-Clause
//
// insight_partial: what was counted in a window so far, as lines that another process adds to what
// it and others have counted (loginagg --partial and --merge). A set that is merged from partials
// says what one set would say that had counted all of their records: exactly while the tables are
// exact, else as good as the sketches are. loginpipe-stream(5) describes the lines.
//
//     struct insight_partial p;
//     insight_partial_init(&p, &plan, &view);
//     while (insight_partial_next(&p, &b))
//         ...write the line...
//
// and on the other side
//
//     struct insight_partial_head head;
//     if (insight_partial_parse(json, &plan, &head, &err) != 0)
//         ...reject, err.text says why...
//     set = insight_windows_merge(&w, &head);
//     if (set != NULL)
//         insight_partial_merge(json, &plan, set);
//
// Both plans must ask for the same tables. A line holds about INSIGHT_PARTIAL_SIZE bytes at most,
// so that a broker takes it as a message; what is more goes into further lines. Each can be added
// by itself, in any order, but only once.
#ifndef INSIGHT_PARTIAL_WRITE_H
#define INSIGHT_PARTIAL_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/plan.h"
#include "json/json.h"

#define INSIGHT_PARTIAL_SIZE ((size_t)512 << 10)

struct insight_partial {
    const struct insight_plan *plan;
    const struct insight_view *view;
    bool first;                   // no line was written yet
    size_t table;                 // the next one: of values, then of combinations
    bool begun;                   // that table is in a line already
    size_t heavy;                 // the next item of its list
    const struct map_entry *next; // the next entry of its map or its sample
};

// All is borrowed, and must not change before the last line is written.
void insight_partial_init(struct insight_partial *p, const struct insight_plan *plan,
                          const struct insight_view *view);

// Appends the next line, without a newline. Returns false, and appends nothing, when there is none.
bool insight_partial_next(struct insight_partial *p, struct buf *b);

// What stands at the top of a line.
struct insight_partial_head {
    const char *window; // a spec, as its user wrote it; not terminated
    size_t window_len;
    int64_t start;       // 0 for windows that have none
    uint64_t records;    // 0 in further lines
    int64_t first, last; // times of the records
};

// Checks the whole line that was parsed last. Returns 0, or -1 with *err set (EX_DATAERR). Texts
// are those of the parser.
int insight_partial_parse(const struct json *json, const struct insight_plan *plan,
                          struct insight_partial_head *head, struct err *err);

// Adds the tables of a line that has been checked to those of a set.
void insight_partial_merge(const struct json *json, const struct insight_plan *plan,
                           struct insight_set *set);

#endif
