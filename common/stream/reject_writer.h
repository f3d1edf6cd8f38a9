// SPDX-License-Identifier: BSD-2-Clause
//
// reject_writer: writes a stage's rejects where --rejects says: to stderr, to a file, or in-band.
// In-band means among the lines of stdout. If stderr is a terminal, a reject on it shows only the
// beginning of a long record.
//
// Rejects are buffered. The owner flushes the writer when reject_writer_is_full() returns true, and
// before it commits anything. In-band rejects are in the buffer of stdout, which the owner flushes
// anyway.
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
#include "stream/tally.h"

struct reject_writer {
    struct out *to; // points to `own` or, in-band, to the stage's stdout
    struct out own; // for the file or stderr
    bool in_band;
    bool own_file; // `own` is an open file
    bool brief;    // `own` is a terminal: long records are cut
    bool cut;      // one was cut
};

// Opens the destination. `dest` is the name of a file, "-" for in-band on main_out, or NULL for
// stderr. dest and main_out must outlive the writer. Returns 0, or -1 with EX_CANTCREAT; release
// the writer in both cases.
int reject_writer_open(struct reject_writer *w, const char *dest, struct out *main_out,
                       struct err *err);

// Appends a reject to the buffer. Never writes the buffer out.
void reject_writer_put(struct reject_writer *w, const struct reject *reject, const char *stage,
                       const struct line *line);

// Returns whether it is time to flush. In-band, always returns false.
bool reject_writer_is_full(const struct reject_writer *w);

// Writes the buffer; does nothing in-band. Returns 0, or -1 with *err set.
int reject_writer_flush(struct reject_writer *w, struct err *err);

// Opens a file anew; see out_reopen_append(). Does nothing for the other destinations.
int reject_writer_reopen(struct reject_writer *w, struct err *err);

// On a terminal, where long rejects are cut and many scroll away, warns how many there were for
// each reason. Does nothing for the other destinations.
void reject_writer_sum_up(const struct reject_writer *w, const struct tally *by_reason);

// Flushes and closes a file, since some errors are reported only then. Does nothing for the other
// destinations. Returns 0, or -1 with *err set.
int reject_writer_close(struct reject_writer *w, struct err *err);
void reject_writer_release(struct reject_writer *w);

#endif
