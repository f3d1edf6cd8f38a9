// SPDX-License-Identifier: BSD-2-Clause
//
// number: reads decimal numbers in option arguments and settings.
//
// A text that contains anything else, such as a space or a second sign, is refused. A number that
// does not fit is refused too. *n is changed only on success.
//
//     uint64_t bytes;
//     if (number_parse("16M", 1024, &bytes) != 0)
//         ...
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdint.h>

// Reads digits and an optional suffix: "k" or "K" multiplies by k, "M" by k^2, and "G" by k^3. The
// argument k is 1000 or 1024. Returns 0, or -1 if the text is refused.
int number_parse(const char *text, unsigned k, uint64_t *n);

// Reads digits with an optional sign. Returns 0, or -1 if the text is refused.
int number_parse_int(const char *text, int64_t *n);

#endif
