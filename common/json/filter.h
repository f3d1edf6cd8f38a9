// SPDX-License-Identifier: BSD-2-Clause
//
// filter: a jq program, run by libjq on each record.
//
// No output drops the record, several make several records, an error makes a reject. An output
// that is the very record that went in (as of `select(...)`) is told apart, so that the original
// bytes can be passed on.
//
//     struct filter *f = filter_new(&options, &err);  // NULL: it does not compile
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
    const char *program; // jq source; NULL when there is none
    const char *file;    // or a file of it
    struct opt_list arg; // NAME, VALUE, NAME, VALUE ...: $NAME is a string
    struct opt_list argjson;
};

struct filter;

// Returns NULL with *err set when the program does not compile (EX_USAGE, jq's own message).
struct filter *filter_new(const struct filter_options *options, struct err *err);
void filter_free(struct filter *f);

// Runs the program on the text that json_parse() took last. Returns the number of outputs, or -1
// after an error of the program, in which case there are none.
int filter_run(struct filter *f, const struct json *json);

// One output of the last run: whether it is the record itself, and else its text, compact, with
// JSON_PADDING behind it, valid until the next run.
bool filter_output_is_input(const struct filter *f, int i);
void filter_output(const struct filter *f, int i, const char **data, size_t *len);

const char *filter_error(const struct filter *f);

#endif
