// SPDX-License-Identifier: BSD-2-Clause
//
// header: the rows at the top: what is shown, whether more is coming, and the figures of the input.
//
//     struct header h = {.rate = 120};
//     header_put_top(&canvas, &h, series, &choice);
//     header_put_figures(&canvas, &model, series);
#ifndef VIEW_HEADER_H
#define VIEW_HEADER_H

#include <stdbool.h>

#include "view/choice.h"
#include "view/model.h"
#include "view/canvas.h"

struct header {
    double rate;         // lines per second
    bool ended;          // there is no more input
    const char *failure; // why it ended; NULL if it ended in order
};

// Put the rows. The series may be NULL.
void header_put_top(struct canvas *canvas, const struct header *h, const struct series *s,
                    const struct choice *c);
void header_put_figures(struct canvas *canvas, const struct model *m, const struct series *s);

#endif
