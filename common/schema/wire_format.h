// SPDX-License-Identifier: BSD-2-Clause
//
// wire_format: the header that serializers of Confluent's Schema Registry write before each key or
// value: the byte 0, and the id of the schema in four bytes, the highest first.
//
//     int32_t id;
//     if (wire_format_read(data, len, &id) == 0)
//         decode(id, (const char *)data + WIRE_FORMAT_LEN, len - WIRE_FORMAT_LEN);
#ifndef SCHEMA_WIRE_FORMAT_H
#define SCHEMA_WIRE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WIRE_FORMAT_LEN 5

// Reads the header. Returns 0, or -1 if the data does not begin with one.
int wire_format_read(const void *data, size_t len, int32_t *id);

// Appends a header.
void wire_format_put(struct buf *b, int32_t id);

#endif
