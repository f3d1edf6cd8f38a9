// SPDX-License-Identifier: BSD-2-Clause
//
// filter_pool: runs a stage's jq program, if need be by several threads.
//
// A program can cost more than all other work of a stage. With several jobs, the stage adds the
// lines that it has already read to the pool, and the threads run the program on the records among
// them. The stage then handles the lines one after the other, and takes the result of each record
// from the pool. So the order of the lines is kept, nothing waits for input, and only the program
// runs in other threads:
//
//     while (...) // the lines that have been read
//         filter_pool_add(pool, &line, record);
//     filter_pool_run_added(pool);
//     while ((line = filter_pool_next(pool)) != NULL) {
//         int count = filter_pool_result(pool, record, &reject);
//         for (int i = 0; i < count; i++)
//             if (filter_pool_made(pool, i, &text, &len)) ...
//     }
//
// A record that was not added, or that the threads have left alone, is run by filter_pool_result().
// With one job, that is the case for all records.
#ifndef STREAM_FILTER_POOL_H
#define STREAM_FILTER_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/line.h"
#include "json/filter.h"
#include "json/json.h"
#include "stream/reject.h"

#define FILTER_POOL_JOBS_MAX 256
#define FILTER_POOL_LINES_MAX 1024 // that can be added at a time

struct filter_pool;

// Compiles the program for each job, and starts the other threads. `json` parses the records that
// the calling thread runs. Returns NULL with *err set on failure; see filter_new().
struct filter_pool *filter_pool_new(const struct filter_options *options, size_t jobs,
                                    struct json *json, struct err *err);
void filter_pool_free(struct filter_pool *pool);

// Adds a line, and the record in it on which the program runs; NULL if there is none. There must be
// fewer than FILTER_POOL_LINES_MAX, and the earlier ones must have been handled. Both are copied,
// and their bytes are borrowed until all lines that were added with them are handled.
void filter_pool_add(struct filter_pool *pool, const struct line *line, const struct line *record);

// Runs the program on the records that were added. If there are few, does nothing, since it would
// take longer to wake the threads.
void filter_pool_run_added(struct filter_pool *pool);

// Returns the lines that were added, one after the other, and then NULL. They are then handled, and
// others can be added.
const struct line *filter_pool_next(struct filter_pool *pool);

// Returns the number of outputs for a record, or -1 with *reject set: the record is not JSON, or
// the program failed. The record may be that of the last line that filter_pool_next() returned. The
// reject and the outputs are valid until the next call.
int filter_pool_result(struct filter_pool *pool, const struct line *record, struct reject *reject);

// Returns whether filter_pool_result() has run the program itself, so that the parser holds the
// record.
bool filter_pool_parsed(const struct filter_pool *pool);

// The same as filter_outputs_made(), for an output of the last filter_pool_result().
bool filter_pool_made(const struct filter_pool *pool, int i, const char **data, size_t *len);

#endif
