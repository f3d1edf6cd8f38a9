// SPDX-License-Identifier: BSD-2-Clause
//
// format_options: the options that print records as text instead of lines of JSON: -f, -K, --key,
// -D, -O and -Z, as in kcat.
//
//     struct format_options options = {0}; // set by format_opts
//     if (format_options_wanted(&options) && format_options_build(&options, &err) == 0)
//         format_put(&options.format, &record, &out);
//     format_options_release(&options);
#ifndef KAFKA_FORMAT_OPTIONS_H
#define KAFKA_FORMAT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/format.h"

struct format_options {
    const char *spec;      // of -f; overrides all below but `null`
    const char *separator; // of -K and --key, behind the key; NULL for no key
    const char *delimiter; // of -D, behind each record; NULL for a newline
    bool offset;           // -O: print the offset too
    bool null;             // -Z: print NULL for a null key or value

    struct format format; // set by format_options_build()
};

// The option table for struct format_options.
extern const struct opt format_opts[];
extern const size_t format_opt_count;

// Returns whether any of the options is given.
bool format_options_wanted(const struct format_options *o);

// Makes the format that the options ask for. Returns 0, or -1 with EX_USAGE.
int format_options_build(struct format_options *o, struct err *err);
void format_options_release(struct format_options *o);

#endif
