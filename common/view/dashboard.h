// SPDX-License-Identifier: BSD-2-Clause
//
// dashboard: lays out all that loginview shows: the state of the input, the chart of windows, the
// details of the chosen window, and the keys.
//
// For a screen, the canvas has as many rows as the screen. For text, height is 0: the canvas has as
// many rows as it takes, and no keys.
//
//     struct dashboard d = {.width = 80, .height = 24, .utf8 = true, .header = {.rate = 120}};
//     dashboard_put(&canvas, &d, &model, &choice);
#ifndef VIEW_DASHBOARD_H
#define VIEW_DASHBOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "view/choice.h"
#include "view/header.h"
#include "view/model.h"
#include "view/canvas.h"

struct dashboard {
    struct header header;
    size_t width, height; // of the screen; a height of 0 is for text
    size_t windows;       // for text: how many windows are listed
    bool utf8, has_colours;
};

// Makes the canvas. Keeps `top`, `shown` and `scroll` of the choice in range.
void dashboard_put(struct canvas *canvas, const struct dashboard *d, struct model *m,
                   struct choice *choice);

#endif
