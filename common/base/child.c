// SPDX-License-Identifier: BSD-2-Clause
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/xalloc.h"

#define NEVER INT64_MAX
#define ORPHANS_CHECK 100 // ms between attempts to kill adopted children

int child_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? CHILD_KILLED_BY + WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

int child_exec_status(int error)
{
    return error == ENOENT ? 127 : 126;
}

// --- The group ---

static const int stop_signals[] = {SIGINT, SIGTERM};

// The signal on which a nested supervisor kills its children. A second SIGTERM would not do: it
// would be lost while the first one is pending.
#define SIGFORCE SIGRTMIN

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
    sigaddset(signals, SIGFORCE);
    signal(SIGCHLD, SIG_DFL); // if it is ignored, ended children cannot be waited for
    // While a signal is blocked, the kernel keeps it even if it is ignored. So do not block an
    // ignored one that would stop the group.
    for (size_t i = 0; i < sizeof stop_signals / sizeof *stop_signals; i++) {
        if (!signals_is_ignored(stop_signals[i]))
            sigaddset(signals, stop_signals[i]);
    }
    signals_add_requests(signals);
    sigprocmask(SIG_BLOCK, signals, NULL);
}

// Returns whether a signal goes on to the children: whether it asks a stage for something.
static bool is_passed(int number)
{
    sigset_t requests;

    sigemptyset(&requests);
    signals_add_requests(&requests);
    return sigismember(&requests, number) == 1;
}

void child_group_init(struct child_group *g, int64_t grace)
{
    int fd;

    *g = (struct child_group){.grace = grace, .kill_at = NEVER};
    // If 0, 1 or 2 were closed, a pipe could get its number.
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    block_signals(&g->signals);
}

void child_group_clear(struct child_group *g)
{
    for (size_t i = 0; i < g->count; i++)
        free(g->children[i].name);
    free(g->children);
    g->children = NULL;
    g->count = g->running = 0;
    g->told = g->killed = g->orphans = false;
    g->kill_at = NEVER;
    g->failure = (struct err){0};
}

void child_group_release(struct child_group *g)
{
    child_group_clear(g);
}

// --- How they end ---

// Returns how much a status says about what went wrong, from 0 to 3.
static int weight(int status)
{
    switch (status) {
    case 0:
        return 0;
    case CHILD_KILLED_BY + SIGPIPE:
        return 1;
    case EX_TEMPFAIL:
        return 2;
    default:
        return 3;
    }
}

static void note_failure(struct child_group *g, const char *name, int status, const char *how)
{
    if (weight(status) > weight(g->failure.status))
        err_set(&g->failure, status, "%s: %s", name, how);
}

static void signal_children(const struct child_group *g, bool to_all, int number)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->children[i].running && (to_all || g->children[i].leader))
            kill(g->children[i].pid, number);
    }
}

static void tell_leaders(struct child_group *g)
{
    signal_children(g, false, SIGTERM);
    g->told = true;
}

static bool is_child(const struct child_group *g, pid_t pid)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->children[i].running && g->children[i].pid == pid)
            return true;
    }
    return false;
}

// Kills the adopted children. The kernel may leave some out of the list while others end, so this
// is repeated until none is left.
static void kill_orphans(struct child_group *g)
{
    char path[64];
    int pid;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *list = fopen(path, "re");
    if (list == NULL) {
        g->orphans = false; // they cannot be found, so do not wait for them
        return;
    }
    while (fscanf(list, "%d", &pid) == 1) {
        if (!is_child(g, pid))
            kill(pid, SIGKILL);
    }
    fclose(list);
}

static void kill_children(struct child_group *g)
{
    // A supervisor that dies of SIGKILL could not kill a stage that ignores SIGTERM.
    signal_children(g, true, g->nested ? SIGFORCE : SIGKILL);
    g->killed = true;
}

