// SPDX-License-Identifier: BSD-2-Clause
//
// pipeline: the stages of the usual pipeline and their options. loginpipe runs or prints the
// pipeline from this data.
//
//     kcat-in | loginclean | loginagg | kcat-out
//
// Settings come from the environment; loginpipe(1) describes them.
//
//     struct pipeline *p = pipeline_new(&options, &err);
//     if (p == NULL)
//         ...
//     const struct child_command *commands = pipeline_commands(p, &count);
//     child_start_pipeline(&group, commands, count);
//     ...
//     pipeline_free(p);
#ifndef LOGIN_PIPELINE_H
#define LOGIN_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/child.h"
#include "base/err.h"

// All texts are borrowed. A text is NULL if it was not given.
struct pipeline_options {
    const char *copies; // how many pipelines share the work; NUM_CONSUMERS or 1 if missing
    const char *create; // the option --create of kcat-out
    const char *volume; // options for all stages, such as "-v -v"
    bool restarts;      // the pipeline will be started again after a failure
};

struct pipeline;

// Reads the settings, finds the tools and makes the commands, for the first copy. Returns NULL with
// EX_USAGE for a wrong setting, or EX_CONFIG for a tool that is missing.
struct pipeline *pipeline_new(const struct pipeline_options *options, struct err *err);
void pipeline_free(struct pipeline *p);

// Returns how many copies of the pipeline there are, from 1 to 999.
int pipeline_copies(const struct pipeline *p);

// Returns whether each copy has its own share of the partitions, and therefore its own commands.
// Otherwise the copies are alike, and Kafka's group protocol gives each copy its partitions.
bool pipeline_has_shares(const struct pipeline *p);

// Switches to the commands of one copy, counted from 0. Returns 0, or -1 with an error of
// pipeline_new().
int pipeline_take_share(struct pipeline *p, int copy, struct err *err);

// Returns the directory in which the stages keep state, or NULL if they keep none. It must exist
// when the stages start.
const char *pipeline_state(const struct pipeline *p);

// Returns the commands of this copy. They belong to the pipeline, and are valid until the next
// pipeline_take_share().
const struct child_command *pipeline_commands(const struct pipeline *p, size_t *count);

// Removes the settings with more options for a stage from the environment, since a stage should not
// inherit the secrets of another. Then pipeline_take_share() cannot be called any more.
void pipeline_seal(void);

// Prints this copy's pipeline to stdout, as a person would type it.
void pipeline_print(const struct pipeline *p);

#endif
