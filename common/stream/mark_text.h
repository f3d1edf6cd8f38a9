// SPDX-License-Identifier: BSD-2-Clause
//
// mark_text: the text of marks, and of the metadata that is committed with offsets.
//
// Unknown members of a mark are ignored, so that later versions can add some. mark.h has an
// example.
#ifndef STREAM_MARK_TEXT_H
#define STREAM_MARK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"
#include "stream/mark.h"

// Returns "hello", "assign", "mark" or "end".
const char *mark_kind_name(enum mark_kind kind);

// Returns whether a line is a mark: whether it begins with the eight reserved bytes {"@mark".
bool mark_is(const char *data, size_t len);

// Parses a mark line into *m, which must be initialised. Overwrites the value that json holds. The
// line must be followed by JSON_PADDING readable bytes. Returns 0, or -1 with EX_DATAERR.
int mark_parse(struct mark *m, struct json *json, const char *data, size_t len, struct err *err);

// Appends the mark as a line, without its newline.
void mark_format(struct buf *b, const struct mark *m);

// --- Members that are written the same way elsewhere ---

// Append a list of topics, [["topic",partitions],...], and add those of such a list to *topics. The
// second one returns false if the value is no such list.
void mark_put_topics(struct buf *b, const struct topic_counts *topics);
bool mark_read_topics(const struct json_value *list, struct topic_counts *topics);

// Append and read a time that a partition has reached: ms, null for MARK_NO_TIME, or "end" for
// MARK_NO_MORE. The second one returns false if the value is no such time.
void mark_put_newest(struct buf *b, int64_t newest);
bool mark_read_newest(const struct json_value *v, int64_t *newest);

// --- The metadata that is committed with each offset ---

// Appends {"seq":42,"run":"<uuid>"}. The token stays out.
void mark_put_metadata(struct buf *b, const struct mark *m);

// Reads seq and run from the metadata of an offset. Returns false if mark_put_metadata() did not
// write it. The metadata needs no padding.
bool mark_metadata(const char *data, size_t len, uint64_t *seq, char run[MARK_RUN_SIZE]);

#endif
