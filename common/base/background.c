// SPDX-License-Identifier: BSD-2-Clause
#include "base/background.h"

#include <stddef.h>

#include "base/thread.h"

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
    b->run = request;
    b->ctx = ctx;
    atomic_store(&b->done, false);
    if (thread_start(&b->thread, run, b) != 0)
        b->run = NULL;
    return b->run != NULL;
}

bool background_finished(struct background *b)
{
    if (b->run == NULL || !atomic_load(&b->done))
        return false;
    background_await(b);
    return true;
}

void background_await(struct background *b)
{
    if (b->run == NULL)
        return;
    pthread_join(b->thread, NULL);
    b->run = NULL;
}

void background_release(struct background *b)
{
    background_await(b);
}
