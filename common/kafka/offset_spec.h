// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_offset: where in a partition to begin and to end, as -o has it.
//
// A point is one of
//     beginning, end, stored        the first offset, the next to be written, the group's own
//     N, -N                         an offset; N before the end
//     @TIME                         the first record at or after TIME: epoch ms, RFC 3339, or a
//                                   duration ago (@1h)
// and a range is FROM, FROM:TO or :TO. kcat's s@MS and e@MS set one end each.
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
    OFFSET_TAIL, // value is how many before the end
    OFFSET_TIME, // value is a moment in ms
};

struct offset_point {
    enum offset_kind kind;
    int64_t value;
};

struct offset_range {
    struct offset_point from, to;
};

// Reads one -o argument into the range. Durations ago count from now, a moment in ms. Returns 0,
// or -1 with EX_USAGE.
int offset_spec_parse(const char *text, int64_t now, struct offset_range *range, struct err *err);

// Finds the absolute offset that a point (not NONE, not STORED) stands for at this moment, asking
// the broker until k->wait has passed. Never below the first offset that there is, nor, for
// times and tails, beyond the end. Returns 0, or -1 with *err set.
int offset_spec_resolve(struct client *k, const char *topic, int32_t partition,
                        struct offset_point point, int64_t *offset, struct err *err);

#endif
