// SPDX-License-Identifier: BSD-2-Clause
//
// help: what the keys do, and what to do if there is nothing to see.
//
//     help_put(&canvas);          // all keys
//     help_put_keys(&canvas, c);  // the most important ones, in one row
#ifndef VIEW_HELP_H
#define VIEW_HELP_H

#include <stdbool.h>

#include "view/choice.h"
#include "view/model.h"
#include "view/canvas.h"

void help_put(struct canvas *canvas);
void help_put_keys(struct canvas *canvas, const struct choice *c);

// For a model without insights: says which lines loginview reads. `ended` is true if no more will
// come.
void help_put_empty(struct canvas *canvas, const struct model *m, bool ended);

#endif
