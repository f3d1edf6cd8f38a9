// SPDX-License-Identifier: BSD-2-Clause
//
// child: child processes that are started, supervised and stopped together, as a group.
//
// Each child has a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone. It
// has the descriptors 0, 1 and 2 and no others, and begins with no signal blocked.
//
// Some children are leaders: to stop the group, the supervisor sends each leader one SIGTERM, and
// the other children end when their input does. In a pipeline the first child leads. When one child
// has failed, the group is stopped too, and whatever is still running after the grace period is
// killed. If the supervisor itself is killed, the kernel sends the leaders their SIGTERM.
//
// child_group_init() blocks SIGHUP, SIGINT, SIGTERM and SIGCHLD for good. The group takes them only
// while it waits, so no signal can come between a check and the wait that follows it. A signal that
// was ignored when the process started stays ignored, as under nohup(1). The first stop signal
// stops the group in order; each further one kills it (see `nested`).
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

// Between a failure and the next start, in seconds.
#define CHILD_PAUSE_MIN 1
#define CHILD_PAUSE_MAX 60

// After a run of this length, in ms, a failure does not count as a repeated one.
#define CHILD_RUN_LONG INT64_C(60000)

struct child {
    char *name; // for messages
    pid_t pid;
    bool running;
    bool leader;
};

struct child_group {
    // For the owner to set. A nested group consists of supervisors, children of child_fork() with
    // groups of their own. They are not killed, but made to kill their children and end.
    bool nested;

    // For the owner to read.
    // The failure that says most about what went wrong, as "name: exit status 1". A status that
    // mostly means that another child failed ranks lower: 75 ("try again") below all others, and
    // 141 (SIGPIPE) below 75. Among equals, the first one counts. Status 0 while there is none.
    struct err failure;
    unsigned stops; // how many stop signals have come
    int forced;     // 128 plus the latest stop signal after the first; 0 while there is none

    // Private.
    struct child *children;
    size_t count, running;
    bool told, killed; // the leaders have been sent SIGTERM; all children, SIGKILL
    int64_t grace, kill_at;
    sigset_t signals;
};

struct child_command {
    const char *name;  // for messages
    char *const *argv; // argv[0] is the program's path; ends with NULL
};

// `grace` is the time in ms that the other children get to end after one has failed. Opens the
// descriptors 0, 1 and 2 on /dev/null where they are closed.
void child_group_init(struct child_group *g, int64_t grace);
void child_group_release(struct child_group *g);

// Starts the commands as a pipeline from /dev/null to stdout; the first one leads. Forgets the
// children, and the failure, of an earlier run; they must have ended. If a command cannot be
// started, that is the group's failure, and child_wait() stops those that could be.
void child_start_pipeline(struct child_group *g, const struct child_command *commands,
                          size_t count);

// Forks a leader that goes on in this program, with /dev/null as stdin, and adds it to the group.
// Returns its process number, and in the child 0; there, `g` is empty and may start children of
// its own. On failure returns -1, with the group's failure set.
pid_t child_fork(struct child_group *g, const char *name);

// Waits until all children have ended, and stops them after a signal or a failure.
void child_wait(struct child_group *g);

// Waits for a time in ms, or until a stop signal comes. No children may be running.
void child_sleep(struct child_group *g, int64_t ms);

// How many seconds to pause before the next start, after a run of `ran` ms that failed. `previous`
// is the pause before that run, and 0 for the first run. The pause doubles up to the maximum, and
// begins anew after a long run.
int child_pause_after(int previous, int64_t ran);

#endif