static void child_ended(struct child_group *g, struct child *c, int status)
{
    char how[32];

    c->running = false;
    g->running--;
    if (status > CHILD_KILLED_BY)
        snprintf(how, sizeof how, "killed by signal %d", status - CHILD_KILLED_BY);
    else
        snprintf(how, sizeof how, "exit status %d", status);
    log_info("%s: ended: %s", c->name, how);
    // It is no failure if a child does what the group has told it to.
    if ((g->told && c->leader && status == CHILD_KILLED_BY + SIGTERM) ||
        (g->killed && status == CHILD_KILLED_BY + SIGKILL))
        return;
    note_failure(g, c->name, status, how);
}

// Notes all children that have ended. Some of them may not belong to the group: process 1 of a
// container inherits the orphans.
static void reap(struct child_group *g)
{
    pid_t pid;
    int result;

    while ((pid = waitpid(-1, &result, WNOHANG)) > 0) {
        int status = child_status(result);
        for (size_t i = 0; i < g->count; i++) {
            if (g->children[i].running && g->children[i].pid == pid)
                child_ended(g, &g->children[i], status);
        }
    }
    g->orphans = g->nested && g->running == 0 && pid == 0;
}

// --- Waiting ---

static void stop(struct child_group *g, int number)
{
    const int64_t now = time_monotonic();

    if (number != SIGFORCE && g->stops > 0 && now - g->stopped_at < SIGNALS_SAME_STOP)
        return;
    if (g->stops == 0)
        g->stopped_at = now;
    if (g->stops++ == 0 && number != SIGFORCE) {
        log_info("stopping");
        if (!g->told)
            tell_leaders(g);
        return;
    }
    g->forced = CHILD_KILLED_BY + (number == SIGFORCE ? SIGTERM : number);
    kill_children(g);
}

// Returns whether the terminal is gone, and nohup(1) has not asked to ignore that.
static bool is_hangup(const siginfo_t *info)
{
    return info->si_signo == SIGHUP && signals_is_hangup(info) && !signals_is_ignored(SIGHUP);
}

// Calls the owner if that is due. Returns until when a wait may last that would last until a
// moment.
static int64_t tick(struct child_group *g, int64_t until)
{
    if (g->watch.tick == NULL)
        return until;
    if (g->tick_at <= time_monotonic())
        g->tick_at = g->watch.tick(g->watch.ctx);
    return g->tick_at < until ? g->tick_at : until;
}

// Waits for one signal, at most until a moment of the monotonic clock, and does what the signal
// asks.
static void take_signal(struct child_group *g, int64_t until)
{
    int64_t left = 0;
    siginfo_t info;
    int number;

    until = tick(g, until);
    if (until == NEVER) {
        number = sigwaitinfo(&g->signals, &info);
    } else {
        if (until > time_monotonic())
            left = until - time_monotonic();
        const struct timespec timeout = {left / MS_SECOND, left % MS_SECOND * 1000000};
        number = sigtimedwait(&g->signals, &info, &timeout);
    }
    if (number == SIGCHLD)
        reap(g);
    else if (is_passed(number) && !is_hangup(&info))
        signal_children(g, true, number);
    else if (number > 0)
        stop(g, number);
    if (number > 0 && number != SIGCHLD && g->watch.signalled != NULL)
        g->watch.signalled(g->watch.ctx, is_hangup(&info) ? SIGTERM : number);
}

// Called after a failure. Tells the leaders to end, so that the other stages can still process the
// last records, if that does not take longer than the grace period.
static void take_down(struct child_group *g)
{
    if (!g->told)
        tell_leaders(g);
    if (g->kill_at == NEVER)
        g->kill_at = time_monotonic() + g->grace;
}

static bool only_followers_run(const struct child_group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->children[i].running && !g->children[i].follower)
            return false;
    }
    return g->running > 0;
}

// Returns until when child_wait() may wait for a signal.
static int64_t next_check(const struct child_group *g)
{
    if (!g->killed)
        return g->kill_at;
    return g->orphans ? time_monotonic() + ORPHANS_CHECK : NEVER;
}

void child_wait(struct child_group *g)
{
    while (g->running > 0 || g->orphans) {
        if (g->failure.status != 0 || g->orphans)
            take_down(g);
        else if (!g->told && only_followers_run(g))
            tell_leaders(g);
        if (!g->killed && g->kill_at <= time_monotonic()) {
            log_warn("the remaining stages did not end in time; killing them");
            kill_children(g);
        }
        if (g->killed && g->orphans)
            kill_orphans(g);
        take_signal(g, next_check(g));
    }
}

