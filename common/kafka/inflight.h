// SPDX-License-Identifier: BSD-2-Clause
//
// inflight: keeps track of the lines on their way to the broker and of the marks between them.
// Lines may be acknowledged in any order. A mark is reached when all lines before it are
// acknowledged. The stage does not wait for that before it sends more lines.
//
//     struct inflight w = {0};
//     segment = inflight_sent(&w);       // a line is sent
//     inflight_mark(&w, mark, len);      // a mark follows it
//     inflight_acked(&w, segment);       // the line is acknowledged
//     if (inflight_reached(&w, &newest)) // so the mark is reached
//         ...
//     inflight_release(&w);
//
// The lines between two marks form a segment. If the caller adds each line as the mark of its own
// segment, inflight_pass() passes on the lines in their order.
#ifndef KAFKA_INFLIGHT_H
#define KAFKA_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

// There is no room once there are so many segments, or the marks have so many bytes. More segments
// took more memory and brought no speed.
#define INFLIGHT_SEGMENTS 32768u
#define INFLIGHT_BYTES (64u << 20)

struct inflight_segment {
    uint64_t unacked; // lines that are not acknowledged yet
    char *mark;       // the line of the mark that ends the segment; NULL while it is open
    size_t len;
    bool dropped; // inflight_pass() leaves the mark out
};

struct inflight {
    struct inflight_segment *segment; // the last one is open
    size_t count, capacity;
    uint32_t first; // the number of segment[0]; after the highest number comes 0
    size_t bytes;   // of marks
};

void inflight_release(struct inflight *w);

// Notes that a line is sent. Returns the number of its segment.
uint32_t inflight_sent(struct inflight *w);

// Notes that a line of the segment is acknowledged.
void inflight_acked(struct inflight *w, uint32_t segment);

// Returns whether there is no room for another mark until one is reached.
bool inflight_is_full(const struct inflight *w);

// Ends the open segment with a mark, which is copied. There must be room.
void inflight_mark(struct inflight *w, const char *line, size_t len);

// Makes inflight_pass() leave out the mark that ends the segment, even if it is added later.
void inflight_drop(struct inflight *w, uint32_t segment);

// Removes all marks that are reached, and puts the newest one into line. Returns false when no mark
// is reached.
bool inflight_reached(struct inflight *w, struct buf *line);

// Removes all marks that are reached, and passes each to pass(), in order. If pass() returns
// something other than 0, it is not called again, and that value is returned.
int inflight_pass(struct inflight *w, int (*pass)(void *ctx, const char *mark, size_t len),
                  void *ctx);

#endif
