// SPDX-License-Identifier: BSD-2-Clause
//
// pack: packed binary data as text. A format, as in kcat's -s, lists the items of the data:
//
//     < >      what follows is little-endian, or big-endian as at the start
//     b B      an integer of  8 bits, signed and unsigned
//     h H      an integer of 16 bits
//     i I      an integer of 32 bits
//     q Q      an integer of 64 bits
//     c        one byte, as it is
//     s        all bytes that are left, as they are
//     $        the end of the data; without it, what is left is not printed
//     (space)  prints a space
//
//     struct buf text = BUF_INIT;
//     if (pack_check("i$", &err) == 0 && pack_put("i$", "\0\0\0\7", 4, &text, &err) == 0)
//         use(text.data, text.len); // 7
#ifndef KAFKA_PACK_H
#define KAFKA_PACK_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

// Returns 0, or -1 with EX_USAGE if a format is empty or has an unknown letter.
int pack_check(const char *format, struct err *err);

// Appends the text of the data, according to a format that pack_check() has accepted. Returns 0, or
// -1 with EX_DATAERR if the data does not fit the format; nothing is then appended.
int pack_put(const char *format, const void *data, size_t len, struct buf *out, struct err *err);

#endif
