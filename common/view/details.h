// SPDX-License-Identifier: BSD-2-Clause
//
// details: what the insights say about one window: who had the most addresses, what is repeated,
// which values a field had; and the rejects of the whole input.
//
//     struct canvas canvas = {0};
//     canvas_clear(&canvas, 80, true);
//     details_put(&canvas, &model, series, window, subject); // as many rows as it takes
#ifndef VIEW_DETAILS_H
#define VIEW_DETAILS_H

#include <stddef.h>

#include "view/model.h"
#include "view/canvas.h"

// Puts the rows. The window and the subject, which is a counted field, are indexes; if there is no
// such subject, its values are left out.
void details_put(struct canvas *canvas, const struct model *m, const struct series *s,
                 size_t window, size_t subject);

// Puts only the rejects, for a model that has no insights.
void details_put_rejects(struct canvas *canvas, const struct reject_table *t);

#endif
