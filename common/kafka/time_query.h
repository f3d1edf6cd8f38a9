// SPDX-License-Identifier: BSD-2-Clause
//
// time_query: which record of a partition was the first at or after a time: the option -Q.
//
//     struct time_query q = {.json = false};
//     if (time_query_add(&q, "user-login:0:2023-09-12", time_now(), &err) != 0 ||
//         time_query_run(&q, &client, &err) != 0)
//         ...
//     time_query_put(&q, &out); // user-login [0] offset 1234
//     time_query_release(&q);
#ifndef KAFKA_TIME_QUERY_H
#define KAFKA_TIME_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "kafka/client.h"

struct time_question {
    char *topic; // owned
    int32_t partition;
    int64_t time;   // ms since 1970, or a constant of offsets_find.h
    int64_t offset; // the answer; -1 if there is none
    bool at_end;    // the offset is the end: no record is that new, or the end was asked for
    bool done;      // answered, or given up
};

struct time_query {
    struct time_question *questions;
    size_t count;
    int status; // of the first question that has no answer, or EX_OK
};

// Adds a question, TOPIC:PARTITION:TIME. `now`, in ms since 1970, is the time from which an age
// counts back. Returns 0, or -1 with EX_USAGE.
int time_query_add(struct time_query *q, const char *text, int64_t now, struct err *err);

// Finds the answers. Logs what is missing or refused, and sets `status`. Returns 0, or -1 with *err
// set if no broker answers.
int time_query_run(struct time_query *q, struct client *client, struct err *err);

// Appends the answers to `out`, sorted as kcat sorts them: by topic and partition, then by time.
void time_query_put(const struct time_query *q, bool json, struct buf *out);

void time_query_release(struct time_query *q);

#endif
