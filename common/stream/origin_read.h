// SPDX-License-Identifier: BSD-2-Clause
//
// origin_read: reads what a JSON object says of a record's Kafka message: the members that
// origin_put() writes, and those of kcat -J. Envelopes and rejects have them.
//
// One pass over the object finds these members and those that the caller wants besides:
//
//     enum { VALUE = ORIGIN_FIELDS, FIELDS };
//     static const struct json_key keys[FIELDS] = {ORIGIN_KEYS, JSON_KEY("value")};
//     struct origin_reader r;
//     origin_reader_init(&r);
//     json_fields(json, keys, FIELDS, field);
//     const char *what = origin_read(&r, field, line);
//     if (what == NULL)
//         ... r.origin ...
//     origin_reader_release(&r);
#ifndef STREAM_ORIGIN_READ_H
#define STREAM_ORIGIN_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/line.h"
#include "json/json.h"
#include "json/json_edit.h"
#include "stream/header_list.h"
#include "stream/origin.h"

enum {
    ORIGIN_TOPIC,
    ORIGIN_PARTITION,
    ORIGIN_OFFSET,
    ORIGIN_TS,
    ORIGIN_TSTYPE,
    ORIGIN_KEY,
    ORIGIN_KEY_B64,
    ORIGIN_HEADERS,
    ORIGIN_FIELDS
};

// The keys of these members, in this order, for the beginning of an array.
#define ORIGIN_KEYS                                                                                \
    JSON_KEY("topic"), JSON_KEY("partition"), JSON_KEY("offset"), JSON_KEY("ts"),                  \
        JSON_KEY("tstype"), JSON_KEY("key"), JSON_KEY("key_b64"), JSON_KEY("headers")

struct origin_reader {
    struct origin origin; // of the object that was read last
    struct json_edit *edit;
    struct buf bytes; // what does not stand in the line as it is
    // The members below are private.
    struct header_list headers;
};

void origin_reader_init(struct origin_reader *r);
void origin_reader_release(struct origin_reader *r);

// Reads the members of an object, which was parsed and whose text is the line. field[] holds the
// values of ORIGIN_KEYS. Sets r->origin, which is valid as long as the line and the parsed text,
// and until the next call. Returns NULL, or a text that says what is malformed.
//
// Empties r->bytes and reserves the length of the line. As no text is longer than its part of the
// line, the caller can append further texts of the line without moving the bytes.
const char *origin_read(struct origin_reader *r, const struct json_value *field,
                        const struct line *line);

// Decodes a string of base64 into r->bytes, which has room for it. Returns false if it is
// malformed.
bool origin_decode(struct origin_reader *r, const struct json_value *v, const char **data,
                   size_t *len);

// Copies a string to r->bytes, which has room for it, so that it can be parsed.
void origin_copy(struct origin_reader *r, const struct json_value *v, const char **data,
                 size_t *len);

#endif
