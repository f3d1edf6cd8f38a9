// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_sync.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int state_sync_init(struct state_sync *s, int fd, int dir_fd)
{
    *s = (struct state_sync){.ended_fd = eventfd(0, EFD_CLOEXEC), .fd = fd, .dir_fd = dir_fd};
    return s->ended_fd < 0 ? -1 : 0;
}

void state_sync_release(struct state_sync *s)
{
    background_release(&s->thread);
    if (s->ended_fd >= 0)
        close(s->ended_fd);
    s->ended_fd = -1;
}

static void sync_now(void *ctx)
{
    struct state_sync *s = ctx;
    bool synced = fdatasync(s->fd) == 0 && (s->listed || fsync(s->dir_fd) == 0);

    s->error = synced ? 0 : errno;
    s->listed = true;
    eventfd_write(s->ended_fd, 1);
}

void state_sync_start(struct state_sync *s)
{
    s->pending = true;
    if (!background_start(&s->thread, sync_now, s))
        sync_now(s);
}

int state_sync_fd(const struct state_sync *s)
{
    return s->pending ? s->ended_fd : -1;
}

int state_sync_await(struct state_sync *s)
{
    eventfd_t ended;

    if (s->pending) {
        background_release(&s->thread);
        eventfd_read(s->ended_fd, &ended);
        s->pending = false;
    }
    return s->error;
}
