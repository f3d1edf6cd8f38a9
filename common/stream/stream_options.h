// SPDX-License-Identifier: BSD-2-Clause
//
// stream_options: the options that every stage has.
//
//     struct options {
//         struct stream_options stream;
//         ...
//     } options = {.stream = STREAM_OPTIONS_INIT, ...};
//     const struct opt_group groups[] = {{"Stream", stream_opts, stream_opt_count,
//     &options.stream}};
#ifndef STREAM_STREAM_OPTIONS_H
#define STREAM_STREAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/filter.h"
#include "stream/input.h"

struct stream_options {
    struct filter_options filter;
    uint64_t jobs;                     // threads that run the filter; 0 if not given, for one
    bool envelope;                     // lines are envelopes (envelope.h)
    const char *rejects;               // a file, or "-" for stdout; NULL for stderr
    const char *stats;                 // the file for the ledger, or "-" for stderr; NULL for none
    const char *metrics;               // the file for Prometheus; NULL for none
    bool progress;                     // show on a terminal how much is done
    uint64_t max_line;                 // bytes
    bool strict;                       // end with EX_DATAERR at the first reject
    const struct input_options *input; // NULL for the lines of stdin
};

#define STREAM_OPTIONS_INIT                                                                        \
    {                                                                                              \
        .max_line = LINE_MAX_DEFAULT                                                               \
    }

// The option table for struct stream_options, without `strict`.
extern const struct opt stream_opts[];
extern const size_t stream_opt_count;

// The libraries that a stage uses.
extern const struct opt_library stream_libraries[];

bool stream_options_have_filter(const struct stream_options *o);

// Returns 0, or -1 with EX_USAGE if the options do not go together.
int stream_options_check(const struct stream_options *o, bool is_source, struct err *err);

#endif
