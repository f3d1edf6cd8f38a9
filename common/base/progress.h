// SPDX-License-Identifier: BSD-2-Clause
//
// progress: a line on a terminal that says how much of the work is done:
//
//     kcat-in: 45 %, 540,000 records, 310,000/s, 2 s left
//
//     struct progress p;
//     progress_init(&p, options->progress); // shows nothing if stderr is no terminal
//     if (progress_wait(&p) == 0)           // about twice a second
//         progress_show(&p, &(struct progress_state){records, done, total});
//     progress_end(&p, &state);             // leaves the last line on the screen
//
// Messages of base/log take the line's place, and the next one is written below them.
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct progress_state {
    uint64_t records;     // handled so far
    uint64_t done, total; // in any unit; a total of 0 is not known
};

#define PROGRESS_SAMPLES 16

struct progress {
    bool wanted;
    int64_t due;     // a time_monotonic()
    int64_t started; // another one
    // What was shown before: the speed is that of the last few seconds.
    struct progress_sample {
        struct progress_state state;
        int64_t at;
    } sample[PROGRESS_SAMPLES];
    uint64_t shown;
};

void progress_init(struct progress *p, bool wanted);

// Returns how many ms from now progress_show() should be called: 0 for now, -1 for never.
int64_t progress_wait(const struct progress *p);

void progress_show(struct progress *p, const struct progress_state *now);
void progress_end(struct progress *p, const struct progress_state *now);

// Appends the text of the line, without the program's name. The speed is that since `before`.
void progress_put(const struct progress_sample *now, const struct progress_sample *before,
                  struct buf *b);

#endif
