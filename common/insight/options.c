// SPDX-License-Identifier: BSD-2-Clause
#include "insight/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "insight/kind_count.h"
#include "insight/kind_distinct.h"
#include "insight/kind_duplicates.h"
#include "insight/kind_logins.h"

static int set_time_unit(void *options, const char *arg, struct err *err)
{
    return time_unit_parse(arg, &((struct insight_options *)options)->time_unit, err);
}

const struct opt insight_opts[] = {
    OPT_LIST("window", 'w', "WINDOW", struct insight_options, windows,
             "1h (default), 1h/5m (each 5 minutes), 500n (records), 500n,30s, all"),
    OPT_STRING("time-field", 0, "NAME", struct insight_options, time_field,
               "the field with the time (default timestamp)"),
    OPT_CALL("time-unit", 0, "s|ms|us|ns|auto", set_time_unit,
             "of a time that is a number (default auto)"),
    OPT_LIST("count", 0, "FIELD", struct insight_options, counts, "how often each value occurs"),
    OPT_LIST("distinct", 0, "FIELD/PER", struct insight_options, distincts,
             "how many values come with each value of PER"),
    OPT_LIST("duplicates", 0, "FIELDS", struct insight_options, duplicates,
             "combinations (a,b) that occur more than once"),
    OPT_FLAG("each", 0, struct insight_options, each,
             "write a line for each group of --distinct and --duplicates"),
    OPT_COUNT("top", 0, "N", struct insight_options, top, 0,
              "list the N highest groups (default 10)"),
    OPT_COUNT("values", 0, "N", struct insight_options, values, 0,
              "list the N most frequent values (default 100)"),
    OPT_COUNT("max-keys", 0, "N", struct insight_options, max_keys, 1,
              "keys per table and window before counts are approximate (5M)"),
};
const size_t insight_opt_count = sizeof insight_opts / sizeof *insight_opts;

static void add_defaults(struct insight_options *options)
{
    static const char *const counts[] = {"device_type", "app_version", "locale"};
    static const char *const duplicates[] = {"user_id,device_id", "user_id,ip",
                                             "app_version,locale", "app_version,device_type"};

    if (options->windows.count == 0)
        opt_list_add(&options->windows, "1h");
    for (size_t i = 0, none = options->counts.count == 0; none && i < 3; i++)
        opt_list_add(&options->counts, counts[i]);
    if (options->distincts.count == 0)
        opt_list_add(&options->distincts, "ip/user_id");
    for (size_t i = 0, none = options->duplicates.count == 0; none && i < 4; i++)
        opt_list_add(&options->duplicates, duplicates[i]);
}

// Puts the name of the option before the error text.
static int wrong_option(struct err *err, const char *option)
{
    struct err why = *err;

    return err_set(err, why.status, "%s: %s", option, why.text);
}

// Adds the insights of a list, which has the defaults if `given` is false.
static int add_insights(struct plan *plan, const char *option, const struct opt_list *list,
                        bool given, int (*add)(struct plan *, const char *, struct err *),
                        struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (add(plan, list->item[i], err) != 0)
            return wrong_option(err, option);
        plan->insight[plan->insight_count - 1].option = given ? option : NULL;
    }
    return 0;
}

static int parse_windows(const struct opt_list *windows, struct window_spec *specs, struct err *err)
{
    for (size_t i = 0; i < windows->count; i++) {
        if (window_spec_parse(windows->item[i], &specs[i], err) != 0)
            return wrong_option(err, "--window");
        for (size_t j = 0; j < i; j++) {
            if (strcmp(specs[i].text, specs[j].text) == 0)
                return err_set(err, EX_USAGE, "--window: '%s' is given twice", specs[i].text);
        }
    }
    return 0;
}

int insight_options_plan(struct insight_options *options, struct plan *plan,
                         struct window_spec **windows, struct err *err)
{
    const bool counts = options->counts.count > 0, distincts = options->distincts.count > 0,
               duplicates = options->duplicates.count > 0;

    if (plan_init(plan, options->time_field, err) != 0)
        return -1;
    add_defaults(options);
    plan->top = options->top;
    plan->each = options->each;
    plan->values = options->values;
    plan->max_keys = options->max_keys;
    kind_logins_add(plan);
    *windows = xcalloc(options->windows.count, sizeof **windows);
    if (parse_windows(&options->windows, *windows, err) == 0 &&
        add_insights(plan, "--count", &options->counts, counts, kind_count_add, err) == 0 &&
        add_insights(plan, "--distinct", &options->distincts, distincts, kind_distinct_add, err) ==
            0 &&
        add_insights(plan, "--duplicates", &options->duplicates, duplicates, kind_duplicates_add,
                     err) == 0)
        return 0;
    plan_release(plan);
    free(*windows);
    return -1;
}

static void put_list(struct buf *b, const char *option, const struct opt_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_puts(b, option);
        buf_puts(b, list->item[i]);
    }
}

void insight_options_put(struct buf *b, const struct insight_options *options)
{
    buf_puts(b, "--time-field ");
    buf_puts(b, options->time_field);
    put_list(b, " --window ", &options->windows);
    put_list(b, " --count ", &options->counts);
    put_list(b, " --distinct ", &options->distincts);
    put_list(b, " --duplicates ", &options->duplicates);
    buf_printf(b, " --top %llu --values %llu --max-keys %llu", (unsigned long long)options->top,
               (unsigned long long)options->values, (unsigned long long)options->max_keys);
    buf_puts(b, options->each ? " --each" : "");
}
