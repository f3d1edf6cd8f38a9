// SPDX-License-Identifier: BSD-2-Clause
//
// value: the value of a Kafka message as a line of text.
//
//     struct value value = {.text = BUF_INIT};
//     struct line line;
//     value_read(&value, message, max_line, &line);
//     ... parse line, which may contain newlines ...
//     value_join(&value, &line);
//     value_release(&value);
//
// A tombstone reads as null.
#ifndef KAFKA_VALUE_H
#define KAFKA_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "base/line.h"

struct value {
    struct buf text;
    bool has_newline;
};

void value_release(struct value *value);

// Copies the message's value, with padding behind it so that it can be parsed, and sets *line to
// the copy, without a number or an origin. Of a value longer than max_line bytes it copies
// LINE_KEEP bytes; line->full_len is the length of all. The line dies at the next call.
void value_read(struct value *value, const rd_kafka_message_t *message, uint64_t max_line,
                struct line *line);

// Joins the lines of a value into one. The line must be valid JSON: there, a newline only stands
// between tokens, where a space means the same. A line with other bytes than the value's, such as
// the output of a filter, is left as it is.
void value_join(struct value *value, struct line *line);

#endif
