// SPDX-License-Identifier: BSD-2-Clause
//
// offset_spec: where to start and stop reading a partition, as -o says it.
//
// A point is one of
//     beginning, end, stored        the first offset, the next one to be written, the group's own
//     N, -N                         an offset; N before the end
//     @TIME                         the first record at or after TIME: epoch ms, RFC 3339, or a
//                                   duration ago (@1h)
// and a range is FROM, FROM:TO or :TO. kcat's s@MS and e@MS set one end each.
//
//     struct offset_range range = {0};
//     offset_spec_parse("@1h:end", time_now(), &range, &err);
//     offset_spec_resolve(&client, "user-login", 0, range.from, &offset, &err);
#ifndef KAFKA_OFFSET_SPEC_H
#define KAFKA_OFFSET_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kafka/client.h"

enum offset_kind {
    OFFSET_NONE, // not given
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_STORED,
    OFFSET_AT,   // value is the offset
    OFFSET_TAIL, // value is the number of offsets before the end
    OFFSET_TIME, // value is a time in ms since 1970
};

struct offset_point {
    enum offset_kind kind;
    int64_t value;
};

struct offset_range {
    struct offset_point from, to;
};

// Parses one -o argument into the range. Durations ago count back from now, in ms since 1970.
// Returns 0, or -1 with EX_USAGE.
int offset_spec_parse(const char *text, int64_t now, struct offset_range *range, struct err *err);

// Finds the absolute offset that a point (not NONE, not STORED) stands for now. Asks the broker,
// for up to client->wait. The offset is never below the partition's first one and, for times and
// tails, never beyond its end. Returns 0, or -1 with *err set.
int offset_spec_resolve(struct client *client, const char *topic, int32_t partition,
                        struct offset_point point, int64_t *offset, struct err *err);

#endif
