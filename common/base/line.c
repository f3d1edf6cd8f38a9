// SPDX-License-Identifier: BSD-2-Clause
#include "base/line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#define BLOCK (256u << 10)

void line_reader_init(struct line_reader *r, int fd, size_t max_line)
{
    *r = (struct line_reader){.fd = fd, .max_line = max_line, .size = 2 * BLOCK};
    r->data = xmalloc(r->size + BUF_PADDING);
    memset(r->data, 0, r->size + BUF_PADDING);
}

void line_reader_release(struct line_reader *r)
{
    free(r->data);
    r->data = NULL;
}

static void make_room(struct line_reader *r)
{
    if (r->start > 0) {
        memmove(r->data, r->data + r->start, r->end - r->start);
        r->scanned -= r->start;
        r->end -= r->start;
        r->start = 0;
    }
    if (r->size - r->end < BLOCK) {
        r->size *= 2;
        r->data = xreallocarray(r->data, 1, r->size + BUF_PADDING);
        memset(r->data + r->end, 0, r->size + BUF_PADDING - r->end);
    }
}

int line_fill(struct line_reader *r)
{
    if (r->eof)
        return 0;
    if (r->size - r->end < BLOCK)
        make_room(r);
    ssize_t n = read(r->fd, r->data + r->end, BLOCK);
    if (n < 0)
        return -1;
    if (n == 0)
        r->eof = true;
    r->end += (size_t)n;
    return n > 0;
}

// Returns the length that the line at the start of the buffer may have.
static size_t limit(const struct line_reader *r)
{
    bool exempt = r->exempt != NULL && r->exempt(r->data + r->start, r->end - r->start);

    return exempt ? LINE_EXEMPT * r->max_line : r->max_line;
}

// Hands out len bytes as a line, and steps over them and over their newline, if there is one.
static void hand_out(struct line_reader *r, struct line *line, size_t len, bool newline)
{
    *line = (struct line){.data = r->data + r->start,
                          .len = len,
                          .full_len = r->skipped + len,
                          .number = ++r->number,
                          .unterminated = !newline};
    // The bytes that were skipped came after the LINE_KEEP bytes at the start of the buffer.
    if (line->full_len > r->max_line && line->len > LINE_KEEP && line->full_len > limit(r))
        line->len = LINE_KEEP;
    r->bytes += line->full_len + newline;
    r->start += len + newline;
    r->scanned = r->start;
    r->skipped = 0;
}

// Returns whether the line of len bytes at the start of the buffer, with its newline, is the last
// one so far, and is held until something follows it.
static bool is_held(const struct line_reader *r, size_t len)
{
    return r->start + len + 1 == r->end && r->hold != NULL && r->hold(r->data + r->start, len);
}

// Drops the bytes of a too long line that are not kept.
static void skip_excess(struct line_reader *r)
{
    size_t have = r->end - r->start;

    r->skipped += have - LINE_KEEP;
    r->end = r->start + LINE_KEEP;
    r->scanned = r->end;
}

bool line_next(struct line_reader *r, struct line *line)
{
    const char *newline = NULL;

    if (r->end > r->scanned)
        newline = memchr(r->data + r->scanned, '\n', r->end - r->scanned);
    if (newline != NULL) {
        size_t len = (size_t)(newline - (r->data + r->start));
        bool held = is_held(r, len);
        if (held && !r->eof) {
            r->scanned = r->end - 1;
            return false;
        }
        hand_out(r, line, len, true);
        line->unterminated = held;
        return true;
    }
    r->scanned = r->end;
    if (r->eof) {
        if (r->end == r->start)
            return false;
        hand_out(r, line, r->end - r->start, false);
        return true;
    }
    if (r->end - r->start + r->skipped > r->max_line && r->end - r->start > LINE_KEEP &&
        r->end - r->start + r->skipped > limit(r))
        skip_excess(r);
    return false;
}
