// SPDX-License-Identifier: BSD-2-Clause
//
// rate: limits how many records may pass, at an even pace.
//
// Each record has a time at which it is due, one interval after the record before it. After a
// pause, such as one of a slow reader, what was due meanwhile is not made up for all at once:
// whoever is later than `burst` continues from now.
//
//     struct rate rate = {.burst = 100};
//     if (rate_parse("30/m", &rate, &err) != 0)
//         ...
//     while (...) {
//         uint64_t due = rate_due(&rate, time_monotonic());
//         if (due == 0)
//             ... // wait for rate_wait(&rate, time_monotonic()) ms
//         for (; due > 0; due--, rate_take(&rate))
//             ... // pass a record
//     }
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct rate {
    uint64_t count; // records in each period; 0 for no limit
    int64_t period; // ms
    int64_t burst;  // ms; up to so much is made up for

    // The members below are private: when the next record is due. There is no such time before the
    // first call of rate_due().
    int64_t at;    // ms, by the caller's clock
    uint64_t part; // plus part / count of a millisecond
    bool begun;
};

// Reads a number of records in a second, a minute or an hour, such as "100", "5k/s", "30/m" or
// "10/h", into `count` and `period`. Returns 0, or -1 with EX_USAGE. The number is at least 1, and
// at most 1G.
int rate_parse(const char *text, struct rate *rate, struct err *err);

// Returns how many records may pass now. The first call makes one record due. `now` is a time in ms
// that never goes back, such as time_monotonic().
uint64_t rate_due(struct rate *rate, int64_t now);

// Notes that a record has passed.
void rate_take(struct rate *rate);

// Returns after how many ms the next record is due, or 0 if it is due now.
int64_t rate_wait(const struct rate *rate, int64_t now);

#endif
