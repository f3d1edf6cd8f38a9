// SPDX-License-Identifier: BSD-2-Clause
//
// filter_memo: remembers whether a filter has passed records on that had the same values in its
// fields.
//
// Filters often look at fields that have few values, such as device_type. For a program that
// depends on nothing but these values, running it again would change nothing:
//
//     if (!filter_memo_find(memo, field, count, &passes)) {
//         passes = ...; // run the program
//         filter_memo_put(memo, passes);
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

// Returns whether the answer for these values is known, and sets *passes to it. It is never known
// for arrays, for objects, and for values that take more than some 60 bytes together.
bool filter_memo_find(struct filter_memo *memo, const struct json_value *values, size_t count,
                      bool *passes);

// Remembers the answer for the values of the last filter_memo_find(). Does nothing if the answer is
// never known for such values.
void filter_memo_put(struct filter_memo *memo, bool passes);

#endif
