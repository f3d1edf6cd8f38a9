// SPDX-License-Identifier: BSD-2-Clause
//
// escape: backslash escapes in the arguments of options, such as separators.
//
//     \n \r \t  a newline, a carriage return, a tab
//     \xHH      the byte with this number: one or two hexadecimal digits
//     \NNN      the byte with this number: up to three decimal digits; or, if the first digit is 0,
//               up to three octal digits after it
//
// A backslash before any other character stands for that character, as in kcat. A last backslash
// stands for itself.
//
//     struct buf separator = BUF_INIT;
//     if (escape_put(&separator, "\\t", strlen("\\t"), &err) != 0)
//         ...
#ifndef BASE_ESCAPE_H
#define BASE_ESCAPE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

// Appends the bytes that the text stands for, NUL bytes included. Returns 0, or -1 with EX_USAGE.
int escape_put(struct buf *b, const char *text, size_t len, struct err *err);

#endif
