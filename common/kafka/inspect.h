// SPDX-License-Identifier: BSD-2-Clause
//
// inspect: what a tool does instead of reading records: it lists what the cluster holds (-L), or
// finds the offsets of times (-Q), prints this to stdout, and ends.
//
//     struct inspect_options options = {0}; // set by inspect_opts
//     struct inspect inspect = {.options = &options, .config = &kafka, .names = &topics};
//     if (inspect_wanted(&options) && inspect_check(&inspect, &err) == 0)
//         return inspect_run(&inspect);
#ifndef KAFKA_INSPECT_H
#define KAFKA_INSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/config.h"

struct inspect_options {
    bool list;  // -L
    bool query; // -Q
};

// The option table for struct inspect_options.
extern const struct opt inspect_opts[];
extern const size_t inspect_opt_count;

static inline bool inspect_wanted(const struct inspect_options *options)
{
    return options->list || options->query;
}

struct inspect {
    const struct inspect_options *options;
    const struct config_options *config;
    const struct opt_list *names; // topics for -L; TOPIC:PARTITION:TIME for -Q
    const char *group;            // for -L; NULL for none
    bool json;                    // print JSON lines instead of tables
};

// Checks the options against each other. Returns 0, or -1 with EX_USAGE.
int inspect_check(const struct inspect *inspect, struct err *err);

// Prints what is asked for. Logs what is missing or refused, and prints the rest. Returns the exit
// status.
int inspect_run(const struct inspect *inspect);

#endif