void child_sleep(struct child_group *g, int64_t ms)
{
    const int64_t until = time_monotonic() + ms;

    while (g->stops == 0 && time_monotonic() < until)
        take_signal(g, until);
}

int child_pause_after(int previous, int64_t ran)
{
    if (previous == 0 || ran >= CHILD_RUN_LONG)
        return CHILD_PAUSE_MIN;
    return previous < CHILD_PAUSE_MAX / 2 ? previous * 2 : CHILD_PAUSE_MAX;
}

// --- Starting ---

// Called in the new process.
static void become_child(pid_t parent, bool leader, int in, int out)
{
    setsid();
    if (leader) {
        prctl(PR_SET_PDEATHSIG, SIGTERM); // may fail in a sandbox; then do without it
        if (getppid() != parent)          // the parent has died already, so no signal will come
            _exit(CHILD_KILLED_BY + SIGTERM);
    }
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    // Closes all descriptors that the parent's parent left open. Also closes the pipes, for a child
    // that does not call exec.
    close_range(STDERR_FILENO + 1, ~0U, 0);
}

// Forks a child between two descriptors, which stay open in the parent. Returns as child_fork().
static pid_t start(struct child_group *g, const char *name, bool leader, int in, int out)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid < 0)
        return -1;
    if (pid == 0) {
        become_child(parent, leader, in, out);
        return 0;
    }
    g->children = xreallocarray(g->children, g->count + 1, sizeof *g->children);
    g->children[g->count++] =
        (struct child){.name = xstrdup(name), .pid = pid, .running = true, .leader = leader};
    g->running++;
    return pid;
}

static _Noreturn void execute(const struct child_command *command)
{
    sigset_t requests;

    sigemptyset(&requests);
    signals_add_requests(&requests);
    sigprocmask(SIG_SETMASK, &requests, NULL);
    execv(command->argv[0], command->argv);
    int status = child_exec_status(errno);
    log_error("%s: %s: %s", command->name, command->argv[0], strerror(errno));
    _exit(status);
}

static void cannot_start(struct child_group *g, const char *name)
{
    char how[128];

    snprintf(how, sizeof how, "cannot be started: %s", strerror(errno));
    note_failure(g, name, EX_OSERR, how);
}

static void close_end(int fd)
{
    if (fd > STDERR_FILENO)
        close(fd);
}

// Starts one stage. *in is the read end of the pipe before the stage, and becomes that of the pipe
// after it. The parent closes the ends that it no longer needs, so that the children notice when
// the other side has closed its end. Returns 0, or -1 with errno set.
static int start_stage(struct child_group *g, const struct child_command *command, bool first,
                       bool last, int *in)
{
    int ends[2] = {-1, STDOUT_FILENO};

    if (!last && pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = start(g, command->name, first, *in, ends[1]);
    if (pid == 0)
        execute(command);
    int saved_errno = errno;
    close_end(*in);
    close_end(ends[1]);
    *in = ends[0];
    errno = saved_errno;
    return pid < 0 ? -1 : 0;
}

void child_start_pipeline(struct child_group *g, const struct child_command *commands, size_t count)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

    for (size_t i = 0; i < count; i++) {
        if (in < 0 || start_stage(g, &commands[i], i == 0, i + 1 == count, &in) != 0) {
            cannot_start(g, commands[i].name);
            break;
        }
    }
    close_end(in);
}

pid_t child_fork(struct child_group *g, const char *name, bool follower)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);

    prctl(PR_SET_CHILD_SUBREAPER, 1); // adopts the children of a supervisor that is killed
    pid_t pid = in < 0 ? -1 : start(g, name, true, in, STDOUT_FILENO);

    if (pid == 0) {
        child_group_clear(g);
        g->nested = false;
        g->watch = (struct child_watch){0};
        return 0;
    }
    if (pid < 0)
        cannot_start(g, name);
    else
        g->children[g->count - 1].follower = follower;
    close_end(in);
    return pid;
}
