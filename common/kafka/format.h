// SPDX-License-Identifier: BSD-2-Clause
//
// format: how a record is printed as text. A format is parsed once, and then prints records without
// allocating.
//
//     struct format f = {0};
//     if (format_parse(&f, "%t [%p] at %o: %k: %s\\n", &err) != 0)
//         ...
//     format_put(&f, &record, &out);
//     format_release(&f);
//
// The letters are those of kcat's -f:
//
//     %s  the value                        %k  the key
//     %S  its length in bytes, -1 if null  %K  its length in bytes, -1 if null
//     %R  the same as %S, as a signed integer of 32 bits, big-endian
//     %t  the topic                        %p  the partition
//     %o  the offset                       %T  the timestamp in ms since 1970, -1 if there is none
//     %h  the headers: name=value,...; a null value is NULL
//     %%  a percent sign
//
// Other text may have the escapes of base/escape.h.
#ifndef KAFKA_FORMAT_H
#define KAFKA_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include <librdkafka/rdkafka.h>

#include "base/buf.h"
#include "base/err.h"

struct format_text {
    const char *data; // NULL for null
    size_t len;
};

// A record to be printed. All is borrowed.
struct format_record {
    const rd_kafka_message_t *message; // gives everything but key and value
    struct format_text key, value;     // as they will be printed
};

struct format_part {
    char letter; // of kcat; 0 for text
    size_t len;  // of the text
};

struct format {
    const char *null; // printed for a null key or value; NULL for nothing

    // The members below are private.
    struct format_part *part;
    size_t count;
    struct buf text; // of all parts that are text
};

void format_release(struct format *f);

// Returns whether the key is printed, or its length.
bool format_has_key(const struct format *f);

// Adds the parts of a format. Returns 0, or -1 with EX_USAGE.
int format_parse(struct format *f, const char *spec, struct err *err);

// Adds one part by its letter, which must be one of those above.
void format_add_letter(struct format *f, char letter);

// Adds a text with escapes, in which a percent sign stands for itself. Returns 0, or -1 with
// EX_USAGE.
int format_add_text(struct format *f, const char *text, size_t len, struct err *err);

// Appends the record.
void format_put(const struct format *f, const struct format_record *record, struct buf *out);

#endif
