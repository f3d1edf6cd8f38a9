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
// and then its results. loginagg(1) describes them.
#ifndef INSIGHT_REPORT_H
#define INSIGHT_REPORT_H

#include <stddef.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "insight/table.h"
#include "insight/windows.h"

// Appends insight i of the plan as a JSON object, without a newline.
void report_put(struct buf *b, const struct plan *plan, size_t i, const struct window_view *view);

// --- For the kinds of insights ---

// Appends the member "error", the largest possible error of a count, if the insight's ranking comes
// from a sketch.
void report_put_error(struct buf *b, const struct insight *in, const struct insight_set *set);

// Appends a member: the name of the insight's field i, with the text as its value.
void report_put_field(struct buf *b, const struct insight *in, size_t i,
                      const struct table_text *text);

#endif
