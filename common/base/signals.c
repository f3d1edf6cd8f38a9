// SPDX-License-Identifier: BSD-2-Clause
#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/datetime.h"

// A handler has no context argument, so these have to be global.
static volatile sig_atomic_t stop_requested, ledger_requested, reopen_requested;

// Runs SIGNALS_SAME_STOP after the first stop signal.
static timer_t let_go_timer;
static volatile sig_atomic_t has_timer, stop_signalled;

// From now on, SIGINT and SIGTERM end the process.
static void let_go(int signal_number)
{
    (void)signal_number;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

static void on_stop(int signal_number)
{
    const struct itimerspec pause = {
        .it_value = {SIGNALS_SAME_STOP / MS_SECOND, SIGNALS_SAME_STOP % MS_SECOND * 1000000}};
    int saved_errno = errno;

    if (!stop_signalled && (!has_timer || timer_settime(let_go_timer, 0, &pause, NULL) != 0))
        let_go(signal_number);
    stop_signalled = stop_requested = 1;
    errno = saved_errno;
}

static void on_usr1(int signal_number)
{
    (void)signal_number;
    ledger_requested = 1;
}

// For a process that started with SIGHUP ignored, as under nohup(1).
static void on_reopen(int signal_number)
{
    (void)signal_number;
    reopen_requested = 1;
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    return fd >= 0 && close(fd) == 0;
}

bool signals_is_hangup(const siginfo_t *info)
{
    if (info->si_code != SI_USER)
        return info->si_code == SI_KERNEL;
    return info->si_pid == getsid(0) && !has_terminal();
}

static void on_hangup(int signal_number, siginfo_t *info, void *context)
{
    int saved_errno = errno;

    (void)signal_number;
    (void)context;
    reopen_requested = 1;
    if (signals_is_hangup(info))
        stop_requested = 1;
    errno = saved_errno;
}

static void on_alarm(int signal_number)
{
    (void)signal_number; // the signal only has to interrupt a write
}

bool signals_is_ignored(int number)
{
    struct sigaction old;

    return sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

void signals_add_requests(sigset_t *set)
{
    sigaddset(set, SIGUSR1);
    sigaddset(set, SIGHUP);
}

// Without SA_RESTART, so that signals interrupt blocked reads and writes.
static void catch_signal(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void catch_hangup(void)
{
    struct sigaction action = {.sa_sigaction = on_hangup, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
}

static void unblock_requests(void)
{
    sigset_t requests;

    sigemptyset(&requests);
    signals_add_requests(&requests);
    sigprocmask(SIG_UNBLOCK, &requests, NULL);
}

// Without a timer, the second stop signal ends the process however soon it arrives.
static void make_let_go_timer(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct sigaction action = {.sa_handler = let_go, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGRTMIN, &action, NULL);
    has_timer = timer_create(CLOCK_MONOTONIC, &event, &let_go_timer) == 0;
}

void signals_catch(void)
{
    if (!has_timer)
        make_let_go_timer();
    // A shell starts background jobs with SIGINT ignored; leave that so.
    if (!signals_is_ignored(SIGINT))
        catch_signal(SIGINT, on_stop);
    catch_signal(SIGTERM, on_stop);
    catch_signal(SIGUSR1, on_usr1);
    catch_signal(SIGPIPE, SIG_IGN);
    if (signals_is_ignored(SIGHUP))
        catch_signal(SIGHUP, on_reopen);
    else
        catch_hangup();
    unblock_requests();
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

static bool take(volatile sig_atomic_t *flag)
{
    bool requested = *flag != 0;

    if (requested)
        *flag = 0;
    return requested;
}

bool signals_take_ledger(void)
{
    return take(&ledger_requested);
}

bool signals_take_reopen(void)
{
    return take(&reopen_requested);
}

int signals_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms)
{
    const struct timespec timeout = {timeout_ms / MS_SECOND, timeout_ms % MS_SECOND * 1000000};
    sigset_t requests, before;
    int events = 0;

    sigemptyset(&requests);
    signals_add_requests(&requests);
    sigprocmask(SIG_BLOCK, &requests, &before);
    if (!ledger_requested && !reopen_requested)
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
