// SPDX-License-Identifier: BSD-2-Clause
//
// signals: turns signals into flags that a stage checks between its records.
//
// The first SIGINT or SIGTERM asks the stage to stop; a second one ends the process at once, unless
// it arrives within SIGNALS_SAME_STOP of the first. SIGUSR1 asks for the ledger. SIGHUP asks to
// open files anew, as after logrotate(8). When the terminal goes away, SIGHUP also asks the stage
// to stop, unless it was ignored at the start, as under nohup(1). SIGPIPE is ignored, so that a
// write to a closed pipe fails with EPIPE instead.
//
//     signals_catch();
//     while (!signals_stopping()) {
//         if (signals_take_ledger())
//             ...
//         if (signals_take_reopen())
//             ...
//         signals_poll(fds, count, timeout);
//     }
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

// Stop signals that arrive within this time of the first one, in ms, belong to it: timeout(1) sends
// its signal to the process and then to the whole group, and systemd's KillMode=control-group
// reaches a stage directly and through its supervisor.
#define SIGNALS_SAME_STOP INT64_C(500)

// Installs the handlers. If SIGINT was ignored, as in a background job of a shell, it stays
// ignored. Then unblocks SIGHUP and SIGUSR1, which a supervisor may have blocked until now (see
// base/child.h).
void signals_catch(void);

// Starts a timer that interrupts a blocked read or write every second (SIGALRM).
void signals_catch_alarm(void);

// Returns whether a SIGINT or SIGTERM has arrived, or the terminal is gone.
bool signals_stopping(void);

// Returns whether a SIGUSR1 has arrived since the last call.
bool signals_take_ledger(void);

// Returns whether a SIGHUP has arrived since the last call.
bool signals_take_reopen(void);

// Waits like poll(2). The timeout is in ms; if it is negative, there is none. A SIGUSR1 or SIGHUP
// that arrives just before the wait is not missed: the call then returns 0, or -1 with EINTR.
int signals_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms);

// Adds SIGUSR1 and SIGHUP to a set: the signals that ask a stage for something, and that a
// supervisor passes on.
void signals_add_requests(sigset_t *set);

// Returns whether a signal is ignored.
bool signals_is_ignored(int number);

// Returns whether a SIGHUP says that the terminal is gone. The kernel tells the processes in the
// foreground, and the shell, which leads the session, tells its other jobs. Neither kill(1) in that
// shell nor logrotate(8) says so.
bool signals_is_hangup(const siginfo_t *info);

// Ends the process by SIGPIPE.
void signals_die_of_pipe(void);

#endif
