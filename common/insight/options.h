// SPDX-License-Identifier: BSD-2-Clause
//
// insight_options: the options that say which insights are wanted, about which windows.
//
//     struct insight_options options = INSIGHT_OPTIONS_INIT;
//     ...{"Insights", insight_opts, insight_opt_count, &options} for opt_parse()...
//     struct insight_plan plan;
//     struct window_spec *windows;
//     if (insight_options_plan(&options, &plan, &windows, &err) != 0)
//         opt_usage_error("%s", err.text);
//     ...
//     insight_plan_release(&plan);
//     free(windows);
#ifndef INSIGHT_OPTIONS_H
#define INSIGHT_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "insight/plan.h"
#include "insight/window_spec.h"

struct insight_options {
    struct opt_list windows, counts, distincts, duplicates;
    const char *time_field;
    uint64_t top, values, max_keys;
};

#define INSIGHT_OPTIONS_INIT                                                                       \
    {                                                                                              \
        .time_field = "timestamp", .top = 10, .values = 100, .max_keys = 5000000                   \
    }

extern const struct opt insight_opts[];
extern const size_t insight_opt_count;

// Makes the plan, and the windows, of which there are options->windows.count then: defaults are
// added to the lists. The options must outlive both. Returns 0, or -1 with *err set: EX_USAGE
// with the name of the option, else what map_secret_init() says.
int insight_options_plan(struct insight_options *options, struct insight_plan *plan,
                         struct window_spec **windows, struct err *err);

// Appends one line that says all of it, the same for the same insights and windows in the same
// order.
void insight_options_put(struct buf *b, const struct insight_options *options);

#endif
