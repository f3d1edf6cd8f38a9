// SPDX-License-Identifier: BSD-2-Clause
#include "base/line.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#define BLOCK (256u << 10)

void line_reader_init(struct line_reader *r, int fd, size_t max_line)
{
    *r = (struct line_reader){
        .fd = fd, .max_line = max_line, .delim = "\n", .delim_len = 1, .size = 2 * BLOCK};
    r->data = xmalloc(r->size + BUF_PADDING);
    memset(r->data, 0, r->size + BUF_PADDING);
}

void line_reader_release(struct line_reader *r)
{
    free(r->data);
    r->data = NULL;
}

void line_reader_continue(struct line_reader *r, int fd)
{
    r->fd = fd;
    r->eof = false;
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

// Hands out len bytes as a line, and steps over them and over what ends them: `end` bytes.
static void hand_out(struct line_reader *r, struct line *line, size_t len, size_t end)
{
    *line = (struct line){.data = r->data + r->start,
                          .len = len,
                          .full_len = r->skipped + len,
                          .number = ++r->number,
                          .unterminated = end == 0};
    // The bytes that were skipped came after the LINE_KEEP bytes at the start of the buffer.
    if (line->full_len > r->max_line && line->len > LINE_KEEP && line->full_len > limit(r))
        line->len = LINE_KEEP;
    r->bytes += line->full_len + end;
    r->start += len + end;
    r->scanned = r->start;
    r->skipped = 0;
}

// Returns whether the line of len bytes at the start of the buffer, with its delimiter, is the last
// one so far, and is held until something follows it.
static bool is_held(const struct line_reader *r, size_t len)
{
    return r->start + len + r->delim_len == r->end && r->hold != NULL &&
           r->hold(r->data + r->start, len);
}

// Returns the first delimiter that has not been scanned, or NULL.
static const char *find_delimiter(const struct line_reader *r)
{
    size_t left = r->end - r->scanned;

    if (left == 0 || r->delim_len == 0)
        return NULL;
    if (r->delim_len == 1)
        return memchr(r->data + r->scanned, r->delim[0], left);
    return memmem(r->data + r->scanned, left, r->delim, r->delim_len);
}

// Returns how many bytes at the end of the buffer may be the beginning of a delimiter.
static size_t open_end(const struct line_reader *r)
{
    size_t most = r->delim_len > 1 ? r->delim_len - 1 : 0, left = r->end - r->scanned;

    return left < most ? left : most;
}

// Drops the bytes of a too long line that are not kept, and that are not open.
static void skip_excess(struct line_reader *r, size_t open)
{
    size_t have = r->end - r->start - open;

    memmove(r->data + r->start + LINE_KEEP, r->data + r->end - open, open);
    r->skipped += have - LINE_KEEP;
    r->scanned = r->start + LINE_KEEP;
    r->end = r->scanned + open;
}

bool line_next(struct line_reader *r, struct line *line)
{
    const char *delimiter = find_delimiter(r);

    if (delimiter != NULL) {
        size_t len = (size_t)(delimiter - (r->data + r->start));
        bool held = is_held(r, len);
        if (held && !r->eof) {
            r->scanned = r->end - r->delim_len;
            return false;
        }
        hand_out(r, line, len, r->delim_len);
        line->unterminated = held;
        return true;
    }
    if (r->eof) {
        if (r->end == r->start)
            return false;
        hand_out(r, line, r->end - r->start, 0);
        return true;
    }
    size_t open = open_end(r), have = r->end - r->start - open;
    r->scanned = r->end - open;
    if (have + r->skipped > r->max_line && have > LINE_KEEP && have + r->skipped > limit(r))
        skip_excess(r, open);
    return false;
}
