// SPDX-License-Identifier: BSD-2-Clause
//
// state_log: a log of what was counted, from which the counts can be restored. What is written at
// a mark is proportional to what came since the mark before.
//
// A log continues from the state at one mark, which its header names: a snapshot, or a mark in
// another log. It has an entry for each record, with the values that the plan counts, and for
// whatever else changes the windows. At each mark the entries are synced to disk, and the log then
// also restores the state at that mark. A thread syncs them, so that more can be counted meanwhile.
//
//     struct state_log log;
//     state_log_init(&log, &dir, seq, run, from, hello, options, watermark);
//     state_log_record(&log, watermark, batch, item, value_id); // for each record
//     ...
//     if (state_log_mark(&log, mark, watermark, accepted, committed, &err) != 0) ...
//     ... // the records that follow
//     if (state_log_await_sync(&log, &err) != 0) ...
//     // the mark is on disk
//     state_log_close(&log);
//
//     struct state_log_reader r;
//     struct state_entry entry;
//     if (state_log_open(&r, &dir, "41.RUN.log", plan->value_count, &err) == 1) {
//         while (state_log_next(&r, &entry))
//             ...
//         state_log_end(&r);
//     }
//
// A process that is killed, or a machine that loses power, may leave any part of the bytes after
// the last mark. They are never used, and never appended to: another run writes a log of its own.
//
// Most values have occurred before in their window. Then the log has only their id in the window's
// table of values (map.h). Restoring gives all values the same ids again.
//
// The format. "u64" and "num" are those of snapshot_file.h, and so are texts:
//
//     bytes  what
//        36  "loginpipe state log 3 little-endian\n"; big-endian has one space less
//         n  blocks, the first of which is a header
//
//     A block:
//         8  u64: the XXH3_64bits of all other bytes of the block, with the offset of the block in
//            the file as the seed
//         8  u64: the kind of block; 0 is a header, 1 has entries, 2 is a mark
//         8  u64: the number of bytes that follow
//         n  the contents
//
//     A header:
//      text  the options that the state was made with
//      text  the run of the mark from which the log continues; the seq is that in the file's name
//       num  the number of partitions; for each one:
//      text    the topic
//       num    the partition
//
//     Entries, each of which begins with its kind:
//         1  1: a record
//       num    its time in ms since 1970, minus that of the record before in the log (at first 0);
//              a difference d is written as 2d or, if it is negative, as -2d - 1
//              for each table of values of the plan, its value:
//       num    its id in the table of the window that was named last; or 0
//      text    only after 0: the value
//         1  2: a line of a partial
//       num    its number in the input
//      text    the line
//         1  3: the windows that had changed were emitted
//         1  4: the watermark has changed
//         8    u64: the watermark
//         1  5: the input has ended, so all windows were closed
//         1  6: a record that was late for all windows
//       num    its time, as above
//         1  7: the records that follow are counted in this window, among others
//       num    the number of its spec among the options
//         8    u64: its start, or its number
//
//     A mark:
//       num  its seq
//       num  how many records or partials were accepted so far
//       num  the newest seq known to be committed, or 0
//       num  for each partition of the header: the offset
#ifndef INSIGHT_STATE_LOG_H
#define INSIGHT_STATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file_sync.h"
#include "base/line.h"
#include "base/out.h"
#include "insight/batch.h"
#include "insight/snapshot_file.h"
#include "stream/mark.h"

#define STATE_LOG_BLOCK ((size_t)256 << 10) // a block of entries is written when it has this size

// Times of records are within this distance of 1970, so that sums with durations cannot overflow.
#define STATE_TIME_MAX (INT64_C(1) << 60)

enum state_entry_kind {
    STATE_MARK, // not an entry of its own: the block of that kind
    STATE_RECORD,
    STATE_PARTIAL,
    STATE_EMITTED,
    STATE_WATERMARK,
    STATE_ENDED,
    STATE_LATE,
    STATE_WINDOW,
};

// --- Writing ---

