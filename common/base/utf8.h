// SPDX-License-Identifier: BSD-2-Clause
//
// utf8: the characters of a text of any bytes (RFC 3629).
//
//     for (size_t i = 0, n; i < len; i += n == 0 ? 1 : n) {
//         n = utf8_decode(text + i, len - i, &c); // 0 for a byte that is not UTF-8
//         ...
//     }
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

// Returns the number of bytes of the character with which the text begins, and its number in *c; or
// 0 if the text does not begin with a whole one. Overlong forms, surrogates and what is above
// U+10FFFF are not characters.
size_t utf8_decode(const char *text, size_t len, uint32_t *c);

#endif
