// SPDX-License-Identifier: BSD-2-Clause
//
// filter: runs a jq program on each record, with libjq.
//
// A run either fails or has any number of outputs. The filter can tell whether an output is the
// input itself, as from `select(...)`, or a value that jq made. If it is the input, pass on the
// original bytes, because these keep numbers that a double cannot hold.
//
// A program that looks only at some fields of the record runs on these fields alone; see
// filter_fields.h. That is faster, and the result is the same.
//
//     struct filter *f = filter_new(&options, &err); // NULL: the program does not compile
//     json_parse(json, text, len);
//     int n = filter_run(f, json);
//     if (n < 0)
//         report(filter_error(f));
//     for (int i = 0; i < n; i++)
//         if (filter_output_is_input(f, i)) pass(text, len);
//         else filter_output(f, i, &data, &data_len), pass(data, data_len);
#ifndef JSON_FILTER_H
#define JSON_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/opt.h"
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

// Compiles the program. Returns NULL with *err set if it does not compile (EX_USAGE, with jq's own
// message) or its file cannot be read.
struct filter *filter_new(const struct filter_options *options, struct err *err);
void filter_free(struct filter *f);

// Compiles the same program again, for another thread. Threads may run different filters at the
// same time. The file of the program is not read again, since it may be a pipe.
struct filter *filter_copy(const struct filter *f, const struct filter_options *options,
                           struct err *err);

// Runs the program on the value that json holds. Returns the number of outputs, or -1 if the
// program failed; filter_error() then has the message, and there are no outputs.
int filter_run(struct filter *f, const struct json *json);

// Returns whether output i of the last run, counted from 0, is the input itself.
bool filter_output_is_input(const struct filter *f, int i);
// Gives the text of an output that is not the input itself: compact JSON, followed by JSON_PADDING
// readable bytes. It is valid until the next run.
void filter_output(const struct filter *f, int i, const char **data, size_t *len);

// Returns the message of the last run that failed. It is valid until another run fails.
const char *filter_error(const struct filter *f);

#endif