struct state_log {
    const struct snapshot_dir *dir; // borrowed; NULL if nothing is logged
    char name[SNAPSHOT_NAME_SIZE];
    uint64_t seq;             // of the mark from which the log continues
    const struct mark *hello; // borrowed; its partitions, in the order of the offsets
    struct out out;           // its fd is -1 before the first block is written
    struct file_sync sync;    // of that fd
    size_t block_start;       // where the block that is being filled begins in the buffer
    uint64_t writing;         // up to here, the kernel was asked to write the file to disk
    int64_t watermark;        // the last one that was logged
    int64_t time;             // of the last record that was logged
    size_t series;            // the window that was named last
    int64_t start;
    bool named; // one was
};

// Starts a log, without creating its file yet. Borrows the directory and `hello`, which lists the
// partitions. The log is named after the mark `seq` from which it continues and after the run that
// writes it; `from` is the run of that mark. `watermark` is that of the state from which the log
// continues.
void state_log_init(struct state_log *log, const struct snapshot_dir *dir, uint64_t seq,
                    const char *run, const char *from, const struct mark *hello,
                    const char *options, int64_t watermark);

// Closes the file, after a sync that is under way. What came after the last mark is lost.
void state_log_close(struct state_log *log);

// Append entries. An entry is preceded by the watermark, if that has changed. Errors are reported
// at the next mark. state_log_record() takes the arguments of batch->counting(). Only a record that
// was late for all windows is logged with state_log_late().
void state_log_record(struct state_log *log, int64_t watermark, const struct batch *batch,
                      const struct batch_item *item, const uint32_t *value_id);
void state_log_late(struct state_log *log, int64_t time, int64_t watermark);
void state_log_partial(struct state_log *log, const struct line *line, int64_t watermark);
void state_log_emitted(struct state_log *log, int64_t watermark);
void state_log_ended(struct state_log *log, int64_t watermark);

// Appends a mark, and begins to sync the log to disk. Waits for the sync of the mark before.
// Returns 0, or -1 with *err set (EX_IOERR).
int state_log_mark(struct state_log *log, const struct mark *mark, int64_t watermark,
                   uint64_t accepted, uint64_t committed, struct err *err);

// Returns a descriptor that can be read when the sync has ended, or -1 if none is pending.
int state_log_sync_fd(const struct state_log *log);

// Waits for the pending sync, if there is one. Returns 0 if the last mark is on disk, or -1 with
// *err set (EX_IOERR).
int state_log_await_sync(struct state_log *log, struct err *err);

// --- Reading ---

struct state_value {
    uint64_t id;      // in the table; 0 if there is a text
    const char *data; // the text, not terminated; NULL if there is an id
    size_t len;
};

struct state_entry {
    enum state_entry_kind kind;
    int64_t time;                    // of a record; or the watermark; or the window's start
    uint64_t series;                 // of the window
    const struct state_value *value; // of a record: for each table of values
    const char *data;                // a partial's line
    size_t len;
    uint64_t number; // of that line

    // Of a mark.
    uint64_t seq, accepted, committed;
    const struct mark *at; // the partitions and their offsets; only state_log_next() sets it
};

struct state_log_reader {
    struct snapshot_reader in; // in.end is the end of the block
    size_t values;
    struct state_value *value;
    int64_t time; // of the last record
    struct mark at;
    const char *options; // not terminated
    size_t options_len;
    char from[SNAPSHOT_TAG_SIZE];
    bool in_entries; // the current block has entries
};

// Opens a log and reads its header. `values` is the number of tables of values of the plan. Returns
// 1, and then state_log_end() must be called. Returns 0 when there is no such log or when it ends
// within its header, so that it has no marks. Returns -1 with *err set (EX_CONFIG) if it cannot be
// read or is not a log of this version.
int state_log_open(struct state_log_reader *r, const struct snapshot_dir *dir, const char *name,
                   size_t values, struct err *err);
void state_log_end(struct state_log_reader *r);

// Reads the next entry or mark, in the order in which they were written. It is valid until the next
// call. Returns false at the end of the log, which is also where its bytes are torn or damaged.
bool state_log_next(struct state_log_reader *r, struct state_entry *entry);

// Goes to the next mark, and passes over the entries. Does not check them. Sets only entry->seq,
// accepted and committed. Returns false at the end.
bool state_log_next_mark(struct state_log_reader *r, struct state_entry *entry);

#endif
