// SPDX-License-Identifier: BSD-2-Clause
//
// feed: reads lines into a model, in a thread of its own, so that a slow terminal does not slow
// down whoever writes the lines.
//
// The thread reads much at a time and locks the model for all of it. Whoever asks for the lock gets
// it next, however fast lines arrive. While it is locked, nothing more is read.
//
//     feed_init(&feed, &input_options, &model);
//     if (feed_start(&feed, &err) != 0) ...
//     feed_lock(&feed);
//     ... model, feed.ended, feed.failed ...
//     feed_unlock(&feed);
//     feed_stop(&feed);    // also before the end of the input
//     feed_release(&feed);
#ifndef VIEW_FEED_H
#define VIEW_FEED_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "stream/input.h"
#include "view/model.h"

struct feed {
    struct model *model; // borrowed; may be used while the feed is locked
    bool ended;          // all lines have been read, or reading has failed
    bool failed;         // *err says why
    struct err err;
    // Private.
    struct input input;
    pthread_t thread;
    pthread_mutex_t turn, lock;
    int stop[2]; // a pipe; its writing end is closed to stop the thread
};

void feed_init(struct feed *feed, const struct input_options *options, struct model *model);
void feed_release(struct feed *feed);

// Reads all lines in the calling thread. Returns 0, or -1 with feed->err set.
int feed_read_all(struct feed *feed);

// Starts the thread. Returns 0, or -1 with EX_OSERR.
int feed_start(struct feed *feed, struct err *err);

// Ends the thread, which must not be locked out.
void feed_stop(struct feed *feed);

void feed_lock(struct feed *feed);
void feed_unlock(struct feed *feed);

#endif
