// SPDX-License-Identifier: BSD-2-Clause
//
// envelope: a Kafka message as one line of JSON, without any loss.
//
//     {"topic":"t","partition":0,"offset":7,"ts":1694479551000,"tstype":"create","key":"k",
//      "headers":[["h","v"]],"value":{"user_id":"u1"}}
//
// loginpipe-stream(5) describes the members. The value is under "value" if it is JSON that can
// stand in a line unchanged, under "value_text" if it is other UTF-8 text, and under "value_b64" if
// it is not UTF-8. A message without a value (a tombstone) has "value":null. Envelopes of kcat -J
// are read too.
//
//     envelope_put(&buf, &origin, line->data, line->len, is_json); // without a newline
//
//     struct envelope env;
//     envelope_init(&env);
//     struct line record;
//     if (envelope_read(&env, line, &record, &why) == 0) {
//         ... record.data, record.origin ...
//         envelope_put_changed(&buf, &env, line, data, len); // the same, with another value
//     }
//     envelope_release(&env);
#ifndef STREAM_ENVELOPE_H
#define STREAM_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/line.h"
#include "json/json.h"
#include "json/json_edit.h"
#include "stream/origin.h"
#include "stream/origin_read.h"
#include "stream/reject.h"

struct envelope {
    struct origin_reader reader; // reader.origin is that of the envelope that was read last
    // The members below are private.
    struct json *json;
    struct json_span value; // the member with the value
};

void envelope_init(struct envelope *env);
void envelope_release(struct envelope *env);

// Appends an envelope. The origin must be complete. The value may be any bytes; is_json says that
// json_parse() accepts it. If origin->tombstone is set, the value is ignored.
void envelope_put(struct buf *b, const struct origin *origin, const char *value, size_t len,
                  bool is_json);

// Reads an envelope. Sets env->reader.origin, and *record to the value: a line with this origin,
// whose text is null for a tombstone. It is valid as long as the line, and until the next call.
// Returns 0, or -1 with *why set if the line is no envelope: REJECT_NOT_JSON or
// REJECT_NOT_ENVELOPE.
int envelope_read(struct envelope *env, const struct line *line, struct line *record,
                  struct reject *why);

// Appends the envelope that was read last, which is still in `line`, with another value, which must
// be valid JSON. All other bytes stay as they are.
void envelope_put_changed(struct buf *b, const struct envelope *env, const struct line *line,
                          const char *value, size_t len);

#endif
