// SPDX-License-Identifier: BSD-2-Clause
//
// state_snapshot: writes a snapshot of the windows together with what it belongs to. The writing
// may be left to a child process, so that the work goes on meanwhile.
//
//     struct state_head head = {.marked = true, .mark = *mark, ...};
//     state_snapshot_write(&dir, name, &head, &windows, &err);
//
//     struct state_job job = {0};
//     if (state_job_start(&job, &dir, name, &head, &windows))
//         ...
//     state_job_check(&job, false, &dir, &err); // now and then
#ifndef INSIGHT_STATE_SNAPSHOT_H
#define INSIGHT_STATE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "insight/snapshot_file.h"
#include "insight/windows.h"
#include "stream/mark.h"

// What a snapshot contains before the windows. In the file, in this order: the options, a text;
// then as nums: marked, accepted, committed, and the number of partitions; for each partition its
// topic, a text, and as nums the partition and the offset.
struct state_head {
    const char *options; // one line; not terminated after state_head_get()
    size_t options_len;
    bool marked;        // from a stream with marks
    uint64_t accepted;  // how many records or partials were accepted so far
    uint64_t committed; // the newest seq known to be committed, or 0
    struct mark mark;   // the partitions and offsets; none if there are no marks
};

// Reads a head. Release head->mark afterwards. snapshot_read_end() reports errors.
void state_head_get(struct state_head *head, struct snapshot_reader *in);

int state_snapshot_write(const struct snapshot_dir *dir, const char *name,
                         const struct state_head *head, struct windows *w, struct err *err);

// A child process that writes a snapshot of the windows as they were when it was started. It dies
// with this process.
struct state_job {
    pid_t pid;                     // 0 if there is none
    char name[SNAPSHOT_NAME_SIZE]; // of the last snapshot
};

enum state_job_status {
    STATE_JOB_FAILED = -1, // *err is set; it is EX_IOERR
    STATE_JOB_NONE,
    STATE_JOB_RUNNING,
    STATE_JOB_DONE,   // the snapshot is on disk
    STATE_JOB_KILLED, // by a signal, for example because there was no memory
};

// Starts the child. Returns false if there can be no other process now. Settles the batch.
bool state_job_start(struct state_job *job, const struct snapshot_dir *dir, const char *name,
                     const struct state_head *head, struct windows *w);

// Returns how far the child is, and if `wait` is set, waits until it has ended. After DONE, KILLED
// and FAILED the next status is NONE.
enum state_job_status state_job_check(struct state_job *job, bool wait,
                                      const struct snapshot_dir *dir, struct err *err);

#endif
