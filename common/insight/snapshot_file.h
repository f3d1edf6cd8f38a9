// SPDX-License-Identifier: BSD-2-Clause
//
// snapshot_file: reads and writes snapshot files in a directory. Each file exists either completely
// or not at all.
//
// A snapshot is a file named SEQ.TAG.state, or SEQ.state. It is written under a temporary name,
// synced to disk and renamed; then the directory is synced. Once snapshot_write_end() has returned
// 0, the file survives a power failure. A file begins with a header line that gives its type,
// version and byte order, and ends with a checksum.
//
//     struct snapshot_dir dir;
//     if (snapshot_dir_open(&dir, "DIR", true, &err) != 0) ...
//     char name[SNAPSHOT_NAME_SIZE];
//     snapshot_name(name, 42, "TAG");
//
//     struct snapshot_writer w;
//     snapshot_write_begin(&dir, name, &w);
//     snapshot_put_u64(&w, number);
//     if (snapshot_write_end(&dir, &w, &err) != 0) ...
//
//     struct snapshot_reader r;
//     if (snapshot_read_begin(&dir, name, &r, &err) == 1) {
//         number = snapshot_get_u64(&r);
//         ...
//         if (snapshot_read_end(&r, &err) != 0) ...
//     }
//     snapshot_dir_close(&dir);
//
// Values are read in the order in which they were written. A read that would go beyond the end
// gives zeros instead, and so do all later reads. snapshot_read_end() reports this.
#ifndef INSIGHT_SNAPSHOT_FILE_H
#define INSIGHT_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"

#define SNAPSHOT_NAME_SIZE 96

struct snapshot_dir {
    const char *path; // borrowed
    int fd;           // -1 when it is not open
};

struct snapshot_writer {
    struct out out;
    char name[SNAPSHOT_NAME_SIZE], unfinished[SNAPSHOT_NAME_SIZE + 8];
    int error;  // errno of the first failure
    void *hash; // of all bytes so far
};

struct snapshot_reader {
    const struct snapshot_dir *dir;
    char name[SNAPSHOT_NAME_SIZE];
    char *map; // the file in memory
    size_t len, at, end;
    bool overrun; // a read went beyond the end
};

// Opens a directory for reading or, if to_write is set, for writing too. For writing, creates the
// directory if it is missing, locks it (flock) until snapshot_dir_close(), and removes the
// unfinished files of killed writers. Returns 0, or -1 with *err set. When the directory cannot be
// opened, the error is EX_CANTCREAT for writing and EX_CONFIG for reading. When another process
// still holds the lock after ten seconds, it is EX_TEMPFAIL. Otherwise it is EX_IOERR.
int snapshot_dir_open(struct snapshot_dir *d, const char *path, bool to_write, struct err *err);
void snapshot_dir_close(struct snapshot_dir *d);

// Calls visit() for each snapshot, in no particular order. If visit() returns something other than
// 0, stops and returns that. Returns -1 with *err set (EX_IOERR) when the directory cannot be read.
int snapshot_dir_each(const struct snapshot_dir *d,
                      int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                   uint64_t seq, struct err *err),
                      void *ctx, struct err *err);

// Finds the snapshot that was written last. Its seq may not be the highest, because a run that
// starts from an earlier commit writes lower ones again. Returns 1; 0 when there is no snapshot; or
// -1 with *err set.
int snapshot_dir_newest(const struct snapshot_dir *d, uint64_t *seq, char name[SNAPSHOT_NAME_SIZE],
                        struct err *err);

// Gives a snapshot a second name (a hard link), and syncs the directory to disk. Returns false when
// this fails; not all file systems have hard links.
bool snapshot_dir_link(const struct snapshot_dir *d, const char *name, const char *second);

// Removes all snapshots with a seq up to `to`, whatever their tags. Returns 0, or -1 with *err set.
int snapshot_dir_remove(const struct snapshot_dir *d, uint64_t to, struct err *err);

// Builds the name of a snapshot. The tag may be NULL. It has at most 64 characters and no slash.
void snapshot_name(char name[SNAPSHOT_NAME_SIZE], uint64_t seq, const char *tag);

// --- Writing ---

// Start and end the writing of a snapshot. snapshot_write_end() must be called, and reports the
// errors of all calls before it. It returns 0, or -1 with *err set (EX_IOERR); after a failure, an
// older snapshot with the same name still exists.
void snapshot_write_begin(const struct snapshot_dir *d, const char *name,
                          struct snapshot_writer *w);
int snapshot_write_end(const struct snapshot_dir *d, struct snapshot_writer *w, struct err *err);

// Append bytes; a number; and a length followed by the bytes, for snapshot_get_bytes(). Numbers are
// in this machine's byte order.
void snapshot_put(struct snapshot_writer *w, const void *data, size_t len);
void snapshot_put_u64(struct snapshot_writer *w, uint64_t n);
void snapshot_put_bytes(struct snapshot_writer *w, const void *data, size_t len);

// --- Reading ---

// Opens a snapshot and verifies its checksum. Returns 1 after success, and then snapshot_read_end()
// must be called. Returns 0 when there is no such snapshot, or -1 with *err set (EX_CONFIG).
int snapshot_read_begin(const struct snapshot_dir *d, const char *name, struct snapshot_reader *r,
                        struct err *err);

// Closes the snapshot. Returns 0 when exactly the whole file was read, else -1 with *err set
// (EX_CONFIG).
int snapshot_read_end(struct snapshot_reader *r, struct err *err);

void snapshot_get(struct snapshot_reader *r, void *data, size_t len);
uint64_t snapshot_get_u64(struct snapshot_reader *r);

// Reads the number of elements that follow, each of at least min_size bytes. If the rest of the
// file is too short for that many, returns 0 and treats it as a read beyond the end.
size_t snapshot_get_count(struct snapshot_reader *r, size_t min_size);

// Reads a length and the bytes after it. Returns the bytes, which are valid until
// snapshot_read_end().
const char *snapshot_get_bytes(struct snapshot_reader *r, size_t *len);

#endif
