// SPDX-License-Identifier: BSD-2-Clause
//
// coverage: which offsets of the input have been merged, and which event time has been reached.
//
// For each partition, the offsets of the covers must follow each other. So nothing is lost or
// counted twice unnoticed:
//
// - A gap means that partials are lost. So does a cover that lacks lines.
// - A cover of offsets that have all been merged is known already. Its partials must be dropped.
// - A cover of which only a part is known is an overlap.
//
// The input may begin inside covers, if nothing is known of what came before: until the first cover
// closes, lines of covers that were not opened are dropped. After a restart this is not so.
//
// The times of a cover count when it closes; see coverage_watermark.h.
//
//     struct coverage c = COVERAGE_INIT;
//     switch (coverage_open(&c, &cover, &err)) ... // at an opening line
//     switch (coverage_take(&c, &cover, &err)) ... // at each line of a partial: merge it or not
//     switch (coverage_close(&c, &cover, &err)) ... // at a closing line
//     coverage_release(&c);
//
// The covers of several runs may be mixed, since each run writes its own transactions.
#ifndef INSIGHT_COVERAGE_H
#define INSIGHT_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log_limit.h"
#include "insight/cover.h"
#include "stream/mark.h"

struct coverage_partition {
    char *topic;
    int32_t partition;
    int64_t next;   // the first offset that is not covered
    int64_t newest; // the last time that covers have given, or MARK_NO_TIME
    bool done;      // no record will come
    bool open;      // a cover of it is open
};

// The newest time of a partition, which counts when the open cover that gives it closes.
struct pending_time {
    struct coverage_partition *partition;
    int64_t newest;
};

// A cover of which the closing line is missing.
struct open_cover {
    char run[MARK_RUN_SIZE];
    uint64_t seq, lines; // lines of partials that have come
    bool cut;            // its opening line is before the start of the input
    bool dropped;        // its partials are: they were known already, or they cannot be merged
    struct pending_time *pending;
    size_t count;
};

// The partition that holds the watermark back.
struct coverage_laggard {
    char *topic;
    int32_t partition;
    int64_t newest;  // its time
    int64_t since;   // when it began to hold the watermark back at that time
    int64_t highest; // the newest time of all partitions at that moment
    bool reported;
};

struct coverage {
    bool used;                             // a line of a cover has come
    bool strict;                           // no opening line may be missing
    struct coverage_partition **partition; // by topic and number
    size_t count;
    struct topic_counts topics;
    struct open_cover *open; // at most one for each run
    size_t open_count;
    struct coverage_laggard laggard;

    bool skip_gaps;      // warn about what is lost, and go on
    bool replaying;      // a log of what has been accepted: go on, and do not warn
    uint64_t duplicates; // covers that were known already
    uint64_t skipped;    // offsets that no cover has, or one that cannot be merged
    struct log_limit warnings;
};

#define COVERAGE_INIT                                                                              \
    {                                                                                              \
        .used = false                                                                              \
    }

enum coverage_result {
    COVERAGE_FAILED = -1, // *err is set (EX_CONFIG): something is lost, or covered twice
    COVERAGE_NEW,         // merge it
    COVERAGE_DROPPED,     // drop it
};

// Frees what the coverage owns and resets it to COVERAGE_INIT. skip_gaps and replaying stay.
void coverage_release(struct coverage *c);

// Handle an opening line, a line of a partial and a closing line. If a cover is empty,
// coverage_open() closes it too. `misfit` says why its partials cannot be merged; NULL if they can.
enum coverage_result coverage_open(struct coverage *c, const struct cover *cover,
                                   const char *misfit, struct err *err);
enum coverage_result coverage_take(struct coverage *c, const struct cover *cover, struct err *err);
enum coverage_result coverage_close(struct coverage *c, const struct cover *cover, struct err *err);

// Returns whether to go on although records are lost: with skip_gaps, after a warning, and when
// replaying. Otherwise *err is set (EX_CONFIG). The format says what is lost.
__attribute__((format(printf, 3, 4))) bool coverage_goes_on(const struct coverage *c,
                                                            struct err *err, const char *fmt, ...);

// Called once the coverage of an earlier run has been restored, or if there is none.
void coverage_resumed(struct coverage *c);

// Called at the end of the input. Returns 0, or -1 with *err set (EX_CONFIG) if a cover is open.
int coverage_end(struct coverage *c, struct err *err);

// Appends [["topic",partition,next,newest],...], ordered by topic and partition.
void coverage_put(struct buf *b, const struct coverage *c);

// Appends [["<run>/<seq>",lines],...]: the covers that are open, and how many lines of partials
// have come.
void coverage_put_open(struct buf *b, const struct coverage *c);

// Returns a partition, or NULL if no cover has named it.
struct coverage_partition *coverage_find(const struct coverage *c, const char *topic,
                                         int32_t partition);

// --- For snapshots ---

// Returns a partition, which is added if it is missing.
struct coverage_partition *coverage_partition(struct coverage *c, const char *topic,
                                              int32_t partition);

// Notes that a topic has at least so many partitions.
void coverage_promise(struct coverage *c, const char *topic, int32_t partitions);

// Append an open cover without partitions, and a partition and its time to an open cover.
struct open_cover *coverage_add_open(struct coverage *c, const char *run, uint64_t seq);
void coverage_add_pending(struct open_cover *open, struct coverage_partition *p, int64_t newest);

#endif
