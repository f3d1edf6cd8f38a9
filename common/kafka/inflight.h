// SPDX-License-Identifier: BSD-2-Clause
//
// inflight: which marks are reached, when the lines between them arrive in any order. A mark is
// reached when all lines before it have arrived; lines behind it go on meanwhile. With each line as
// the mark behind itself it gives lines back in their order.
//
//     struct inflight w = {0};
//     segment = inflight_sent(&w);               // a line goes off
//     inflight_mark(&w, line, len);             // a mark comes behind it
//     inflight_acked(&w, segment);               // the line has arrived
//     if (inflight_reached(&w, &newest))        // then the mark is reached
//         ...
//     inflight_release(&w);
//
// The lines between two marks are an segment. Its number fits 15 bits, so that it can travel with a
// line.
#ifndef KAFKA_INFLIGHT_H
#define KAFKA_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define INFLIGHT_SEGMENTS 32768u   // in flight at a time, and the range of their numbers
#define INFLIGHT_BYTES (64u << 20) // of marks; about, since the last one may be longer

struct inflight_segment {
    uint64_t under_way;
    char *mark; // the line of the mark that ends it; NULL while it is open
    size_t len;
    bool dropped;
};

struct inflight {
    struct inflight_segment *segment; // from first on; the last one is open
    size_t count, capacity;
    uint32_t first; // number of segment[0]
    size_t bytes;   // of marks
};

void inflight_release(struct inflight *w);

// A line goes off. Returns the number of its segment.
uint32_t inflight_sent(struct inflight *w);

// A line of that segment has arrived, for good.
void inflight_acked(struct inflight *w, uint32_t segment);

// Ends the segment by a mark, which is copied. The window must not be full.
void inflight_mark(struct inflight *w, const char *line, size_t len);
bool inflight_is_full(const struct inflight *w);

// The mark that ends an segment, or will end it, is not to come out of inflight_pass().
void inflight_drop(struct inflight *w, uint32_t segment);

// Puts the newest mark that is reached into line, and forgets it and those before. Returns false
// when there is none.
bool inflight_reached(struct inflight *w, struct buf *line);

// Hands out all marks that are reached, in their order, and forgets them. Ends early when take
// returns other than 0, and returns that.
int inflight_pass(struct inflight *w, int (*take)(void *ctx, const char *mark, size_t len),
                  void *ctx);

#endif
