// SPDX-License-Identifier: BSD-2-Clause
//
// check: whether a tool could begin its work: the option --check. It asks a broker about the topics
// and changes nothing: no topic is created, no group joined and no transaction begun, so a pipeline
// that runs is not disturbed.
//
//     struct check_options options = {0}; // set by check_opts
//     struct check check = {
//         .options = &options, .config = &kafka, .defaults = defaults, .right = "READ"};
//     if (options.wanted)
//         return check_topics(&check, names, 2);
//
// base/check_report.h shows the lines that it prints.
#ifndef KAFKA_CHECK_H
#define KAFKA_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check_report.h"
#include "base/opt.h"
#include "kafka/config.h"

struct check_options {
    bool wanted;
    const char *expected; // TOPIC:PARTITIONS, or NULL; then:
    size_t topic_len;     // the length of TOPIC
    int64_t partitions;
};

// The option table for struct check_options.
extern const struct opt check_opts[];
extern const size_t check_opt_count;

struct check {
    const struct check_options *options;
    const struct config_options *config;
    const struct config_setting *defaults; // as for config_new()
    const char *right;                     // that the tool needs to the topics: "READ" or "WRITE"
    bool creates;                          // the tool creates topics that are missing
    int32_t partition;                     // that each topic must have

    struct check_report report; // the caller may have checked something itself
};

// Checks the broker, and the topics. A name that begins with ^ is a regular expression. Returns the
// status of check_report_end().
int check_topics(struct check *c, const char *const *topics, size_t count);

#endif
