// SPDX-License-Identifier: BSD-2-Clause
//
// filter: runs a jq program on each record, with libjq.
//
// A run either fails or has any number of outputs (filter_outputs.h). If an output is the input
// itself, pass on the original bytes, because these keep numbers that a double cannot hold.
//
// A program that looks only at some fields of the record runs on these fields alone; see
// filter_fields.h. That is faster, and the result is the same.
//
//     struct filter *f = filter_new(&options, &err); // NULL: the program does not compile
//     json_parse(json, text, len);
//     int n = filter_run(f, json, &outputs);
//     if (n < 0)
//         report(filter_error(f));
#ifndef JSON_FILTER_H
#define JSON_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/opt.h"
#include "json/filter_outputs.h"
#include "json/json.h"

struct filter_options {
    const char *program;     // the source of the jq program
    const char *file;        // the file that holds the program; the unused one of the two is NULL
    struct opt_list arg;     // NAME, VALUE, NAME, VALUE ...: $NAME is the string VALUE
    struct opt_list argjson; // the same; $NAME is the JSON value VALUE
};

struct filter;

// Returns the version of libjq. It knows only the version for which this program was built, if the
// build has found that out.
const char *filter_version(void);

// Compiles the program, and logs whether it runs on whole records. Borrows what the options point
// to. Returns NULL with *err set if it does not compile (EX_USAGE, with jq's own message) or its
// file cannot be read.
struct filter *filter_new(const struct filter_options *options, struct err *err);
void filter_free(struct filter *f);

// Compiles the same program once more, for another thread. Call filter_prepare_threads() before.
// Threads may run different filters at the same time. The file of the program is not read again,
// since it may be a pipe.
struct filter *filter_recompile(const struct filter *f, struct err *err);

// Makes libjq ready for threads. Call this before the first thread is started. Returns 0, or -1
// with *err set.
int filter_prepare_threads(struct err *err);

// Runs the program on the value that json holds, and adds its outputs to `outputs`; a text is
// compact JSON. Returns their number. If the program fails, returns -1 and adds nothing;
// filter_error() then has the message.
int filter_run(struct filter *f, const struct json *json, struct filter_outputs *outputs);

// Returns the message of the last run that failed. It is valid until another run fails.
const char *filter_error(const struct filter *f);

#endif
