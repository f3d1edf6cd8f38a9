// SPDX-License-Identifier: BSD-2-Clause
#include "base/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#include "base/datetime.h"

// A handler has no context argument, so these have to be global.
static volatile sig_atomic_t stop_requested, ledger_requested;

static void on_stop(int signal_number)
{
    (void)signal_number;
    // The next SIGINT or SIGTERM ends the process.
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    stop_requested = 1;
}

static void on_usr1(int signal_number)
{
    (void)signal_number;
    ledger_requested = 1;
}

static void on_alarm(int signal_number)
{
    (void)signal_number; // the signal only has to interrupt a write
}

static void catch_signal(int number, void (*handler)(int))
{
    // Without SA_RESTART, so that signals interrupt blocked reads and writes.
    struct sigaction action = {.sa_handler = handler};
    struct sigaction old;

    // A shell starts background jobs with SIGINT ignored; leave that so.
    if (number == SIGINT && sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void signals_catch(void)
{
    catch_signal(SIGINT, on_stop);
    catch_signal(SIGTERM, on_stop);
    catch_signal(SIGUSR1, on_usr1);
    catch_signal(SIGPIPE, SIG_IGN);
}

void signals_catch_alarm(void)
{
    struct itimerval each_second = {{1, 0}, {1, 0}};

    catch_signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &each_second, NULL);
}

bool signals_stopping(void)
{
    return stop_requested != 0;
}

bool signals_take_ledger(void)
{
    bool requested = ledger_requested != 0;

    if (requested)
        ledger_requested = 0;
    return requested;
}

int signals_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms)
{
    const struct timespec timeout = {timeout_ms / MS_SECOND, timeout_ms % MS_SECOND * 1000000};
    sigset_t usr1, before;
    int events = 0;

    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    if (!ledger_requested)
        events = ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, &before);
    int saved_errno = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = saved_errno;
    return events;
}

void signals_die_of_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
}
