// SPDX-License-Identifier: BSD-2-Clause
#include "base/background.h"

#include <signal.h>
#include <stddef.h>

static void *run(void *arg)
{
    struct background *b = arg;

    b->run(b->ctx);
    atomic_store(&b->done, true);
    return NULL;
}

bool background_busy(const struct background *b)
{
    return b->run != NULL;
}

bool background_start(struct background *b, void (*request)(void *ctx), void *ctx)
{
    sigset_t all, before;

    b->run = request;
    b->ctx = ctx;
    atomic_store(&b->done, false);
    // Signals must interrupt the calls of the main thread.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&b->thread, NULL, run, b) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started)
        b->run = NULL;
    return started;
}

bool background_finished(struct background *b)
{
    if (b->run == NULL || !atomic_load(&b->done))
        return false;
    background_release(b);
    return true;
}

void background_release(struct background *b)
{
    if (b->run == NULL)
        return;
    pthread_join(b->thread, NULL);
    b->run = NULL;
}
