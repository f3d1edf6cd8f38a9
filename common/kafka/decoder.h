// SPDX-License-Identifier: BSD-2-Clause
//
// decoder: what -s makes of the key and the value of a record: JSON, if they are in the format of a
// Schema Registry (schema/codec.h), or text, if they are packed binary data (pack.h).
//
//     struct decoder_options options = {0}; // set by decoder_opts
//     struct decoder d = {0};
//     if (decoder_open(&d, &options, max_line, &err) != 0)
//         ...
//     switch (decoder_decode(&d, &line, &decoded, &why, &err)) {
//     case CODEC_DONE: ...     // `decoded` has the value, and its origin the key
//     case CODEC_REJECTED: ... // *why says what is wrong with `line`, which is unchanged
//     case CODEC_FAILED: ...   // the registry is out of reach; the record may be good
//     }
//     decoder_release(&d);
#ifndef KAFKA_DECODER_H
#define KAFKA_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/json.h"
#include "kafka/value.h"
#include "schema/codec.h"
#include "stream/reject.h"

// Keys and values are each read by the codec, or by a format of pack.h, or as they are.
struct decoder_options {
    struct codec_options codec;
    const char *key_pack, *value_pack; // NULL for none
    bool json;                         // set by the tool: values must be JSON
    bool keys_unused;                  // set by the tool: keys are not written, so leave them alone
};

// The option table for struct decoder_options.
extern const struct opt decoder_opts[];
extern const size_t decoder_opt_count;

// Return whether the keys, or the keys or values, are replaced.
bool decoder_options_keys(const struct decoder_options *options);
bool decoder_options_wanted(const struct decoder_options *options);

// The members are private.
struct decoder {
    const struct decoder_options *options;
    struct codec codec;
    struct value value;
    struct buf key;
    struct json *json;
    struct err fault; // of the last reject
};

// Waits until the registry answers, if one is needed. Avro that makes JSON of more than `most`
// bytes is rejected. Borrows the options. Returns 0, or -1 with *err set; release the decoder in
// both cases.
int decoder_open(struct decoder *d, const struct decoder_options *options, size_t most,
                 struct err *err);
void decoder_release(struct decoder *d);

// Decodes the line's value, for *decoded, and the key in the line's origin, which it replaces. A
// missing key stays missing, and a tombstone stays the text null. If the outcome is CODEC_REJECTED,
// the origin still has the key's bytes. *decoded and *why are valid until the next call. If the
// outcome is CODEC_FAILED, *err is set as in schema/registry.h.
enum codec_outcome decoder_decode(struct decoder *d, const struct line *line, struct line *decoded,
                                  struct reject *why, struct err *err);

// Returns whether the line is the value that the last call has made, and no other text.
static inline bool decoder_made(const struct decoder *d, const struct line *line)
{
    return line->data == d->value.text.data;
}

// Joins the lines of that value into one; see value_join().
static inline size_t decoder_join_lines(struct decoder *d, const struct line *line)
{
    return value_join(&d->value, line);
}

#endif
