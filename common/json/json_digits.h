// SPDX-License-Identifier: BSD-2-Clause
//
// json_digits: whether the numbers of a text are known exactly. The parser keeps a number with a
// fraction or an exponent, or of more than 64 bits, only as the nearest double.
//
//     if (json_digits(text, len) == 0)
//         ... // the shortest text of each double is the number
#ifndef JSON_JSON_DIGITS_H
#define JSON_JSON_DIGITS_H

#include <stddef.h>

// What the text has, as bits.
enum json_digits {
    JSON_DIGITS_ROUNDED = 1,  // a number whose double may be another number
    JSON_DIGITS_INTEGER = 2,  // an integer that no double holds, of more than 19 digits
    JSON_DIGITS_OVERFLOW = 4, // a number beyond the range of a double
};

// Returns the bits of a text that json_parse() accepts.
unsigned json_digits(const char *text, size_t len);

#endif
