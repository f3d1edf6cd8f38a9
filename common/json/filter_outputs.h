// SPDX-License-Identifier: BSD-2-Clause
//
// filter_outputs: keeps what a filter put out, in one or more runs.
//
// An output is the input itself, as from `select(...)`, or a text that jq made:
//
//     struct filter_outputs outputs = FILTER_OUTPUTS_INIT;
//     int n = filter_run(f, json, &outputs);
//     for (int i = 0; i < n; i++)
//         if (filter_outputs_made(&outputs, i, &text, &len)) pass_on(text, len);
//         else pass_on(input, input_len);
//     filter_outputs_clear(&outputs);
//     filter_outputs_release(&outputs);
#ifndef JSON_FILTER_OUTPUTS_H
#define JSON_FILTER_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct filter_output {
    bool made; // a text; otherwise the input itself
    size_t start, len;
};

struct filter_outputs {
    struct filter_output *output;
    size_t count, size;
    struct buf text;
};

#define FILTER_OUTPUTS_INIT                                                                        \
    {                                                                                              \
        .text = BUF_INIT                                                                           \
    }

// Adds an output that is the input itself.
void filter_outputs_add_input(struct filter_outputs *o);

// Adds a text.
void filter_outputs_add_text(struct filter_outputs *o, const char *data, size_t len);

// Returns whether output i, counted from 0, is a text, and gives that text, followed by BUF_PADDING
// readable bytes. It is valid until a further output is added.
bool filter_outputs_made(const struct filter_outputs *o, size_t i, const char **data, size_t *len);

// Returns the bytes that the outputs take.
size_t filter_outputs_size(const struct filter_outputs *o);

// Removes all outputs but the first `count`.
void filter_outputs_cut(struct filter_outputs *o, size_t count);

void filter_outputs_clear(struct filter_outputs *o);
void filter_outputs_release(struct filter_outputs *o);

#endif
