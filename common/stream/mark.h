// SPDX-License-Identifier: BSD-2-Clause
//
// mark: the control lines of a stream, which carry how far its source has read.
//
//     {"@mark":"hello","run":"<uuid>","seq":41,"from":"<uuid>","group":"g","shard":"0/2",
//      "at":[["user-login",0,1200]]}
//     {"@mark":"mark","run":"<uuid>","seq":42,"at":[["user-login",0,1234]],"watermark":1694479551000,"committed":40}
//     {"@mark":"end","run":"<uuid>","seq":43,"at":[["user-login",0,1300]]}
//
// loginpipe-stream(5) says what the members mean. hello opens a stream and names its run; all other
// marks are of that run and their seq grows; nothing comes behind end, or behind a mark that says
// stop. struct mark_follower holds a stream to that:
//
//     struct mark mark = MARK_INIT;
//     struct mark_follower follower = {0};
//     if (mark_is(line.data, line.len) &&
//         (mark_parse(&mark, json, line.data, line.len, &err) != 0 ||
//          mark_follow(&follower, &mark, &err) != 0))
//         ...
//     mark_release(&mark);
//
// Members that are not known are ignored, so that later versions can add some.
#ifndef STREAM_MARK_H
#define STREAM_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

#define MARK_RUN_SIZE 37 // a UUID in text (RFC 4122) and its NUL

enum mark_kind { MARK_HELLO, MARK_PROGRESS, MARK_END };

// The next offset to read of a partition.
struct mark_at {
    char *topic;
    int32_t partition;
    int64_t offset;
};

struct mark {
    enum mark_kind kind;
    char run[MARK_RUN_SIZE];
    char from[MARK_RUN_SIZE]; // of hello: the run whose mark seq was committed; empty for none
    uint64_t seq;
    char *group, *shard; // NULL where they are not said
    struct mark_at *at;
    size_t at_count;
    bool has_watermark, has_committed;
    bool stop;          // the source was told to stop: the last mark of this run
    int64_t watermark;  // a moment: the source has read up to about there everywhere
    uint64_t committed; // the newest seq that is known to be committed
};

#define MARK_INIT                                                                                  \
    {                                                                                              \
        .kind = MARK_PROGRESS                                                                      \
    }

void mark_release(struct mark *m);

// The same with all that it holds emptied.
void mark_clear(struct mark *m);

// Makes *to, which holds nothing or another mark, a copy.
void mark_copy(struct mark *to, const struct mark *from);

// "hello", "mark" or "end".
const char *mark_kind_name(enum mark_kind kind);

// Puts a new random UUID (version 4) into run.
void mark_new_run(char run[MARK_RUN_SIZE]);

// Appends a partition; topic is copied.
void mark_add_at(struct mark *m, const char *topic, int32_t partition, int64_t offset);

// Whether a line is a mark: whether it begins with the eight reserved bytes.
bool mark_is(const char *data, size_t len);

// Reads a line for which mark_is() holds; json is used up, and the bytes must have JSON_PADDING
// behind them. What *m held is released. Returns 0, or -1 with EX_DATAERR.
int mark_parse(struct mark *m, struct json *json, const char *data, size_t len, struct err *err);

// Appends the line, without a newline.
void mark_format(struct buf *b, const struct mark *m);

// The offset of a partition, or -1 when it is not in at.
int64_t mark_offset(const struct mark *m, const char *topic, int32_t partition);

// Whether two marks are of the same partitions, in any order; and of the same offsets too.
bool mark_same_partitions(const struct mark *a, const struct mark *b);
bool mark_same_position(const struct mark *a, const struct mark *b);

// --- The metadata that is committed with each offset: {"seq":42,"run":"<uuid>"} ---

void mark_put_metadata(struct buf *b, const struct mark *m);

// Reads the seq and the run of metadata, which needs no padding. Returns false where it is none of
// ours.
bool mark_metadata(const char *data, size_t len, uint64_t *seq, char run[MARK_RUN_SIZE]);

// --- A stream of marks ---

struct mark_follower {
    bool opened;
    bool ended; // in order: by an end mark, or one that says stop
    char run[MARK_RUN_SIZE];
    uint64_t seq; // of the last mark
};

// Takes the next mark of a stream. Returns 0, or -1 with EX_DATAERR when it does not belong there.
int mark_follow(struct mark_follower *f, const struct mark *m, struct err *err);

#endif
