// SPDX-License-Identifier: BSD-2-Clause
//
// number: decimal numbers in option arguments and settings, read whole and range-checked.
//
// A text that holds anything else, such as a space or a second sign, is refused, and so is a
// number that does not fit. *n is changed on success only.
//
//     uint64_t bytes;
//     if (number_parse("16M", 1024, &bytes) != 0)
//         ...
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

// Reads digits and an optional suffix: k (or K), M or G multiply by the first, second or third
// power of k, which is 1000 or 1024. Returns 0, or -1.
int number_parse(const char *text, unsigned k, uint64_t *n);

// Reads digits with an optional sign. Returns 0, or -1.
int number_parse_int(const char *text, int64_t *n);

#endif
