// SPDX-License-Identifier: BSD-2-Clause
//
// value: the value of a Kafka message as a line of text.
//
//     struct value value = {.text = BUF_INIT};
//     struct line line;
//     value_read(&value, message, max_line, &line);
//     ... parse line, which may contain newlines ...
//     line.len = value_join(&value, &line);
//     value_release(&value);
//
// A tombstone (a message without a value) becomes the text null.
#ifndef KAFKA_VALUE_H
#define KAFKA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "base/line.h"

struct value {
    struct buf text;
    bool has_newline;
};

void value_release(struct value *value);

// Copies the message's value, with padding after it so that it can be parsed, and sets *line to the
// copy. The line has no number and no origin. If the value is longer than max_line bytes, at most
// its first LINE_KEEP bytes are copied. line->full_len is the length of the whole value. The line
// is valid until the next call.
void value_read(struct value *value, const rd_kafka_message_t *message, uint64_t max_line,
                struct line *line);

// value_join() for a value that has a line break.
size_t value_join_lines(struct value *value, const struct line *line);

// Joins the lines of a value into one, by replacing line breaks with spaces. The line must be valid
// JSON, in which line breaks can stand only between tokens. Leaves a line unchanged if it is not
// the value itself but, for example, the output of a filter.
//
// Returns the length of the line, whose bytes stay where they are.
static inline size_t value_join(struct value *value, const struct line *line)
{
    return value->has_newline ? value_join_lines(value, line) : line->len;
}

#endif
