// SPDX-License-Identifier: BSD-2-Clause
//
// codec: reads and writes the keys and values of records whose schemas are in a Schema Registry.
//
//     struct codec codec = {0};
//     struct buf text = BUF_INIT;
//     if (codec_open(&codec, &options, &err) != 0)
//         err_die(&err);
//     switch (codec_decode(&codec, CODEC_VALUE, data, len, &text, &why, &err)) {
//     case CODEC_DONE: ...     // the text is JSON
//     case CODEC_REJECTED: ... // *why says what is wrong with the data
//     case CODEC_FAILED: ...   // the registry is out of reach; the record may be good
//     }
//     codec_release(&codec);
#ifndef SCHEMA_CODEC_H
#define SCHEMA_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/check_report.h"
#include "base/err.h"
#include "json/json.h"
#include "schema/avro_encode.h"
#include "schema/avro_fault.h"
#include "schema/codec_options.h"
#include "schema/schema_cache.h"
#include "schema/target.h"
#include "stream/reject.h"

enum codec_part { CODEC_KEY, CODEC_VALUE };

enum codec_outcome { CODEC_DONE, CODEC_REJECTED, CODEC_FAILED };

struct codec_message {
    const char *key; // NULL for none
    size_t key_len;
    const char *value; // NULL for a tombstone
    size_t value_len;
};

// The members are private.
struct codec {
    const struct codec_options *options;
    size_t most; // bytes of a text
    struct registry *registry;
    struct schema_cache *cache; // of a reader
    struct target key, value;   // of a writer, like the members below
    struct avro_encoder *encoder;
    struct json *json;               // a key
    struct buf key_text;             // with the padding that json_parse() needs
    struct buf key_data, value_data; // encoded
    struct avro_fault fault;         // the last reject's
    char detail[512];
};

// Opens a reader. Waits until the registry answers. Texts of more than `most` bytes are rejected.
// Borrows the options. Returns 0, or -1 with *err set; release the codec in both cases.
int codec_open(struct codec *codec, const struct codec_options *options, size_t most,
               struct err *err);
void codec_release(struct codec *codec);

// For --check: reports whether the registry answers.
void codec_check(const struct codec_options *options, struct check_report *report);

// Replaces the text by the key or value as JSON. If the outcome is CODEC_REJECTED, *why is valid
// until the next call. If it is CODEC_FAILED, *err is set as in registry.h: EX_OK stands for a
// signal to stop.
enum codec_outcome codec_decode(struct codec *codec, enum codec_part part, const void *data,
                                size_t len, struct buf *text, struct reject *why, struct err *err);

// Opens a writer: finds the schemas for keys and values of a topic, and registers them if the
// options say so. Borrows the options. Returns 0, or -1 with *err set; release the codec in both
// cases.
int codec_open_writer(struct codec *codec, const struct codec_options *options, const char *topic,
                      struct err *err);

// Turns the parts of a message into the registry's format, each if the options say so. `json` holds
// the value, parsed; it may be NULL if values stay as they are. The bytes are valid until the next
// call. Returns 0, or -1 with *why set if one does not fit its schema.
//
// A key is the text of a string or, if that does not fit the schema, any JSON.
int codec_encode(struct codec *codec, const struct json *json, struct codec_message *message,
                 struct reject *why);

#endif
