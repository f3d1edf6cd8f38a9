// SPDX-License-Identifier: BSD-2-Clause
//
// offset_spec: where to start and stop reading a partition, as written after the option -o.
//
// A point is one of
//     beginning   the first offset
//     end         the offset after the last record
//     stored      the offset that the group has committed
//     N           the offset N
//     -N          N offsets before the end
//     @TIME       the first record at or after TIME: epoch ms, RFC 3339, or an age (@1h)
//
// A range is FROM, FROM:TO or :TO. As in kcat, s@MS sets the start and e@MS the end.
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
    OFFSET_NONE,    // not given
    OFFSET_REFUSED, // the group must have committed an offset: auto.offset.reset=error
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

// Parses one -o argument into the range. `now`, in ms since 1970, is the time from which durations
// count back. Returns 0, or -1 with EX_USAGE.
int offset_spec_parse(const char *text, int64_t now, struct offset_range *range, struct err *err);

// Parses a TIME as it stands after the @. Returns 0, or -1 if it is something else.
int offset_spec_parse_time(const char *text, int64_t now, int64_t *ms);

// Asks the broker, for up to client->wait, which offset a point stands for at this moment. The
// point must not be OFFSET_NONE, OFFSET_REFUSED or OFFSET_STORED. The offset is never before the
// partition's first one. For OFFSET_TIME and OFFSET_TAIL it is never after the partition's end.
// Returns 0, or -1 with *err set.
int offset_spec_resolve(struct client *client, const char *topic, int32_t partition,
                        struct offset_point point, int64_t *offset, struct err *err);

#endif
