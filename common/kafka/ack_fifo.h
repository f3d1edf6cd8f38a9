// SPDX-License-Identifier: BSD-2-Clause
//
// ack_fifo: acknowledgements of marks, from the last stage of a pipe back to the first. The last
// one writes a mark line into a FIFO once all that came before the mark is safe; a later
// acknowledgement covers all earlier ones.
//
// The FIFO is made where it is missing, and neither end waits for the other.
//
//     struct ack_reader r;                                struct ack_writer w;
//     ack_reader_open(&r, "acks", &err);                  ack_writer_open(&w, "acks", &err);
//     if (ack_reader_newest(&r, run, &seq, &err) > 0)     ack_writer_put(&w, line, len);
//         commit(seq);                                    ack_writer_flush(&w, &err);
//     ack_reader_release(&r);                             ack_writer_release(&w);
#ifndef KAFKA_ACK_FIFO_H
#define KAFKA_ACK_FIFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "json/json.h"
#include "stream/mark.h"

struct ack_reader {
    int fd; // for poll(2); -1 when it is not open
    struct line_reader in;
    struct json *json;
    struct mark mark;
};

// Returns 0, or -1 with EX_CANTCREAT. It can be released after a failure too.
int ack_reader_open(struct ack_reader *r, const char *path, struct err *err);
void ack_reader_release(struct ack_reader *r);

// Reads what has come, without waiting, and puts the highest seq acknowledged of this run into
// *seq. Empty lines, those of other runs, and what is no mark, are passed over. Returns 1, 0 when
// there is none, or -1 with EX_IOERR.
int ack_reader_newest(struct ack_reader *r, const char *run, uint64_t *seq, struct err *err);

struct ack_writer {
    int fd;
    struct buf line, next; // the one that is being written, and the newest behind it
    size_t written;        // of line
    bool started;          // something was written since it was opened
};

// Returns 0, or -1 with EX_CANTCREAT. It can be released after a failure too.
int ack_writer_open(struct ack_writer *w, const char *path, struct err *err);
void ack_writer_release(struct ack_writer *w);

// Takes an acknowledgement, a line without its newline. One that could not be written yet is
// replaced. An empty line goes before the first one.
void ack_writer_put(struct ack_writer *w, const char *data, size_t len);

// Writes what the FIFO takes without waiting; a reader that is slow gets the rest later. Returns 0,
// or -1 with EX_IOERR.
int ack_writer_flush(struct ack_writer *w, struct err *err);

#endif
