// SPDX-License-Identifier: BSD-2-Clause
//
// metrics_merge: reads what base/metrics has written, of several programs, and makes one text of
// it, in which each family has one HELP, one TYPE and all of its samples. It also tells the values.
//
//     struct metrics_merge m = {0};
//     metrics_merge_file(&m, "dir/kcat-in", "group=\"g\""); // false if there is no such file
//     metrics_merge_put(&m, &b);
//     double lag;
//     if (metrics_merge_sum(&m, "loginpipe_consumer_lag", &lag, "stage", "kcat-in", NULL) > 0)
//         ...
//     metrics_merge_release(&m);
//
// Each sample gets further labels, which metrics_put_label() has written, with a comma between two.
// They come first. A line that is not of the format, or is cut in half, is
// left out. So is a HELP or TYPE of a family that has one already.
#ifndef BASE_METRICS_MERGE_H
#define BASE_METRICS_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct metrics_merge_family {
    char *name;
    struct buf help, type; // whole lines; empty while there is none
    struct buf samples;    // lines
};

struct metrics_merge {
    struct metrics_merge_family *family;
    size_t count;
};

void metrics_merge_release(struct metrics_merge *m);

// Adds the lines of a text. `labels` is NULL for no more labels.
void metrics_merge_add(struct metrics_merge *m, const char *text, size_t len, const char *labels);

// Adds the lines of a file. Returns false, with errno set, if it cannot be read.
bool metrics_merge_file(struct metrics_merge *m, const char *file, const char *labels);

// Appends all families, in the order in which they were added.
void metrics_merge_put(const struct metrics_merge *m, struct buf *b);

// Adds up the samples with this name that have all of these labels: pairs of a name and a value,
// and then NULL. Returns how many samples there are. Without any, the sum is 0.
__attribute__((sentinel)) size_t metrics_merge_sum(const struct metrics_merge *m, const char *name,
                                                   double *sum, ...);

#endif
