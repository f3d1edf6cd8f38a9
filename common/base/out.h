// SPDX-License-Identifier: BSD-2-Clause
//
// out: buffered writing to a descriptor, with complete error checking.
//
// The owner appends lines to buf and calls out_line_done() after each. This flushes the buffer when
// it has OUT_FLUSH bytes. The stream driver also flushes before any read that would block. A flush
// writes everything: it retries after EINTR, and treats a write of zero bytes as a full disk
// (ENOSPC). After the first error, every later flush fails with the same error.
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
    int error;      // errno of the first failure; 0 if there was none

    // Called each time a signal interrupts a blocked write; may be NULL.
    void (*interrupted)(void *ctx);
    void *ctx;
};

// Starts writing to a descriptor. The caller still owns the descriptor, and must close it unless
// out_close() is called.
void out_init(struct out *o, int fd, const char *name);
void out_release(struct out *o);

// Opens a file to append to, and creates it if it does not exist. If the file ends in half a line,
// puts a newline into the buffer, so that this line stays apart. option is the command-line option
// that names the file, for the message. Returns 0, or -1 with EX_CANTCREAT; release o in both
// cases.
int out_open_append(struct out *o, const char *file, const char *option, struct err *err);

// Opens the file of out_open_append() anew, because it may have been renamed. What is buffered goes
// to the old file. Returns 0, or -1 with *err set. If the status is EX_CANTCREAT, o still writes to
// the old file.
int out_reopen_append(struct out *o, const char *option, struct err *err);

// Writes everything that is buffered. Returns 0, or -1 with o->error set.
int out_flush(struct out *o);

// Flushes if the buffer has OUT_FLUSH bytes. Call this after appending a whole line to o->buf.
static inline int out_line_done(struct out *o)
{
    return o->buf.len >= OUT_FLUSH ? out_flush(o) : 0;
}

// Returns whether fd is a pipe or a socket whose reader has closed it. Writing would then fail with
// EPIPE.
bool out_reader_gone(const struct out *o);

// Flushes, and closes the descriptor, since some errors are reported only then. Returns 0, or -1
// with o->error set.
int out_close(struct out *o);

// Returns the number of whole lines in the buffer that have not been written.
uint64_t out_pending_lines(const struct out *o);

// Sets *err to EX_IOERR and "name: why", where `why` describes o->error. Returns -1.
int out_error(const struct out *o, struct err *err);

#endif
