// SPDX-License-Identifier: BSD-2-Clause
//
// quiet: decides when the watermark of an input without marks follows the clock, so that windows
// close although no later record comes.
//
// The input must be live: when its last records were read, the newest time was close to the clock.
// It is then quiet when nothing has come for a while. A replay of old records is never live, so a
// pause in it makes no record late. A pause of this process (SIGSTOP, a suspended machine, a clock
// that was set) does not count, since records may have come in the meantime.
//
//     struct quiet quiet;
//     quiet_init(&quiet, 10 * MS_SECOND, 10 * MS_MINUTE);
//     ...each second:
//     if (quiet_check(&quiet, records, newest, time_monotonic(), time_now(), &time))
//         ...the watermark is at least `time`...
//
// Times and durations are in ms.
#ifndef INSIGHT_QUIET_H
#define INSIGHT_QUIET_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_CHECK_EVERY INT64_C(1000) // at least this often; a longer time is a pause

struct quiet {
    int64_t idle;     // how long nothing must have come; 0 for never
    int64_t ahead;    // how far the newest time of a live input may be from the clock
    uint64_t records; // that had come by the last check
    int64_t since;    // when the last records were noticed
    int64_t checked;  // the time of the last check, by time_monotonic()
    int64_t offset;   // of time_now() from time_monotonic() then
    bool live;
};

void quiet_init(struct quiet *q, int64_t idle, int64_t ahead);

// Returns whether the input is live and quiet, and if so, sets *time to the clock minus q->idle.
// `records` is how many records have come so far, and `newest` their newest time. The other two
// arguments are time_monotonic() and time_now().
bool quiet_check(struct quiet *q, uint64_t records, int64_t newest, int64_t monotonic, int64_t now,
                 int64_t *time);

#endif
