// SPDX-License-Identifier: BSD-2-Clause
//
// filter_pool: runs a stage's jq program, if need be by several threads.
//
// A program can cost more than all other work of a stage. With several jobs, the stage adds the
// records that it has already read to the pool, and the threads run the program on them. The stage
// then handles its lines one after the other, and takes the result of each record from the pool.
// So the order of the lines is kept, nothing waits for input, and only the program runs in other
// threads:
//
//     while (...) // the records that have been read
//         filter_pool_add(pool, &line[n++]);
//     filter_pool_run_added(pool);
//     for (...) { // all lines
//         int count = filter_pool_run(pool, line, &reject);
//         for (int i = 0; i < count; i++)
//             if (filter_pool_output_is_input(pool, i)) ...
//
// A record that was not added is run by filter_pool_run(). Without other threads, that is the case
// for all records.
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
#define FILTER_POOL_LINES_MAX 1024 // that can be added before they are run

struct filter_pool;

// Compiles the program for each job, and starts the other threads. The parser is used for the
// records that the calling thread runs. Returns NULL with *err set on failure; see filter_new().
struct filter_pool *filter_pool_new(const struct filter_options *options, size_t jobs,
                                    struct json *json, struct err *err);
void filter_pool_free(struct filter_pool *pool);

// Adds a record, unless FILTER_POOL_LINES_MAX have been added. Its bytes must stay valid until
// filter_pool_run() was called for it, or the next filter_pool_run_added().
void filter_pool_add(struct filter_pool *pool, const struct line *line);

// Runs the program on the records that were added, and forgets the results of earlier ones. If
// there are few, does nothing, since it would take longer to wake the threads.
void filter_pool_run_added(struct filter_pool *pool);

// Returns the number of outputs for a record, or -1 with *reject set: the record is not JSON, or
// the program failed. Records must come in the order in which they were added. The reject and the
// outputs are valid until the next call.
int filter_pool_run(struct filter_pool *pool, const struct line *line, struct reject *reject);

// Returns whether filter_pool_run() has just parsed the record, so that the parser holds it.
bool filter_pool_parsed(const struct filter_pool *pool);

// The same as filter_output_is_input() and filter_output(), for the last filter_pool_run().
bool filter_pool_output_is_input(const struct filter_pool *pool, int i);
void filter_pool_output(const struct filter_pool *pool, int i, const char **data, size_t *len);

#endif
