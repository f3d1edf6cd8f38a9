// SPDX-License-Identifier: BSD-2-Clause
//
// check: whether a tool could begin its work: the option --check. It asks a broker about the topics
// and changes nothing: no topic is created, no group joined and no transaction begun, so a pipeline
// that runs is not disturbed. It reads no record either: the broker says where the first one is
// that is as new as a time.
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

#define CHECK_EXPECTED_MAX 8

// What the user expects of a topic.
struct check_expected {
    const char *topic; // not the end of a text: it has the length topic_len
    size_t topic_len;
    int64_t partitions; // or 0, and then:
    const char *setting, *value;
    size_t setting_len;
};

struct check_options {
    bool wanted;
    struct check_expected expected[CHECK_EXPECTED_MAX];
    size_t count;
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
    const char *group;                     // that the tool reads with, or NULL
    int64_t ahead; // ms that a record may be ahead of our clock; 0 to ask for none

    struct check_report report; // the caller may have checked something itself
};

// Checks the broker, and the topics. A name that begins with ^ is a regular expression. Returns the
// status of check_report_end().
int check_topics(struct check *c, const char *const *topics, size_t count);

#endif
