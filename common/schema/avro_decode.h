// SPDX-License-Identifier: BSD-2-Clause
//
// avro_decode: Avro's binary encoding as JSON text.
//
// A null, boolean, int, long, string, array, map, record and enum becomes what it is in JSON. A
// float or double becomes a number, or "NaN", "Infinity" or "-Infinity". Bytes and a fixed become a
// string with one character, U+0000 to U+00FF, for each byte, as in Avro's own JSON encoding.
// Logical types become the text of avro_logical.h, and a duration becomes
// {"months":1,"days":2,"millis":3}. A value that has no such text is written as its plain type.
//
// A value of a union becomes that value or, with tagged unions, {"TYPE":value}, as in Avro's JSON
// encoding; null is null there too.
//
//     struct avro_fault fault;
//     if (avro_decode(avro_schema_root(schema), data, len, &limits, &text, &fault) != 0)
//         ... // fault.path and fault.what say what does not fit
#ifndef SCHEMA_AVRO_DECODE_H
#define SCHEMA_AVRO_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "schema/avro_fault.h"
#include "schema/avro_schema.h"

struct avro_decode_options {
    bool tagged; // unions
    size_t most; // bytes of text
};

// Appends the text. Returns 0, or -1 with *fault set: if the data ends too early, if bytes are left
// over, if it is not what the schema says, if a string is not UTF-8, or if the text is too long or
// nested too deep. The text is then incomplete.
int avro_decode(const struct avro_node *root, const void *data, size_t len,
                const struct avro_decode_options *options, struct buf *text,
                struct avro_fault *fault);

#endif
