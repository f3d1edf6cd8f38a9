// SPDX-License-Identifier: BSD-2-Clause
//
// background: makes one blocking request at a time in a thread of its own, so that the caller can
// go on meanwhile.
//
//     struct background b = {.run = NULL};
//     background_start(&b, ask, &question); // ask(&question) runs in the thread
//     ...
//     if (background_finished(&b)) // once; the answer is in `question`
//         ...
//     background_release(&b); // waits for a request that is under way
//
// While a request is under way, only its thread may use `question`.
#ifndef BASE_BACKGROUND_H
#define BASE_BACKGROUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct background {
    pthread_t thread;
    void (*run)(void *ctx); // NULL when no request is under way
    void *ctx;
    atomic_bool done;
};

// Returns whether a request is under way, or its end has not been taken by background_finished().
bool background_busy(const struct background *b);

// Starts a request. None may be under way. Returns false if there can be no thread now.
bool background_start(struct background *b, void (*run)(void *ctx), void *ctx);

// Returns true once after a request has ended.
bool background_finished(struct background *b);

// Waits until the request ends, if one is under way, and takes its end.
void background_await(struct background *b);

// Waits too. Afterwards nothing is left of the thread.
void background_release(struct background *b);

#endif
