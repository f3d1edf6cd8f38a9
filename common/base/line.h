// SPDX-License-Identifier: BSD-2-Clause
//
// line: newline-delimited input, read in large blocks and handed out without copying.
//
// A line is a view into the reader's buffer: it dies at the next line_fill(). Behind its bytes
// there are always BUF_PADDING more that may be read, as json_parse() asks. A line longer than
// the reader's limit is handed out once, cut to LINE_KEEP bytes, with its true length.
//
//     struct line_reader r;
//     line_reader_init(&r, STDIN_FILENO, LINE_MAX_DEFAULT);
//     while (line_fill(&r) > 0)        // a read that may block
//         while (line_next(&r, &line)) // all that has arrived
//             use(line.data, line.len);
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LINE_MAX_DEFAULT (16u << 20)
#define LINE_KEEP (64u << 10)
#define LINE_EXEMPT 8

// Where a record came from in Kafka; absent for lines of a file or pipe.
struct line_origin {
    const char *topic;
    int32_t partition;
    int64_t offset;
};

struct line {
    const char *data; // without its newline; may hold NUL bytes
    size_t len;
    uint64_t number;                  // counted from 1
    size_t full_len;                  // more than len when the line was over the limit and cut
    bool unterminated;                // the input ended without a newline
    const struct line_origin *origin; // NULL unless known
};

struct line_reader {
    int fd;
    size_t max_line;
    // Lines for which this says so, NULL for none, may be LINE_EXEMPT times as long.
    bool (*exempt)(const char *data, size_t len);
    char *data;
    size_t size;       // bytes in data, padding not counted
    size_t start, end; // what has been read and not handed out
    size_t scanned;    // no newline before this
    uint64_t number;
    uint64_t bytes; // handed out, newlines counted
    size_t skipped; // length so far of a line over the limit; 0 when not in one
    bool eof;
};

void line_reader_init(struct line_reader *r, int fd, size_t max_line);
void line_reader_release(struct line_reader *r);

// Reads once. Returns 1 when something arrived, 0 at the end of the input, -1 with errno (EINTR
// too, so that a caller can look at its signals).
int line_fill(struct line_reader *r);

// Hands out the next line that is complete, or, at the end of the input, what is left.
bool line_next(struct line_reader *r, struct line *line);

#endif
