// SPDX-License-Identifier: BSD-2-Clause
//
// bytes: compares and cuts byte strings, which are given by address and length and may hold NUL.
//
//     if (bytes_are(value.string.data, value.string.len, "unknown")) ...
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool bytes_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

// Returns whether two byte strings of the same length are equal. A memcmp(3) of a fixed length
// compiles to a load, so for short strings this is much faster than a call to memcmp(3).
static inline bool bytes_same(const char *a, const char *b, size_t len)
{
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8) {
            if (memcmp(a + i, b + i, 8) != 0)
                return false;
        }
        return memcmp(a + len - 8, b + len - 8, 8) == 0;
    }
    if (len >= 4)
        return memcmp(a, b, 4) == 0 && memcmp(a + len - 4, b + len - 4, 4) == 0;
    if (len >= 2)
        return memcmp(a, b, 2) == 0 && memcmp(a + len - 2, b + len - 2, 2) == 0;
    return len == 0 || *a == *b;
}

// Returns whether the data is equal to a C string.
static inline bool bytes_are(const void *data, size_t len, const char *text)
{
    return bytes_equal(data, len, text, strlen(text));
}

// Returns whether the data begins with the prefix, a C string.
static inline bool bytes_begin(const void *data, size_t len, const char *prefix)
{
    size_t prefix_len = strlen(prefix);

    return len >= prefix_len && memcmp(data, prefix, prefix_len) == 0;
}

// Returns less than 0, 0, or more than 0, like memcmp(3). A prefix sorts before the longer string.
static inline int bytes_compare(const void *a, size_t a_len, const void *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

// Returns the length of a UTF-8 text that is cut after `most` bytes, or before the character that
// they would cut in two.
static inline size_t bytes_cut(const char *text, size_t len, size_t most)
{
    if (len <= most)
        return len;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

#endif
