// SPDX-License-Identifier: BSD-2-Clause
//
// avro_logical: the values of Avro's logical types as text, and the other way round.
//
//     date                2023-09-12
//     time-*              00:45:51.5
//     timestamp-*         2023-09-12T00:45:51.5Z
//     local-timestamp-*   2023-09-12T00:45:51.5
//     decimal             -12.30, with as many decimal places as the scale says
//     uuid                424cdd21-063a-43a7-b91b-7ca1a833afae
//
// Fractions of a second have as few digits as possible. No text contains a character that JSON
// escapes.
#ifndef SCHEMA_AVRO_LOGICAL_H
#define SCHEMA_AVRO_LOGICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "schema/avro_schema.h"

// Returns whether the type stands for a moment, a date or a time of day.
bool avro_logical_is_time(enum avro_logical logical);

// Appends the text of a date, time or timestamp. Returns false, and appends nothing, if it has
// none: if it is not within a day, or not within the years 0 to 9999.
bool avro_logical_put_time(struct buf *b, enum avro_logical logical, int64_t n);

// Reads such a text. Returns 0, or -1 if it is not of this form or has more digits than the type
// can hold.
int avro_logical_read_time(enum avro_logical logical, const char *text, size_t len, int64_t *n);

// Appends a decimal: an integer in two's complement, its highest byte first. Returns false, and
// appends nothing, if it has more digits than a schema can ask for.
bool avro_logical_put_decimal(struct buf *b, const struct avro_node *node, const void *data,
                              size_t len);

// Reads a number, and appends the bytes of the decimal: as few as possible, or those of a fixed.
// Returns 0, or -1 if it is not a number, has more digits than the type can hold, or too many
// decimal places.
int avro_logical_read_decimal(struct buf *b, const struct avro_node *node, const char *text,
                              size_t len);

// Convert between the 16 bytes and the text of a UUID. The latter returns 0, or -1 if it is not
// the text of a UUID.
void avro_logical_put_uuid(struct buf *b, const void *data);
int avro_logical_read_uuid(struct buf *b, const char *text, size_t len);

#endif
