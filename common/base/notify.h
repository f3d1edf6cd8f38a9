// SPDX-License-Identifier: BSD-2-Clause
//
// notify: tells the service manager how the process does, by the protocol of sd_notify(3), without
// libsystemd: a datagram of lines NAME=VALUE to the socket in NOTIFY_SOCKET.
//
//     struct notify n;
//     notify_init(&n);
//     notify_send(&n, "READY=1\nSTATUS=%s", "1,200 records/s");
//     notify_release(&n);
//
// Without that setting nothing is sent.
#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
    char *socket;     // owned; NULL if nobody wants to know. A name with @ is an abstract one
    int64_t watchdog; // the longest time between two WATCHDOG=1, in ms; 0 for no watchdog
    bool failed;      // a warning has said so
};

// Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child
// speaks for this process.
void notify_init(struct notify *n);
void notify_release(struct notify *n);

// Sends lines, without a newline at the end. Warns if that fails for the first time.
__attribute__((format(printf, 2, 3))) void notify_send(struct notify *n, const char *fmt, ...);

#endif
