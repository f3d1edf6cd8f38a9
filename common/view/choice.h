// SPDX-License-Identifier: BSD-2-Clause
//
// choice: which part of a model is shown, and what the keys do to that.
//
//     struct choice choice = CHOICE_INIT;
//     choice_key(&choice, &model, screen_wait_key(screen, 100));
//     ... dashboard_put(&canvas, &model, &choice, ...) ...
#ifndef VIEW_CHOICE_H
#define VIEW_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "view/model.h"

struct choice {
    const char *window; // as in -w, until the user presses a key; borrowed; NULL for the best
    const char *field;  // NULL for device_type, or else the first one
    size_t series;      // the user's choice, in the order of the model; SIZE_MAX if none was made
    size_t count;       // the same with the counted fields
    bool follows;       // the newest window is chosen, whichever it is
    int64_t order;      // otherwise: of the chosen window
    size_t top;         // the first window of the bars; the dashboard keeps it in range
    size_t shown;       // windows in the bars, set by the dashboard
    size_t scroll;      // rows of the details that are above the screen; kept in range as well
    bool help;          // the keys are shown
    bool paused;
    bool quit;
};

#define CHOICE_INIT                                                                                \
    {                                                                                              \
        .series = SIZE_MAX, .count = SIZE_MAX, .follows = true                                     \
    }

// Does what a key asks for. Returns whether anything may have changed on the screen.
bool choice_key(struct choice *c, struct model *m, int key);

// Returns the series to show, or NULL if there is none.
const struct series *choice_series(const struct choice *c, struct model *m);

// Returns the index of the subject that splits the bars, or s->subjects if there is none.
size_t choice_subject(const struct choice *c, const struct series *s);

// Returns the index of the chosen window. The series must have one.
size_t choice_window(const struct choice *c, const struct series *s);

#endif
