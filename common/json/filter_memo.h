// SPDX-License-Identifier: BSD-2-Clause
//
// filter_memo: remembers how many outputs a filter had for the same values of its fields.
//
// Filters often look at fields that have few values, such as device_type. For a program whose
// outputs depend on nothing but these values, running it again would change nothing:
//
//     if (!filter_memo_find(memo, field, count, &outputs)) {
//         outputs = ...; // run the program
//         filter_memo_put(memo, outputs);
//     }
//
// The memory is a table of fixed size, and a new entry replaces the old one in its place. An entry
// holds the values themselves, and these are compared, so a wrong entry is never found.
#ifndef JSON_FILTER_MEMO_H
#define JSON_FILTER_MEMO_H

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

struct filter_memo;

struct filter_memo *filter_memo_new(void);
void filter_memo_free(struct filter_memo *memo);

// Returns whether the values are known, with the number of outputs that they had. Arrays, objects
// and values that are long together are never known.
bool filter_memo_find(struct filter_memo *memo, const struct json_value *values, size_t count,
                      int *outputs);

// Remembers the number of outputs, from 0 to 255, for the values of the last filter_memo_find().
// Does nothing if such values are never known.
void filter_memo_put(struct filter_memo *memo, int outputs);

#endif
