// SPDX-License-Identifier: BSD-2-Clause
//
// signals: what they ask of a stage, kept until the stage looks.
//
// A first SIGINT or SIGTERM asks it to stop; a second one ends the process at once. SIGUSR1 asks
// for the ledger. SIGPIPE is ignored, so that a write finds out.
//
//     signals_catch();
//     while (!signals_stopping()) {
//         if (signals_take_ledger())
//             ...
//         signals_poll(fds, count, timeout);
//     }
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

void signals_catch(void);

// Interrupts a blocked write about once a second from now on.
void signals_catch_alarm(void);

// Whether a first SIGINT or SIGTERM has come.
bool signals_stopping(void);

// Whether SIGUSR1 has come since this was asked last.
bool signals_take_ledger(void);

// As poll(2) with a timeout in ms, below 0 for none. A SIGUSR1 that has come before the waiting is
// not missed: this returns 0 or -1 with EINTR.
int signals_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms);

// Ends the process as SIGPIPE would have.
void signals_die_of_pipe(void);

#endif
