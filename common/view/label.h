// SPDX-License-Identifier: BSD-2-Clause
//
// label: what windows and fields are called in words.
//
//     struct buf b = BUF_INIT;
//     label_window(&b, series, series->window[i]);   // "2023-09-12 23:00", "#7" or "all"
//     label_series(&b, series);                      // "per hour"
#ifndef VIEW_LABEL_H
#define VIEW_LABEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "view/series.h"

// Appends the name of a window: its start in UTC, as exact as the windows of the series need; its
// number; or "all". Returns the length of the date in it, with the space after it; 0 if it consists
// of nothing else.
size_t label_window(struct buf *b, const struct series *s, const struct window *w);

// Appends from when to when a window is: "2023-09-12 22:00 to 23:00 UTC".
void label_window_span(struct buf *b, const struct series *s, const struct window *w);

// Appends what the windows of a series are: "per hour", "per window of 5m", "per window of 1h, each
// 5m", "of the whole input".
void label_series(struct buf *b, const struct series *s);

// Appends a moment: "2023-09-12 23:59:58 UTC".
void label_time(struct buf *b, int64_t ms);

// Appends a field in the plural: "users" for user_id, "locales" for locale.
void label_plural(struct buf *b, const char *field);

#endif
