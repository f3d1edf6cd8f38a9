// SPDX-License-Identifier: BSD-2-Clause
//
// avro_encode: a JSON value in Avro's binary encoding: the reverse of avro_decode.
//
// What avro_decode() writes, avro_encode() reads. In place of the text of a logical type it also
// takes the plain value, such as a number of days.
//
// Nothing is dropped or bent: a member that the schema does not have, an integer that a double
// cannot hold, or more digits than a timestamp has do not fit. A number such as 3.0 fits an int. A
// number with a fraction is known as a double only; if its text has more than 15 digits, it fits no
// int, long or decimal, and has to be a string. A field that the value lacks gets the schema's
// default. If there is none, the value does not fit.
//
// A value of a union becomes the first branch that it fits. An object fits a record if it has no
// other members than the record's fields, and all those that have no default. With tagged unions,
// the tag says which branch.
//
//     struct avro_encoder *encoder = avro_encoder_new(tagged);
//     const struct json_value value = json_root(json);
//     if (avro_encode(encoder, avro_schema_root(schema), &value, text, len, &data, &fault) != 0)
//         ... // fault.path and fault.what say what does not fit
//     avro_encoder_free(encoder);
#ifndef SCHEMA_AVRO_ENCODE_H
#define SCHEMA_AVRO_ENCODE_H

#include <stdbool.h>

#include "base/buf.h"
#include "json/json.h"
#include "schema/avro_fault.h"
#include "schema/avro_schema.h"

struct avro_encoder; // holds working memory only

struct avro_encoder *avro_encoder_new(bool tagged);
void avro_encoder_free(struct avro_encoder *encoder);

// Appends the bytes of a value, of which there may be 64 MiB. `text` is its JSON. Returns 0, or
// -1 with *fault set; the bytes are then incomplete.
int avro_encode(struct avro_encoder *encoder, const struct avro_node *root,
                const struct json_value *value, const char *text, size_t len, struct buf *data,
                struct avro_fault *fault);

#endif
