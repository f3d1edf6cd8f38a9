// SPDX-License-Identifier: BSD-2-Clause
//
// metrics: figures for Prometheus, in its text format (version 0.0.4), as node_exporter's textfile
// collector reads it: https://prometheus.io/docs/instrumenting/exposition_formats/
//
//     struct metrics m = {.b = &b, .stage = "loginclean"};
//     metrics_family(&m, "loginpipe_records_total", "counter", "Records by outcome.");
//     metrics_put_u64(&m, 1000, "outcome", "in", NULL);
//     metrics_put_u64(&m, 990, "outcome", "out", NULL);
//
// appends
//
//     # HELP loginpipe_records_total Records by outcome.
//     # TYPE loginpipe_records_total counter
//     loginpipe_records_total{stage="loginclean",outcome="in"} 1000
//     loginpipe_records_total{stage="loginclean",outcome="out"} 990
//
// A struct metrics_file is a file that is written anew now and then, all at once, so that a reader
// never sees half of it.
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/err.h"

#define METRICS_EVERY (10 * MS_SECOND) // between two versions of the file

// --- The text ---

struct metrics {
    struct buf *b;
    const char *stage;  // the first label of each sample; NULL for none
    const char *family; // set by metrics_family()
};

// Begins a family of samples. `type` is "counter", "gauge" or "histogram". Borrows the name.
void metrics_family(struct metrics *m, const char *name, const char *type, const char *help);

// Appends a sample of the family. After the value come names and values of labels, and then NULL.
__attribute__((sentinel)) void metrics_put_u64(struct metrics *m, uint64_t value, ...);

// The same for a duration, or a moment since 1970, in ms. Prometheus counts in seconds.
__attribute__((sentinel)) void metrics_put_ms(struct metrics *m, int64_t ms, ...);

// Appends one label, escaped: name="value".
void metrics_put_label(struct buf *b, const char *name, const char *value);

// --- Durations ---

// How many durations were at most 5, 10, 25, 50, 100, 250, 500 ms, 1, 2.5, 5, 10 s, and all of
// them.
#define METRICS_BOUNDS 11

struct metrics_durations {
    uint64_t within[METRICS_BOUNDS + 1]; // between a bound and the one before it
    int64_t sum;                         // ms
};

void metrics_durations_add(struct metrics_durations *d, int64_t ms);

// Appends a histogram as a family of its own.
void metrics_put_durations(struct metrics *m, const char *name, const char *help,
                           const struct metrics_durations *d);

// --- The file ---

struct metrics_file {
    const char *name; // borrowed; NULL for none
    int64_t due;      // the time_monotonic() of the next version
    bool failed;      // a warning has said so
};

// Checks that the file can be written, so that a wrong name is found at the start. Neither leaves a
// new file nor changes an old one. Returns 0, or -1 with EX_CANTCREAT.
int metrics_file_check(const struct metrics_file *f, struct err *err);

// Returns the time in ms until the file is due: 0 if it is due now, -1 if there is no file.
int64_t metrics_file_wait(const struct metrics_file *f);

// Writes the file, which must have a name, under FILE.tmp at first. The next version is due after
// METRICS_EVERY. Warns if this fails for the first time in a row, and continues: figures are not
// worth an end.
void metrics_file_write(struct metrics_file *f, const struct buf *text);

#endif
