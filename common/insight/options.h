// SPDX-License-Identifier: BSD-2-Clause
//
// options: the command-line options for insights and windows, and the plan made from them.
//
//     struct insight_options options = INSIGHT_OPTIONS_INIT;
//     ...{"Insights", insight_opts, insight_opt_count, &options} for opt_parse()...
//     struct plan plan;
//     struct window_spec *windows;
//     if (insight_options_plan(&options, &plan, &windows, &err) != 0)
//         opt_usage_error("%s", err.text);
//     ...
//     plan_release(&plan);
//     free(windows);
#ifndef INSIGHT_OPTIONS_H
#define INSIGHT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "insight/plan.h"
#include "insight/window_spec.h"
#include "json/event_time.h"

struct insight_options {
    struct opt_list windows, counts, distincts, duplicates;
    const char *time_field;
    enum time_unit time_unit;
    uint64_t top, values, max_keys;
    bool each;
};

#define INSIGHT_OPTIONS_INIT                                                                       \
    {                                                                                              \
        .time_field = "timestamp", .top = 10, .values = 100, .max_keys = 5000000                   \
    }

extern const struct opt insight_opts[];
extern const size_t insight_opt_count;

// Adds the defaults to the lists of options. Then makes the plan, and an array of
// options->windows.count window specs, which the caller frees. Both borrow from the options.
// Returns 0, or -1 with *err set and nothing to release. The error is EX_USAGE, with the name of
// the option in the message, or that of map_secret_init().
int insight_options_plan(struct insight_options *options, struct plan *plan,
                         struct window_spec **windows, struct err *err);

// Appends the options as one line, without a newline. If two lines are equal, the insights and
// windows are the same and in the same order.
void insight_options_put(struct buf *b, const struct insight_options *options);

#endif
