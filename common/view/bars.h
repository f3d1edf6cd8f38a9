// SPDX-License-Identifier: BSD-2-Clause
//
// bars: the windows of a series, one in each row: when, how many logins, and a bar that is split
// by the values of a field.
//
//     struct bars bars;
//     bars_init(&bars, series, subject, &model.secret);
//     bars_put_legend(&bars, &canvas);
//     bars_put_windows(&bars, &canvas, from, to, chosen);
//     bars_release(&bars);
#ifndef VIEW_BARS_H
#define VIEW_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "view/canvas.h"
#include "view/series.h"

#define BARS_NONE SIZE_MAX // no window is chosen

struct bars {
    const struct series *series;
    size_t subject;          // the field that splits the bars; series->subjects if there is none
    bool has_colours;        // the parts of a bar differ by colour; otherwise by their characters
    struct value_list parts; // the values that have a colour of their own
    uint64_t other;          // the logins with all other values
    uint64_t most;           // logins in a window
    size_t label_width, number_width;
};

void bars_init(struct bars *bars, const struct series *series, size_t subject,
               const struct map_secret *secret, bool has_colours);
void bars_release(struct bars *bars);

// Puts a row that says which part of the bars stands for which value.
void bars_put_legend(const struct bars *bars, struct canvas *canvas);

// Returns how many rows the windows take, those between `from` and `to`, with a row for each gap.
size_t bars_rows(const struct bars *bars, size_t from, size_t to);

// Puts the rows.
void bars_put_windows(const struct bars *bars, struct canvas *canvas, size_t from, size_t to,
                      size_t chosen);

#endif
