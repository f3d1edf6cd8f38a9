// SPDX-License-Identifier: BSD-2-Clause
//
// mark: the control lines of a stream. They say how far its source has read.
//
//     {"@mark":"hello","run":"<uuid>","token":"<hex>","seq":41,"from":"<uuid>","group":"g",
//      "shard":"0/2","interval":1000,"at":[["user-login",0,1200]]}
//     {"@mark":"mark","run":"<uuid>","token":"<hex>","seq":42,"at":[["user-login",0,1234]],
//      "watermark":1694479551000,"committed":40}
//     {"@mark":"end","run":"<uuid>","token":"<hex>","seq":43,"at":[["user-login",0,1300]]}
//
// loginpipe-stream(5) describes the members, and mark_text.h reads and writes them. A hello mark
// opens a stream and names its run; all other marks have the same run, the same token and a growing
// seq; nothing follows an end mark or a mark with "stop":true. A source that shares its partitions
// with the other members of a group writes an assign mark when it gets partitions, before the first
// of their records:
//
//     {"@mark":"assign","run":"<uuid>","token":"<hex>","seq":7,"member":"<base64>",
//      "topics":[["user-login",12]],"at":[["user-login",3,0],["user-login",4,88]]}
//
// struct mark_follower checks the order of marks:
//
//     struct mark mark = MARK_INIT;
//     struct mark_follower follower = {0};
//     if (mark_is(line.data, line.len) &&
//         (mark_parse(&mark, json, line.data, line.len, &err) != 0 ||
//          mark_follow(&follower, &mark, &err) != 0))
//         ...
//     mark_release(&mark);
//
// A mark owns its strings and its positions.
#ifndef STREAM_MARK_H
#define STREAM_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stream/topic_counts.h"

#define MARK_RUN_SIZE 37   // a UUID as text (RFC 9562) and its NUL
#define MARK_TOKEN_SIZE 33 // 128 random bits in hex and their NUL

#define MARK_NO_TIME INT64_MIN // no time is known
#define MARK_NO_MORE INT64_MAX // no record will come

enum mark_kind { MARK_HELLO, MARK_ASSIGN, MARK_PROGRESS, MARK_END };

// The position of the source in a partition.
struct mark_at {
    char *topic;
    int32_t partition;
    int64_t offset; // the next one to read
    int64_t newest; // the event time that has been reached, in ms since 1970; or MARK_NO_TIME or
                    // MARK_NO_MORE
};

struct mark {
    enum mark_kind kind;
    char run[MARK_RUN_SIZE];
    char from[MARK_RUN_SIZE];    // only in a hello: the run that committed this seq; empty if none
    char token[MARK_TOKEN_SIZE]; // known only to who reads the stream; empty if absent
    uint64_t seq;
    char *group, *shard; // NULL if absent
    char *cluster;       // only in a hello: the id of the source's Kafka cluster; NULL if unknown
    uint64_t interval;   // only in a hello: ms between marks while records come; 0 if unknown
    // Only in a hello: the version of the source's librdkafka, which has written `member` in its
    // own format. Only in an assign mark: the source's membership of the group, in base64.
    char *librdkafka, *member;
    struct mark_at *at;
    size_t at_count;
    // Only in a hello or an assign mark: the topics of which all partitions are read, by this
    // source or by others. None if only chosen partitions are.
    struct topic_counts topics;
    bool has_watermark, has_committed;
    bool stop;          // the source was told to stop; this is the last mark of the run
    bool now;           // the source waits until this mark is committed
    int64_t watermark;  // the event time reached in all partitions, in ms since 1970
    uint64_t committed; // the newest seq that the source knows to be committed
};

#define MARK_INIT                                                                                  \
    {                                                                                              \
        .kind = MARK_PROGRESS                                                                      \
    }

void mark_release(struct mark *m);

// Does the same as mark_release(): frees what the mark owns and resets it to MARK_INIT.
void mark_clear(struct mark *m);

// Copies a mark. *to must be initialised. What it owned is freed.
void mark_copy(struct mark *to, const struct mark *from);

// Stores a new random UUID, version 4, in run.
void mark_new_run(char run[MARK_RUN_SIZE]);

// Stores a new random token. It is in all marks of a stream and nowhere else. The run is also in
// the group's metadata, so knowing the run is not enough to forge a mark.
void mark_new_token(char token[MARK_TOKEN_SIZE]);

// Appends a partition's position, of which no time is known. The topic is copied.
struct mark_at *mark_add_at(struct mark *m, const char *topic, int32_t partition, int64_t offset);

// Returns the offset of a partition, or -1 if the mark does not list it.
int64_t mark_offset(const struct mark *m, const char *topic, int32_t partition);

// Return whether two marks list the same partitions, in any order. The second one also compares the
// offsets.
bool mark_same_partitions(const struct mark *a, const struct mark *b);
bool mark_same_position(const struct mark *a, const struct mark *b);

// --- The order of marks in a stream ---

struct mark_follower {
    bool opened;
    bool ended; // by an end mark, or by one with "stop":true
    char run[MARK_RUN_SIZE];
    char token[MARK_TOKEN_SIZE];
    uint64_t seq; // of the last mark
};

// Checks the next mark of a stream. Returns 0, or -1 with EX_DATAERR if the mark is out of order.
int mark_follow(struct mark_follower *f, const struct mark *m, struct err *err);

#endif
