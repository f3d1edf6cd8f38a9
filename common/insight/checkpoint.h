// SPDX-License-Identifier: BSD-2-Clause
//
// checkpoint: keeps the counts of loginagg on disk, and restores them.
//
// In a stream with marks, a log has what was counted (state_log.h), and it is synced at each mark.
// When the log is larger than the state, a child process writes a snapshot of all counts
// (state_snapshot.h), from which the next log continues. Each run writes logs of its own. The hello
// mark says from which mark of which run to resume; state_chain.h finds the files for it. A file
// that might be needed for the last committed mark, or for a later one, is kept.
//
// Without marks there is only one snapshot, which is written at the end of the input.
//
//     struct checkpoint c;
//     checkpoint_open(&c, "DIR", "--window 1h ...", false, &err);
//     // hello is NULL without marks; replay() does what the entries of a log say
//     checkpoint_resume(&c, hello, &windows, &(struct state_replay){replay, ctx}, &err);
//     ...
//     c.accepted++; // for each record; what the batch counts is logged
//     ...
//     checkpoint_check_mark(&c, mark, &err); // before the mark is acted upon
//     checkpoint_save(&c, mark, &windows, &err);
//     ... // the records that follow
//     checkpoint_await_sync(&c, &err); // before the mark is passed on
//     ...
//     checkpoint_close(&c);
//
// Functions that return int return 0, or -1 with *err set. If a state cannot be used, the error is
// EX_CONFIG, and the message says what to do. Other errors are those of snapshot_file.h. Without a
// directory the functions do nothing and return 0.
#ifndef INSIGHT_CHECKPOINT_H
#define INSIGHT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "insight/snapshot_file.h"
#include "insight/state_chain.h"
#include "insight/state_log.h"
#include "insight/state_restore.h"
#include "insight/state_snapshot.h"
#include "insight/windows.h"
#include "stream/mark.h"

// A snapshot is made when the logs after the last one are larger than this, and than
// CHECKPOINT_LOG_STATES times the state. The log of a million logins has about
// 20 MB, and restoring replays it in less than a second.
#define CHECKPOINT_LOG_LEAST ((uint64_t)32 << 20)
#define CHECKPOINT_LOG_STATES 3

struct checkpoint {
    struct snapshot_dir dir;
    bool reset;          // remove the existing state
    const char *options; // one line: the options that the state must have been made with
    struct mark hello;   // all other marks must have the same partitions
    uint64_t accepted;   // accepted records or partials; the owner counts them

    uint64_t seq;             // of the last mark or, without marks, of the newest snapshot
    uint64_t committed;       // the newest seq known to be committed
    struct windows *windows;  // that are logged
    struct state_log log;     // log.dir is NULL without marks
    struct state_chain chain; // the files for the last mark, and for those since the commit
    struct state_job job;     // writes a snapshot of the mark from which the log continues
    uint64_t log_bytes;       // of the chain's logs after its last snapshot, without the log
    uint64_t job_bytes;       // of the logs that the job makes superfluous
    uint64_t retry_from;      // after a failure, no snapshot is made of smaller logs; else 0
    uint64_t bytes;           // of checkpoint_bytes()
    uint64_t log_least;       // CHECKPOINT_LOG_LEAST; tests lower it
    uint64_t log_states;      // CHECKPOINT_LOG_STATES
};

// Opens and locks the directory. `dir` is NULL when no state is wanted. Borrows both texts. Do not
// move the checkpoint afterwards. Call checkpoint_close() after success and before the windows are
// released; it waits for a snapshot that is being written.
int checkpoint_open(struct checkpoint *c, const char *dir, const char *options, bool reset,
                    struct err *err);
void checkpoint_close(struct checkpoint *c);

// Fills the windows, which must be empty. With marks, restores the mark from which the hello mark
// continues. Without marks (hello is NULL), loads the newest snapshot. If the source starts from
// the beginning, the windows stay empty. It is an error if the state then shows that a mark was
// already committed. It is also an error if the source has no group or no fixed partitions, or if a
// partition is gone or continues at another offset. New partitions are accepted. After a failure
// the windows must not be used.
int checkpoint_resume(struct checkpoint *c, const struct mark *hello, struct windows *w,
                      const struct state_replay *replay, struct err *err);

// Fails when a mark has other partitions than hello.
int checkpoint_check_mark(const struct checkpoint *c, const struct mark *mark, struct err *err);

// Checks an input that had no mark and no record. Fails with EX_TEMPFAIL when the state is that of
// a stream with marks: then the source died before its first mark.
int checkpoint_check_empty(const struct checkpoint *c, struct err *err);

// Makes the state durable for a mark or, if `mark` is NULL, for the end of an input without marks.
// Removes the files that are no longer needed. The state for a mark is durable only after
// checkpoint_await_sync().
int checkpoint_save(struct checkpoint *c, const struct mark *mark, struct windows *w,
                    struct err *err);

// Returns a descriptor that can be read when checkpoint_await_sync() need not wait any more, or -1
// if it need not wait now.
int checkpoint_sync_fd(const struct checkpoint *c);
int checkpoint_await_sync(struct checkpoint *c, struct err *err);

// Returns the bytes of all files of the state; as they were when it was last called, if the
// directory is closed; 0 without a directory.
uint64_t checkpoint_bytes(struct checkpoint *c);

// --- What changes the windows, after it has been done: ---

// A record was late for all windows. Other records are logged when the batch counts them.
static inline void checkpoint_log_late(struct checkpoint *c, const struct windows *w, int64_t time)
{
    if (c->log.dir != NULL)
        state_log_late(&c->log, time, w->watermark);
}

// A line of a partial has come. It is logged before it is merged, even if it is late.
static inline void checkpoint_log_partial(struct checkpoint *c, const struct windows *w,
                                          const struct line *line)
{
    if (c->log.dir != NULL)
        state_log_partial(&c->log, line, w->watermark);
}

// The changed windows were emitted.
static inline void checkpoint_log_emitted(struct checkpoint *c, const struct windows *w)
{
    if (c->log.dir != NULL)
        state_log_emitted(&c->log, w->watermark);
}

// The input has ended, and all windows close.
static inline void checkpoint_log_ended(struct checkpoint *c, struct windows *w)
{
    if (c->log.dir == NULL)
        return;
    batch_settle(&w->batch); // logs what is still waiting there
    state_log_ended(&c->log, w->watermark);
}

#endif
