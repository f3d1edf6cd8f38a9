// SPDX-License-Identifier: BSD-2-Clause
//
// pipeline: the usual pipeline, made of a recipe and of settings from the environment, which
// loginpipe(1) describes. loginpipe runs or prints it.
//
//     kcat-in | loginclean | loginagg | kcat-out
//
// Several pipelines can share the work. Each is a member: a copy, a worker or the merger.
//
//     struct pipeline *p = pipeline_new(&options, &err); // the first member
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

#include "base/buf.h"
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

// Reads the settings, finds the tools and makes the commands of the first member. Returns NULL with
// EX_USAGE for a wrong setting, or EX_CONFIG for a tool that is missing.
struct pipeline *pipeline_new(const struct pipeline_options *options, struct err *err);
void pipeline_free(struct pipeline *p);

// Returns how many members there are, from 1 to 1000. The merger is the last one.
int pipeline_members(const struct pipeline *p);

// Returns whether all members have the same commands. Then Kafka's group protocol alone gives each
// its partitions.
bool pipeline_members_are_alike(const struct pipeline *p);

// Returns whether the insights of each member are those of its share of the records only.
bool pipeline_counts_share(const struct pipeline *p);

// Switches to the commands of one member, counted from 0. Returns 0, or -1 with an error of
// pipeline_new().
int pipeline_take(struct pipeline *p, int member, struct err *err);

// Makes each stage write its metrics to a file in a directory, whose name is borrowed. Holds for
// members that are taken after this call.
void pipeline_measure(struct pipeline *p, const char *directory);

// Returns the name of that file. Free it with free().
char *pipeline_metrics_file(const char *directory, const char *member, const char *stage);

// Returns whether the pipeline has marks, so that a stage which stands still can be noticed.
bool pipeline_has_marks(const struct pipeline *p);

// Returns whether this member reads partials, and not records.
bool pipeline_merges(const struct pipeline *p);

// Appends the labels that tell the metrics of this member from those of all others on the machine,
// as metrics_put_label() writes them: group, member, and worker and shard if they are set.
void pipeline_put_labels(const struct pipeline *p, struct buf *b);

// Returns the name of this member, such as "worker 2", until the next pipeline_take().
const char *pipeline_name(const struct pipeline *p);

// Returns whether this member is the merger of other members. It ends after them, and only when it
// is told to.
bool pipeline_follows(const struct pipeline *p);

// Switches to the merger, if there is one for other members, which have all ended with 0. The
// merger then reads the rest of what they have written, and ends. Returns 1, 0 if there is no such
// merger, or -1 with an error of pipeline_new().
int pipeline_take_rest(struct pipeline *p, struct err *err);

// Returns the directory in which the stages keep state, or NULL if they keep none. It must exist
// when the stages start.
const char *pipeline_state(const struct pipeline *p);

// Returns the topic for partials, which must have one partition, or NULL if this member has none.
const char *pipeline_partials(const struct pipeline *p);

// Returns the topic for insights, which should be compacted, or NULL if this member writes none, or
// writes other lines there too.
const char *pipeline_insights(const struct pipeline *p);

// Returns the commands of this member. They belong to the pipeline, and are valid until the next
// pipeline_take().
const struct child_command *pipeline_commands(const struct pipeline *p, size_t *count);

// Removes the settings with more options for a stage from the environment, since a stage should not
// inherit the secrets of another. Then pipeline_take() cannot be called any more.
void pipeline_seal(void);

// Prints this member's pipeline to stdout, as a person would type it. If it is one of several
// different ones, a comment before it names it.
void pipeline_print(const struct pipeline *p);

#endif
