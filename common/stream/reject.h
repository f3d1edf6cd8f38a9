// SPDX-License-Identifier: BSD-2-Clause
//
// reject: formats a rejected record as one JSON line with the reason and the record's bytes.
//
//     {"reject":"bad_ip","field":"ip","stage":"loginclean","line":7,"raw":"{...}"}
//
// loginpipe-stream(5) describes the members.
//
//     const struct reject reject = {REJECT_BAD_IP, "ip", NULL};
//     reject_format(&buf, &reject, "loginclean", line);
#ifndef STREAM_REJECT_H
#define STREAM_REJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/line.h"

// The reasons, as they are written in the line.
#define REJECT_NOT_JSON "not_json"
#define REJECT_NOT_OBJECT "not_object"
#define REJECT_TOO_LONG "too_long"
#define REJECT_FILTER_ERROR "filter_error"
#define REJECT_NOT_ENVELOPE "not_envelope"
#define REJECT_RESERVED "reserved"
#define REJECT_MISSING_FIELD "missing_field"
#define REJECT_WRONG_TYPE "wrong_type"
#define REJECT_EMPTY "empty"
#define REJECT_BAD_IP "bad_ip"
#define REJECT_BAD_TIMESTAMP "bad_timestamp"
#define REJECT_LATE "late"
#define REJECT_NOT_PARTIAL "not_partial"
#define REJECT_NOT_DELIVERED "not_delivered"
#define REJECT_NO_KEY "no_key"
#define REJECT_BAD_SCHEMA "bad_schema"
#define REJECT_NOT_AVRO "not_avro"
#define REJECT_NOT_PACKED "not_packed"
#define REJECT_UNKNOWN_TOPIC "unknown_topic"
#define REJECT_NOT_REJECT "not_reject"
#define REJECT_NO_ORIGIN "no_origin"
#define REJECT_TRUNCATED "truncated"
#define REJECT_GAVE_UP "gave_up"

struct reject {
    const char *reason;
    const char *field;  // NULL if the reason does not concern a single field
    const char *detail; // a message for people, in any encoding; NULL if there is none
};

// Appends the reject of a line that a stage has read, with a newline.
void reject_format(struct buf *b, const struct reject *reject, const char *stage,
                   const struct line *line);

// Returns whether a line is a reject: whether it begins with {"reject":"
bool reject_is(const char *data, size_t len);

#endif
