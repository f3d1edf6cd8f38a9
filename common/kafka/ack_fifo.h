// SPDX-License-Identifier: BSD-2-Clause
//
// ack_fifo: acknowledgements of marks, from the last stage of a pipe back to the first. The last
// stage writes a mark's line into a FIFO once every line before the mark is stored. An
// acknowledgement covers all earlier marks too.
//
// Each end creates the FIFO if it is missing, and neither end waits for the other.
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
    int fd; // for poll(2); -1 when the FIFO is not open
    struct line_reader in;
    struct json *json;
    struct mark mark;
};

// Opens the FIFO for reading. Returns 0, or -1 with EX_CANTCREAT; release the reader in both cases.
int ack_reader_open(struct ack_reader *r, const char *path, struct err *err);
void ack_reader_release(struct ack_reader *r);

// Reads the lines that have arrived, without waiting, and puts the highest acknowledged seq of this
// run into *seq. Ignores empty lines, marks of other runs, and lines that are not marks. Returns 1;
// 0 when no mark of this run has arrived; or -1 with EX_IOERR.
int ack_reader_newest(struct ack_reader *r, const char *run, uint64_t *seq, struct err *err);

struct ack_writer {
    int fd;
    struct buf line, next; // the line being written, and the newest one after it
    size_t written;        // bytes of line
    bool started;          // some bytes were written since the FIFO was opened
};

// Opens the FIFO for writing. Returns 0, or -1 with EX_CANTCREAT; release the writer in both cases.
int ack_writer_open(struct ack_writer *w, const char *path, struct err *err);
void ack_writer_release(struct ack_writer *w);

// Queues an acknowledgement: the mark's line, without its newline. It replaces a queued one of
// which nothing has been written yet. The writer begins with an empty line, because an earlier
// writer may have left half a line.
void ack_writer_put(struct ack_writer *w, const char *data, size_t len);

// Writes as much as the FIFO accepts without waiting; a later call writes the rest. Returns 0, or
// -1 with EX_IOERR.
int ack_writer_flush(struct ack_writer *w, struct err *err);

#endif
