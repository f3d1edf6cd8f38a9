// SPDX-License-Identifier: BSD-2-Clause
//
// out: buffered writing to a descriptor that misses no error.
//
// The owner appends lines to buf and calls out_line_done() after each; that writes once OUT_FLUSH
// bytes have collected. The stream driver also flushes before any read that would block. Writes are
// complete: EINTR is retried, and a write of zero bytes counts as a full disk (ENOSPC). The first
// error sticks: every later flush fails with it.
//
//     struct out o;
//     out_init(&o, STDOUT_FILENO, "stdout");
//     buf_puts(&o.buf, "a line\n");
//     if (out_line_done(&o) != 0 || out_close(&o) != 0)
//         out_error(&o, &err);
//     out_release(&o);
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
    const char *name; // of the file, for messages; borrowed
    struct buf buf;
    uint64_t bytes; // written to fd
    int error;      // errno of the first failure; 0 before it

    // Called each time a signal interrupts a blocked write; may be NULL.
    void (*interrupted)(void *ctx);
    void *ctx;
};

// The caller keeps the descriptor, unless it calls out_close().
void out_init(struct out *o, int fd, const char *name);
void out_release(struct out *o);

// Opens a file to append to, and creates it if it does not exist. option is the command-line option
// that names the file, for the message. Returns 0, or -1 with EX_CANTCREAT; release o in both
// cases.
int out_open_append(struct out *o, const char *file, const char *option, struct err *err);

// Writes everything that is buffered. Returns 0, or -1 with o->error set.
int out_flush(struct out *o);

// Call it after appending a whole line to o->buf: flushes if there are OUT_FLUSH bytes.
static inline int out_line_done(struct out *o)
{
    return o->buf.len >= OUT_FLUSH ? out_flush(o) : 0;
}

// Flushes and closes the descriptor, since some errors show only at close. Returns 0, or -1 with
// o->error set.
int out_close(struct out *o);

// The number of whole lines in the buffer, which were appended and not written.
uint64_t out_pending_lines(const struct out *o);

// Fills *err with "name: why" for o->error and EX_IOERR. Returns -1.
int out_error(const struct out *o, struct err *err);

#endif
