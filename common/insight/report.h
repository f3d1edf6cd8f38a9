// SPDX-License-Identifier: BSD-2-Clause
//
// report: prints the insights about a window as JSON.
//
//     struct window_view view;
//     while (windows_next(&windows, WINDOWS_DUE, &view))
//         for (size_t i = 0; i < plan.insight_count; i++)
//             report_put(&b, &plan, i, &view);
//
// Each insight is an object. Its members are insight, key, the names of its fields, window, final,
// and then its results. loginagg(1) describes them. A line has at most REPORT_SIZE bytes, so that a
// Kafka broker accepts it as a message: lists that are longer are cut, and the member "cut" says
// so. each.h prints the lines of single groups.
#ifndef INSIGHT_REPORT_H
#define INSIGHT_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "insight/table.h"
#include "insight/windows.h"

#define REPORT_SIZE 500000               // the most bytes of a line
#define REPORT_LIST (REPORT_SIZE - 1000) // where lists must end, so that the last members fit

// The line that is being printed.
struct report {
    struct buf *b;
    size_t start; // of the line
    bool cut;     // something was left out of a list
};

// Appends insight i of the plan as a JSON object, without a newline.
void report_put(struct buf *b, const struct plan *plan, size_t i, const struct window_view *view);

// --- For each.h ---

// Begin and end a line: append the members before those of the group, and all members after them.
// The group of the key has in->width - first texts, or none if `group` is NULL.
void report_begin(struct report *r, struct buf *b, const struct insight *in,
                  const struct window_view *view, size_t first, const struct table_text *group);
void report_put_window(struct report *r, const struct window_view *view);
void report_end(struct report *r, const struct insight *in, const struct window_view *view);

// --- For the kinds of insights ---

// Returns whether the line is still within a limit, such as REPORT_LIST, after an entry was added
// to a list. If not, removes the entry, which begins at the offset `entry` of the buffer.
bool report_fits(struct report *r, size_t entry, size_t limit);

// Appends the member "error", the largest possible error of a count, if the insight's ranking comes
// from a sketch.
void report_put_error(struct buf *b, const struct insight *in, const struct insight_set *set);

// Appends a member: the name of the insight's field i, with the text as its value.
void report_put_field(struct buf *b, const struct insight *in, size_t i,
                      const struct table_text *text);

#endif
