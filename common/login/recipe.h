// SPDX-License-Identifier: BSD-2-Clause
//
// recipe: the stages of each kind of pipeline, as data. A whole pipeline has one recipe for each
// guarantee of delivery. Where several pipelines share the work, there are two kinds: workers and
// their merger.
//
//     plain, acked, exact   kcat-in | loginclean | loginagg | kcat-out    records to insights
//     worker                kcat-in | loginclean | loginagg | kcat-out    records to partials
//     merger                kcat-in | loginagg | kcat-out                 partials to insights
//
// In the options, a name in braces stands for a value of login/pipeline.c.
#ifndef LOGIN_RECIPE_H
#define LOGIN_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#define RECIPE_STAGES 4 // at most
#define RECIPE_MORE 2   // at most

struct recipe_stage {
    const char *tool; // NULL behind the last stage
    const char *options;
    const char *more[RECIPE_MORE]; // the names of the settings with more options
};

struct recipe {
    const char *member; // what a pipeline among several is called, for messages
    const char *group;  // what is appended to KAFKA_GROUP
    bool keeps_state;   // in a directory
    bool has_partials;  // writes or reads them
    struct recipe_stage stages[RECIPE_STAGES];
};

extern const struct recipe recipe_plain, recipe_acked, recipe_exact, recipe_worker, recipe_merger;

size_t recipe_stages(const struct recipe *r);

// Removes all settings with more options from the environment.
void recipe_unset_more(void);

#endif
