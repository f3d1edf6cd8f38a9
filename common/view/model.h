// SPDX-License-Identifier: BSD-2-Clause
//
// model: what insights and rejects say, kept so that it can be shown to a person.
//
// It takes lines, one after another, in any mix: insights of loginagg(1), rejects, marks. A newer
// insight replaces the older one with the same key, so a compacted topic may be read from its
// beginning. Lines that are not JSON, or that are malformed, are counted, and do no harm.
//
//     struct model m;
//     struct series_limits limits = MODEL_LIMITS_INIT;
//     if (model_init(&m, &limits, &err) != 0)
//         err_die(&err);
//     while (line_next(&reader, &line))
//         model_take(&m, &line);
//     const struct series *s = model_series(&m, NULL);
//     ... s->window[i]->logins, series_total(s, ..., &m.secret, &total) ... // see view/series.h
//     model_release(&m);
//
// Memory is bounded by the limits: a series, which is what one -w of loginagg has written, keeps
// its newest windows. Nothing is allocated for a line that replaces another one of the same size.
// What the model owns is valid until the next model_take().
#ifndef VIEW_MODEL_H
#define VIEW_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "json/json.h"
#include "sketch/map.h"
#include "view/reject_table.h"
#include "view/series.h"

#define MODEL_SERIES_MAX 16

// See struct series_limits. For a live view, some hundred windows are enough.
#define MODEL_LIMITS_INIT                                                                          \
    {                                                                                              \
        .windows = 10000, .values = 100, .top = 20                                                 \
    }

struct model {
    struct series series[MODEL_SERIES_MAX]; // in the order in which they came
    size_t series_count;
    struct reject_table rejects;
    bool has_watermark;
    int64_t watermark; // of the last mark that has one, in ms since 1970
    bool ended;        // the last mark ends its stream; if there are marks, all was read then
    uint64_t lines;    // all; the sum of the next six
    uint64_t insights, rejected, marks;
    uint64_t others;    // valid JSON of another kind, such as records
    uint64_t malformed; // not JSON, or an insight, a reject or a mark without what it must have
    uint64_t ignored;   // insights of unknown kinds, of too many series, or older than what is kept
    struct map_secret secret; // for series_total()
    // Private.
    struct json *json;
    struct series_limits limits;
};

// Returns 0, or -1 with *err set.
int model_init(struct model *m, const struct series_limits *limits, struct err *err);
void model_release(struct model *m);

// Takes a line, without its newline. After its bytes there is padding, as json_parse() requires.
void model_take(struct model *m, const struct line *line);

// Returns the series of that name ("1h"), or NULL if there is none. If name is NULL, returns the
// one that says most about the course of time: consecutive windows first, then overlapping ones,
// then those of records, then `all`; of several, that with the shortest windows.
struct series *model_series(struct model *m, const char *name);

#endif
