// SPDX-License-Identifier: BSD-2-Clause
//
// monitor: looks after the stages of a pipeline while it runs, and tells others how it does: the
// service manager (base/notify.h), Prometheus (base/metrics.h), and a person, in one line a minute.
//
// All that it knows is in files: each stage writes its metrics to a file in a private directory,
// and so does the supervisor of each member. A stage has begun when its file is there. If there is
// nobody to tell, there is no directory, and nothing happens.
//
//     struct monitor *m = monitor_new(&options, pipeline, &err);
//     group.watch = monitor_watch(m);
//     monitor_supervise(m, 0, false);
//     while (...) {
//         monitor_starting(m);
//         ... // start the stages, and wait for them
//         monitor_ended(m);
//         monitor_pausing(m, &group.failure, 4);
//     }
//     monitor_free(m);
#ifndef LOGIN_MONITOR_H
#define LOGIN_MONITOR_H

#include <stdbool.h>

#include "base/child.h"
#include "base/err.h"
#include "base/notify.h"
#include "login/pipeline.h"

struct monitor_options {
    const char *file;      // for the metrics of all members; NULL for none
    bool reports;          // log a line a minute, and one at the end
    struct notify *notify; // borrowed; taken out of the environment
};

struct monitor;

// Makes the directory if it is needed, and the stages of the pipeline write to it. Takes each
// member of the pipeline. Returns NULL with EX_CANTCREAT if the directory or the file cannot be
// written.
struct monitor *monitor_new(const struct monitor_options *options, struct pipeline *p,
                            struct err *err);

// Tells all for the last time, and removes the directory; but not in a copy.
void monitor_free(struct monitor *m);

// Returns the calls for a group whose owner tells others.
struct child_watch monitor_watch(struct monitor *m);

// This process supervises the stages of one member. A copy of the process that made the monitor
// tells nobody else.
void monitor_supervise(struct monitor *m, int member, bool copy);

// The stages of this member are about to be started, have ended, or will be started again after a
// pause in seconds. The first two do nothing in a process that supervises copies only.
void monitor_starting(struct monitor *m);
void monitor_ended(struct monitor *m);
void monitor_pausing(struct monitor *m, const struct err *why, int seconds);

#endif
