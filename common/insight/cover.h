// SPDX-License-Identifier: BSD-2-Clause
//
// cover: says which offsets of the input the partials of one mark come from. loginpipe-stream(5)
// describes its lines. Before the partials there is an opening line, and after them a closing line
// with their number:
//
//     {"partial":"cover","cover":"<run>/42","group":"logins","topics":[["user-login",12]],
//      "windows":["1h"],"plan":"0123456789abcdef",
//      "covers":[{"topic":"user-login","partition":0,"from":100,"to":200,"newest":1694479551000}]}
//     {"partial":"1h/2023-09-12T00:00:00Z","cover":"<run>/42",...}
//     {"partial":"covered","cover":"<run>/42","lines":1}
//
// If there are no partials, the opening line has "lines":0, and nothing follows it.
//
//     struct cover cover = COVER_INIT;
//     enum cover_line what;
//     if (cover_read(&cover, &what, json, &err) == 0 && what == COVER_OPENING)
//         use(cover.range, cover.range_count);
//     cover_release(&cover);
//
// A cover owns its texts.
#ifndef INSIGHT_COVER_H
#define INSIGHT_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/plan.h"
#include "json/json.h"
#include "stream/mark.h"

#define COVER_ID_SIZE 64 // "<run>/<seq>" and its NUL

// The offsets of one partition: from `from`, and before `to`.
struct cover_range {
    char *topic;
    int32_t partition;
    int64_t from, to;
    int64_t newest; // as in struct mark_at
};

struct cover {
    char run[MARK_RUN_SIZE];    // of the mark that the partials belong to
    uint64_t seq;               // of that mark
    char *group;                // that has read the input; NULL if none
    struct topic_counts topics; // all of whose partitions are covered, by this run or by others
    struct cover_range *range;  // the partitions of which something is new
    size_t range_count;
    char **window; // the windows that the worker counts, as its user wrote them
    size_t window_count;
    char plan[PLAN_ID_SIZE]; // of the worker
    bool empty;              // there are no partials, and no closing line
    uint64_t lines;          // only of a closing line: how many lines of partials there are
};

#define COVER_INIT                                                                                 \
    {                                                                                              \
        .group = NULL                                                                              \
    }

enum cover_line {
    COVER_NONE, // a line of a partial without a cover
    COVER_OPENING,
    COVER_PARTIAL, // a line of a partial
    COVER_CLOSING,
};

// Frees what the cover owns and resets it to COVER_INIT.
void cover_release(struct cover *c);

// Append a range or a window. The texts are copied.
void cover_add_range(struct cover *c, const char *topic, int32_t partition, int64_t from,
                     int64_t to, int64_t newest);
void cover_add_window(struct cover *c, const char *window);

// Stores "<run>/<seq>" in id.
void cover_id(const struct cover *c, char id[COVER_ID_SIZE]);

// Append an opening or a closing line, without its newline.
void cover_put_opening(struct buf *b, const struct cover *c);
void cover_put_closing(struct buf *b, const struct cover *c, uint64_t lines);

// Stores in *what which line json holds, which must be an object, and in *c what it says about its
// cover. Of a line of a partial, only the run and the seq are read. Frees what *c owned. Returns 0,
// or -1 with *err set (EX_DATAERR) if the line is malformed.
int cover_read(struct cover *c, enum cover_line *what, const struct json *json, struct err *err);

#endif
