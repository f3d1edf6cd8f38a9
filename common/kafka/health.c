// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/health.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"

#define MODE 0644 // a probe may be another user
#define UPDATE_EVERY MS_SECOND

// O_NONBLOCK: a FIFO without a reader is an error, and not waited for.
static int open_file(const struct health *h, int flags)
{
    return open(h->file, O_WRONLY | O_NONBLOCK | O_CLOEXEC | flags, MODE);
}

int health_check(const struct health *h, struct err *err)
{
    if (h->file == NULL)
        return 0;
    int fd = open_file(h, O_CREAT | O_EXCL);
    const bool made = fd >= 0;
    if (fd < 0 && errno == EEXIST)
        fd = open_file(h, 0);
    if (fd < 0)
        return err_set(err, EX_CANTCREAT, "--health: %s: %s", h->file, strerror(errno));
    close(fd);
    if (made)
        unlink(h->file);
    return 0;
}

void health_update(struct health *h)
{
    const int64_t now = time_monotonic();

    h->handled = time_now();
    if (h->file == NULL || now < h->due)
        return;
    h->due = now + UPDATE_EVERY;
    int fd = open_file(h, O_CREAT);
    const bool done = fd >= 0 && futimens(fd, NULL) == 0;
    if (!done && !h->failed)
        log_warn("--health: %s: %s", h->file, strerror(errno));
    h->failed = !done;
    if (fd >= 0)
        close(fd);
}
