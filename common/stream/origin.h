// SPDX-License-Identifier: BSD-2-Clause
//
// origin: what is known of a record's Kafka message, besides its value: where it is in Kafka, its
// timestamp, its key and its headers. A line refers to it, and rejects and envelopes show it.
//
//     struct origin origin = ORIGIN_INIT;
//     origin.topic = "user-login";
//     origin.partition = 0;
//     origin.offset = 7;
//     origin_put(&buf, &origin); // "topic":"user-login","partition":0,"offset":7
//
// An origin borrows everything. Bytes may be any: what is not UTF-8 is shown in base64.
#ifndef STREAM_ORIGIN_H
#define STREAM_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ORIGIN_UNKNOWN (-1)

// The headers in which loginresend notes how often a record has been rejected, and when it was
// rejected first (RFC 3339).
#define ORIGIN_ATTEMPTS "loginpipe.attempts"
#define ORIGIN_FIRST "loginpipe.first"
#define ORIGIN_ATTEMPTS_MAX 1000000000

// As the name of a time field, it stands for the timestamp of the message.
#define ORIGIN_TIME_FIELD "@ts"

enum origin_time { ORIGIN_NO_TIME, ORIGIN_CREATED, ORIGIN_APPENDED };

struct origin_header {
    const char *name;
    size_t name_len;
    const char *value; // NULL for null
    size_t value_len;
};

struct origin {
    const char *topic; // NULL if unknown
    size_t topic_len;
    int32_t partition; // or ORIGIN_UNKNOWN
    int64_t offset;    // or ORIGIN_UNKNOWN
    bool tombstone;    // the message has no value; the line is the text null
    int64_t attempts;  // how often the record has been rejected; 0 if that was not read yet
    int64_t first;     // ... and when first, in ms since 1970

    // Sets the members below, which are unknown until then. NULL if that was done, or cannot be.
    void (*complete)(struct origin *origin);
    bool known;                 // the members below are known
    enum origin_time time_type; // ORIGIN_NO_TIME: the message has no timestamp
    int64_t ts;                 // ms since 1970
    const char *key;            // NULL if the message has no key
    size_t key_len;
    bool key_is_json; // the key is a JSON text, and is shown so
    const struct origin_header *header;
    size_t header_count;
};

#define ORIGIN_INIT                                                                                \
    {                                                                                              \
        .partition = ORIGIN_UNKNOWN, .offset = ORIGIN_UNKNOWN                                      \
    }

// Sets the members that are not known yet, if that is possible.
void origin_complete(struct origin *origin);

// Returns the last header with that name, or NULL. The origin must be complete.
const struct origin_header *origin_header_find(const struct origin *origin, const char *name);

// Append what is known as members of a JSON object: topic, partition, offset; and ts, tstype, key
// and headers.
void origin_put(struct buf *b, const struct origin *origin);

// Appends a member whose value is any bytes: as a string, under `name`, or if the bytes are not
// UTF-8 in base64, under `name` and "_b64". NULL is null.
void origin_put_bytes(struct buf *b, const char *name, const char *data, size_t len);

#endif
