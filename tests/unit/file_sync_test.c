// SPDX-License-Identifier: BSD-2-Clause
#include "base/file_sync.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static bool readable(int fd, int timeout)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout) == 1;
}

int main(void)
{
    struct file_sync sync = FILE_SYNC_INIT;
    char name[] = "/tmp/file_sync_test.XXXXXX";
    int fd = mkstemp(name), ends[2];

    file_sync_release(&sync);
    tap_int(file_sync_await(&sync), 0, "before the first sync nothing is awaited");
    tap_int(file_sync_init(&sync, fd, fd), 0, "a file can be synced");
    tap_int(file_sync_fd(&sync), -1, "no sync is pending");
    for (int i = 0; i < 3; i++) {
        file_sync_start(&sync);
        tap_ok(readable(file_sync_fd(&sync), 10000), "the end of a sync is seen");
        tap_int(file_sync_await(&sync), 0, "it has succeeded");
        tap_int(file_sync_fd(&sync), -1, "then it is not pending any more");
    }
    file_sync_start(&sync);
    file_sync_await(&sync);
    tap_ok(!readable(sync.ended_fd, 0), "the end of a sync that was awaited is not seen later");
    file_sync_start(&sync);
    file_sync_release(&sync);
    tap_ok(true, "a pending sync can be released");

    // A pipe cannot be synced.
    tap_int(pipe(ends), 0, "a pipe is made");
    tap_int(file_sync_init(&sync, ends[1], fd), 0, "it is taken");
    file_sync_start(&sync);
    tap_int(file_sync_await(&sync), EINVAL, "the error of a sync is returned");
    tap_int(file_sync_await(&sync), EINVAL, "also when it is asked for again");
    file_sync_release(&sync);
    unlink(name);
    return tap_done();
}
