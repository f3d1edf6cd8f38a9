// SPDX-License-Identifier: BSD-2-Clause
//
// child: starts, supervises and stops a group of child processes.
//
// Each child has a session of its own, so that a terminal's Ctrl-C reaches only the supervisor. A
// child has only the descriptors 0, 1 and 2.
//
// Some children are leaders. To stop the group, the supervisor sends each leader one SIGTERM; the
// other children end when their input ends. In a pipeline the first child is the leader. When one
// child has failed, the group is stopped too, and children that still run after the grace period
// are killed. If the supervisor itself is killed, the kernel sends SIGTERM to the leaders. Some
// leaders are followers: they do not end by themselves, so once all other children have ended, they
// are sent SIGTERM too.
//
// child_group_init() blocks the signals that the group handles and does not unblock them. The group
// receives them only while it waits, so no signal can be missed between a check and the wait after
// it. A signal that was ignored when the process started stops nothing, as under nohup(1).
//
// - SIGINT, SIGTERM, and SIGHUP when the terminal is gone: the first one stops the group in order.
//   Each further one kills the children (see `nested`), unless it arrives within SIGNALS_SAME_STOP
//   of the first.
// - SIGUSR1 and any other SIGHUP: go on to all children.
//
// While it waits, the owner may be called at moments that it chooses, and when a signal has
// arrived: see struct child_watch.
//
// A child begins with SIGHUP and SIGUSR1 blocked, so that neither can kill it before it has
// installed its handlers. signals_catch() of base/signals.h unblocks them.
//
//     struct child_group g;
//     child_group_init(&g, 30 * MS_SECOND);
//     child_start_pipeline(&g, commands, count);
//     child_wait(&g);
//     if (g.failure.status != 0)
//         log_error("%s", g.failure.text);
//     child_group_release(&g);
//
// A status is that of a shell: the exit status, or 128 plus the number of the signal that killed
// the child. Statuses above 128 are reported as signals.
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

// The shortest and the longest pause between a failure and the next start, in seconds.
#define CHILD_PAUSE_MIN 1
#define CHILD_PAUSE_MAX 60

// A failure after a run of at least this length, in ms, does not count as a repeated failure.
#define CHILD_RUN_LONG INT64_C(60000)

// Added to the number of the signal in the status of a killed child.
#define CHILD_KILLED_BY 128

// Returns the status that a shell would give: for a result of waitpid(2), and, 126 or 127, for the
// errno with which an exec has failed.
int child_status(int wait_status);
int child_exec_status(int error);

struct child {
    char *name; // for messages
    pid_t pid;
    bool running;
    bool leader;
    bool follower;
};

// What the owner does while the group waits, in child_wait() and child_sleep(). A call may be NULL.
struct child_watch {
    // Called when the wait begins, and then when the time has come that it has returned, by
    // time_monotonic().
    int64_t (*tick)(void *ctx);
    // Called after the group has dealt with a signal: one that stops the group, or that has gone on
    // to the children.
    void (*signalled)(void *ctx, int number);
    void *ctx;
};

struct child_group {
    // Set by the owner. A process of child_fork() has none.
    struct child_watch watch;

    // Set by the owner. The children of a nested group are supervisors: child_fork() has started
    // them, and they have groups of their own. Instead of being killed, they receive a signal on
    // which they kill their children and end. If one of them is killed, the group adopts its
    // children, and waits for them too.
    bool nested;

    // The owner may read the members up to `forced`.
    //
    // The failure that says most about what went wrong, such as "name: exit status 1". Its status
    // is 0 while there is none. A status that often results from another child's failure ranks
    // lower: 75 (EX_TEMPFAIL) ranks below all others, and 141 (SIGPIPE) below 75. Of failures with
    // the same rank, the first one is kept.
    struct err failure;
    unsigned stops; // how many stop signals have arrived
    int forced;     // 128 plus the latest stop signal after the first; 0 while there is none

    // Private.
    struct child *children;
    size_t count, running;
    bool told, killed; // the leaders have been sent SIGTERM; all children, SIGKILL
    bool orphans;      // only adopted children are running
    int64_t grace, kill_at, stopped_at, tick_at;
    sigset_t signals;
};

struct child_command {
    const char *name;  // for messages
    char *const *argv; // argv[0] is the program's path; ends with NULL
};

// Makes an empty group. `grace` is how long the other children may still run after one has failed,
// in ms. If one of the descriptors 0, 1 and 2 is closed, opens it on /dev/null.
void child_group_init(struct child_group *g, int64_t grace);
void child_group_release(struct child_group *g);

// Forgets the children of an earlier run, which must have ended, and their failure.
void child_group_clear(struct child_group *g);

// Starts the commands as a pipeline from /dev/null to stdout, with the first one as the leader. If
// a command cannot be started, that is the group's failure, and child_wait() stops the commands
// that were started.
void child_start_pipeline(struct child_group *g, const struct child_command *commands,
                          size_t count);

// Forks a leader that continues in this program, with /dev/null as stdin, and adds it to the group;
// `follower` says whether it is one. Returns the child's process number. In the child, returns 0;
// there, `g` is empty and may start children of its own. On failure, sets the group's failure and
// returns -1.
pid_t child_fork(struct child_group *g, const char *name, bool follower);

// Waits until all children have ended. Stops them after a signal or a failure.
void child_wait(struct child_group *g);

// Waits for a time in ms, or until a stop signal arrives. No children may be running.
void child_sleep(struct child_group *g, int64_t ms);

// Returns how many seconds to pause before the next start, after a run of `ran` ms that failed.
// `previous` is the pause before that run; it is 0 for the first run. The pause doubles up to
// CHILD_PAUSE_MAX, and is CHILD_PAUSE_MIN again after a run of CHILD_RUN_LONG.
int child_pause_after(int previous, int64_t ran);

#endif
