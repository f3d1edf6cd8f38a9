// SPDX-License-Identifier: BSD-2-Clause
//
// reject_read: reads a reject back: the record that was rejected, its Kafka message, and why it was
// rejected.
//
//     struct reject_reader r;
//     reject_reader_init(&r);
//     const char *what = reject_read(&r, json, line);
//     if (what == NULL)
//         ... r.record, r.record.origin, r.reason.string ...
//     reject_reader_release(&r);
#ifndef STREAM_REJECT_READ_H
#define STREAM_REJECT_READ_H

#include "base/line.h"
#include "json/json.h"
#include "stream/origin_read.h"

struct reject_reader {
    // The record that was rejected, with its origin. It has the number of the reject's line. If the
    // reject holds only the beginning of the record, full_len is more than len.
    struct line record;
    struct json_value reason, field, stage, detail; // strings; JSON_ABSENT if the reject lacks one
    // The members below are private.
    struct origin_reader origin;
};

void reject_reader_init(struct reject_reader *r);
void reject_reader_release(struct reject_reader *r);

// Reads a reject, which `json` holds and whose text is the line. The result is valid as long as the
// line and the parsed text, and until the next call. After the bytes of the record there is padding
// as after those of a line. Returns NULL, or a text that says why the line is no reject.
const char *reject_read(struct reject_reader *r, const struct json *json, const struct line *line);

#endif
