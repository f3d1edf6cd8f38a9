// SPDX-License-Identifier: BSD-2-Clause
//
// file_sync: syncs a file to disk in a thread, while its owner appends to the file. The first
// time, it also syncs the directory, so that the file is found again.
//
//     struct file_sync sync = FILE_SYNC_INIT;
//     if (file_sync_init(&sync, fd, dir_fd) != 0) ...
//     write(fd, ...);
//     file_sync_start(&sync);
//     write(fd, ...);                 // may be on disk or not
//     error = file_sync_await(&sync); // now everything before file_sync_start() is
//     file_sync_release(&sync);
#ifndef BASE_FILE_SYNC_H
#define BASE_FILE_SYNC_H

#include <stdbool.h>

#include "base/background.h"

struct file_sync {
    int ended_fd; // an eventfd
    bool pending; // a sync was started, and nobody has waited for it yet
    struct background thread;

    // While a sync is under way, only its thread uses these.
    int fd, dir_fd; // borrowed
    bool listed;    // the directory was synced
    int error;      // errno of the last sync, or 0
};

#define FILE_SYNC_INIT                                                                             \
    {                                                                                              \
        .ended_fd = -1                                                                             \
    }

// Borrows the descriptors of the file and of its directory. Returns 0, or -1 with errno set.
int file_sync_init(struct file_sync *s, int fd, int dir_fd);

// Waits for a sync that is under way.
void file_sync_release(struct file_sync *s);

// Starts a sync. None may be pending. If there can be no thread, syncs at once.
void file_sync_start(struct file_sync *s);

// Returns a descriptor that can be read when the pending sync has ended, or -1 if none is pending.
int file_sync_fd(const struct file_sync *s);

// Waits for the pending sync, if there is one. Returns 0 if the last sync has succeeded, or else
// its errno.
int file_sync_await(struct file_sync *s);

#endif
