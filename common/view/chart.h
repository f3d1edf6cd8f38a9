// SPDX-License-Identifier: BSD-2-Clause
//
// chart: stacked bars over time, or over the numbers of windows, as inline SVG in an HTML figure.
//
// The plot is stretched to the width of the page, and the texts around it are HTML, so they have
// the same size on a phone and on a large screen. A slot is a place on the horizontal axis; a layer
// is one of the stacked series. Each slot has a title with its numbers, which a browser shows when
// the pointer rests on it.
//
//     struct chart c = {.label = "Late records", .unit = "records per hour",
//                       .slots = 24, .layers = 1, .start = start, .slot_ms = MS_HOUR};
//     c.value = xcalloc(c.slots * c.layers, sizeof *c.value); // value[slot * layers + layer]
//     chart_put(b, &c);
//     free(c.value);
#ifndef VIEW_CHART_H
#define VIEW_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "view/value_list.h"

#define CHART_LAYERS_MAX 7

struct chart {
    const char *label; // says what the picture shows, to those who do not see it
    const char *unit;  // of the vertical axis
    const char *noun;  // what a number counts: "logins"
    size_t slots, layers;
    uint64_t *value;
    struct value_text name[CHART_LAYERS_MAX]; // of the layers, if there are several
    bool has_other;                           // the last layer is all the rest
    int64_t span_ms;                          // of time: what a slot stands for; more than
                                              // slot_ms if windows overlap
    int64_t start, slot_ms;                   // of time: where the first slot begins; its length
    int64_t first_number;                     // else: the number of the first slot
};

// Appends the names and colours of the layers, and the chart.
void chart_put(struct buf *b, const struct chart *c);

#endif
