// SPDX-License-Identifier: BSD-2-Clause
#include "base/file_sync.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int file_sync_init(struct file_sync *s, int fd, int dir_fd)
{
    *s = (struct file_sync){.ended_fd = eventfd(0, EFD_CLOEXEC), .fd = fd, .dir_fd = dir_fd};
    return s->ended_fd < 0 ? -1 : 0;
}

void file_sync_release(struct file_sync *s)
{
    background_release(&s->thread);
    if (s->ended_fd >= 0)
        close(s->ended_fd);
    s->ended_fd = -1;
}

static void sync_now(void *ctx)
{
    struct file_sync *s = ctx;
    bool synced = fdatasync(s->fd) == 0 && (s->listed || fsync(s->dir_fd) == 0);

    s->error = synced ? 0 : errno;
    s->listed = s->listed || synced;
    eventfd_write(s->ended_fd, 1);
}

void file_sync_start(struct file_sync *s)
{
    s->pending = true;
    if (!background_start(&s->thread, sync_now, s))
        sync_now(s);
}

int file_sync_fd(const struct file_sync *s)
{
    return s->pending ? s->ended_fd : -1;
}

int file_sync_await(struct file_sync *s)
{
    eventfd_t ended;

    if (s->pending) {
        background_await(&s->thread);
        eventfd_read(s->ended_fd, &ended);
        s->pending = false;
    }
    return s->error;
}
