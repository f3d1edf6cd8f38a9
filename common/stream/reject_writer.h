// SPDX-License-Identifier: BSD-2-Clause
//
// reject_writer: where a stage's rejects go: stderr, a file that is appended to, or in-band among
// the lines of stdout.
//
//     struct reject_writer w;
//     reject_writer_open(&w, "-", &stdout_out, &err);
//     reject_writer_put(&w, &reject, "loginclean", line);
//     reject_writer_flush(&w, &err);
//     reject_writer_close(&w, &err);
//     reject_writer_release(&w);
#ifndef STREAM_REJECT_WRITER_H
#define STREAM_REJECT_WRITER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/line.h"
#include "base/out.h"
#include "stream/reject.h"

struct reject_writer {
    struct out *to; // own, or the stage's stdout
    struct out own;
    bool in_band;
    bool own_file;
};

// dest is a file, "-" for in-band on main_out, or NULL for stderr. Returns 0, or -1 with
// EX_CANTCREAT. It can be released after a failure too.
int reject_writer_open(struct reject_writer *w, const char *dest, struct out *main_out,
                       struct err *err);

// Appends a reject to what is to be written. Whoever calls flushes when enough is there: by
// reject_writer_is_full(), or, in-band, as it does its other lines.
void reject_writer_put(struct reject_writer *w, const struct reject *reject, const char *stage,
                       const struct line *line);
bool reject_writer_is_full(const struct reject_writer *w);

// Writes out what is buffered, but leaves what goes in-band to the owner of stdout. Returns 0, or
// -1 with *err set.
int reject_writer_flush(struct reject_writer *w, struct err *err);

// Closes a file, since some errors show only then.
int reject_writer_close(struct reject_writer *w, struct err *err);
void reject_writer_release(struct reject_writer *w);

#endif
