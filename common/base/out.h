// SPDX-License-Identifier: BSD-2-Clause
//
// out: buffered writing to a descriptor, with every error seen.
//
// Bytes collect until OUT_FLUSH of them are there, or the owner flushes (the stream driver does
// before any read that would block). Writes are in full: EINTR is retried, and a write of zero
// bytes is taken as a full disk. The first error sticks and later calls return it again.
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define OUT_FLUSH (64u << 10)

struct out {
    int fd;
    const char *name; // for messages; borrowed
    struct buf buf;
    uint64_t bytes; // written to fd
    int error;      // errno of the first failure, 0 while there is none

    // Called each time a blocked write is interrupted by a signal; NULL when nobody wants it.
    void (*interrupted)(void *ctx);
    void *ctx;
};

// The descriptor stays the caller's until out_close().
void out_init(struct out *o, int fd, const char *name);
void out_release(struct out *o);

// Opens a file to append to, and creates it if it does not exist. option is the command-line option
// that names the file, for the message. Returns 0, or -1 with EX_CANTCREAT; release o in both
// cases.
int out_open_append(struct out *o, const char *file, const char *option, struct err *err);

// Writes all that is buffered. Returns 0, or -1 with o->error set.
int out_flush(struct out *o);

// To be called after a whole line was appended to o->buf: flushes when enough is there.
static inline int out_line_done(struct out *o)
{
    return o->buf.len >= OUT_FLUSH ? out_flush(o) : 0;
}

// Flushes and closes, so that an error that only close() tells is not missed.
int out_close(struct out *o);

// How many lines are in the buffer, that is, accepted and never written.
uint64_t out_pending_lines(const struct out *o);

// Fills *err with "name: reason" for o->error; EX_IOERR.
int out_error(const struct out *o, struct err *err);

#endif
