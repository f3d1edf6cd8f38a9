// SPDX-License-Identifier: BSD-2-Clause
//
// line: reads newline-delimited input in large blocks and hands out lines without copying them.
// Lines may also end in another delimiter; or the whole input may be one line.
//
// A line points into the reader's buffer and is valid until the next line_fill(). After its bytes
// there are always BUF_PADDING more that may be read, as json_parse() requires. A line that is
// longer than the reader's limit is cut to LINE_KEEP bytes; full_len is its full length.
//
//     struct line_reader r;
//     struct line line;
//     line_reader_init(&r, STDIN_FILENO, LINE_MAX_DEFAULT);
//     do {
//         while (line_next(&r, &line)) // every complete line in the buffer
//             use(line.data, line.len);
//     } while (!r.eof && line_fill(&r) >= 0); // may block
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define LINE_MAX_DEFAULT (16u << 20) // bytes
#define LINE_KEEP (64u << 10)        // bytes that are kept of a longer line
#define LINE_EXEMPT 8                // an exempt line may be as many times longer than the limit

struct origin;

struct line {
    const char *data; // without its delimiter; may hold NUL bytes
    size_t len;
    uint64_t number;       // the first line is 1
    size_t full_len;       // more than len if the line was over the limit and cut
    bool unterminated;     // the last line of the input, without a delimiter, or held (see below)
    struct origin *origin; // its Kafka message (stream/origin.h); NULL if nothing is known of it
};

struct line_reader {
    int fd;
    size_t max_line;
    // What ends a line: "\n", unless it is set before the first line_next(). Borrowed. If delim_len
    // is 0, the input is one line, or none if it is empty.
    const char *delim;
    size_t delim_len;
    // Returns whether a line is exempt: whether it may be LINE_EXEMPT times as long as max_line.
    // The arguments are the bytes of the line that have been read so far. NULL if no line is
    // exempt.
    bool (*exempt)(const char *data, size_t len);
    // Returns whether a line is held: whether it is handed out only once another byte has followed
    // it. At the end of the input, a held line is handed out as if it had no newline. NULL if no
    // line is held. May be set between two lines.
    bool (*hold)(const char *data, size_t len);
    char *data;
    size_t size;       // bytes in data, padding not counted
    size_t start, end; // the bytes that have been read and not handed out
    size_t scanned;    // no delimiter begins between `start` and this index
    uint64_t number;
    uint64_t bytes; // bytes handed out, with delimiters
    size_t skipped; // bytes dropped so far from a line over the limit; 0 otherwise
    bool eof;
};

void line_reader_init(struct line_reader *r, int fd, size_t max_line);
void line_reader_release(struct line_reader *r);

// Goes on with another descriptor, once all lines of the one before are handed out.
void line_reader_continue(struct line_reader *r, int fd);

// Calls read(2) once. Returns 1 if bytes arrived, 0 at the end of the input, or -1 with errno set.
// EINTR is also returned, so that the caller can check for signals.
int line_fill(struct line_reader *r);

// Hands out the next complete line in the buffer, unless it is held. At the end of the input, this
// includes a last line that is held or has no delimiter. Returns false if the buffer has no further
// line.
bool line_next(struct line_reader *r, struct line *line);

#endif
