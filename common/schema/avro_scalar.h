// SPDX-License-Identifier: BSD-2-Clause
//
// avro_scalar: JSON values in the encoding of Avro's types that contain no others. See
// avro_encode.h for what fits.
//
//     if (avro_scalar_put(&data, node, &value, false) != 0)
//         ... // the value does not fit
#ifndef SCHEMA_AVRO_SCALAR_H
#define SCHEMA_AVRO_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "json/json_digits.h"
#include "schema/avro_schema.h"

// Appends a variable-length zig-zag integer.
void avro_put_long(struct buf *b, int64_t n);

// Appends a string with its length.
void avro_put_string(struct buf *b, const char *text, size_t len);

// Appends a value of a type that is not a record, array, map or union. If `raw` is set, the value
// of a logical type is that of its plain type, as in the defaults of a schema. Returns 0, or -1 if
// the value does not fit; nothing is then appended.
//
// `digits` are the bits of json_digits() if the value is JSON_DOUBLE, and else 0. A long, an int or
// a decimal must be known exactly.
int avro_scalar_put(struct buf *b, const struct avro_node *node, const struct json_value *value,
                    bool raw, unsigned digits);

#endif
