// SPDX-License-Identifier: BSD-2-Clause
//
// snapshot_file: the files of a state directory. It names and lists them, and writes and reads the
// snapshots among them. state_log.h writes and reads the logs.
//
// SEQ.TAG.state is a snapshot, and SEQ.TAG.log is a log that continues from it; see checkpoint.h.
// Without a tag the name is SEQ.state.
//
// A snapshot exists either completely or not at all. It is written under a temporary name, synced
// to disk and renamed; then the directory is synced. Once snapshot_write_end() has returned 0, the
// file survives a power failure.
//
//     struct snapshot_dir dir;
//     if (snapshot_dir_open(&dir, "DIR", true, &err) != 0) ...
//     char name[SNAPSHOT_NAME_SIZE];
//     snapshot_name(name, 42, "TAG", SNAPSHOT_STATE);
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
// gives zeros instead, and so do all later reads. snapshot_read_end() reports this. So does
// snapshot_refuse(), for a value that the owner cannot use. Numbers of elements are bounded by the
// bytes that remain, so a forged file cannot make a reader allocate without end.
//
// The format of a snapshot:
//
//     bytes  what
//        32  "loginpipe state 4 little-endian\n"; big-endian has one space less
//         n  the contents: a struct state_head of state_snapshot.h, then what snapshot_codec.h
//            describes
//         8  the XXH3_64bits of all bytes before
//
// Fixed numbers (u64) have 8 bytes in the byte order of the machine. Other numbers (num) are
// varints: 7 bits in each byte, the lowest bits first, and the highest bit set in all bytes but the
// last; at most 10 bytes. A text is a num, its length, and that many bytes.
#ifndef INSIGHT_SNAPSHOT_FILE_H
#define INSIGHT_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/out.h"

#define SNAPSHOT_TAG_SIZE 65
#define SNAPSHOT_NAME_SIZE (20 + 1 + SNAPSHOT_TAG_SIZE + 8)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SNAPSHOT_BYTE_ORDER "little-endian"
#else
#define SNAPSHOT_BYTE_ORDER "big-endian"
#endif

struct snapshot_dir {
    const char *path; // borrowed
    int fd;           // -1 when it is not open
};

enum snapshot_kind { SNAPSHOT_STATE, SNAPSHOT_LOG };

// What a name says.
struct snapshot_id {
    uint64_t seq;
    char tag[SNAPSHOT_TAG_SIZE]; // empty if there is none
    enum snapshot_kind kind;
};

struct snapshot_writer {
    struct out out;
    char name[SNAPSHOT_NAME_SIZE], unfinished[SNAPSHOT_NAME_SIZE + 8];
    int error;     // errno of the first failure
    size_t hashed; // bytes of out.buf that are in the hash
    void *hash;    // of all bytes so far
};

struct snapshot_reader {
    const struct snapshot_dir *dir;
    char name[SNAPSHOT_NAME_SIZE];
    char *map; // the file in memory
    size_t len, at, end;
    bool overrun; // a read went beyond the end, or snapshot_refuse() was called
};

// Opens a directory for reading or, if to_write is set, for writing too. For writing, creates the
// directory if it is missing, locks it (flock) until snapshot_dir_close(), and removes the
// unfinished files of killed writers. Returns 0, or -1 with *err set. When the directory cannot be
// opened, the error is EX_CANTCREAT for writing and EX_CONFIG for reading. When another process
// still holds the lock after ten seconds, it is EX_TEMPFAIL. Otherwise it is EX_IOERR.
int snapshot_dir_open(struct snapshot_dir *d, const char *path, bool to_write, struct err *err);
void snapshot_dir_close(struct snapshot_dir *d);

// Calls visit() for each snapshot and each log, in no particular order. If visit() returns
// something other than 0, stops and returns that. Returns -1 with *err set (EX_IOERR) when the
// directory cannot be read.
int snapshot_dir_each(const struct snapshot_dir *d,
                      int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                   const struct snapshot_id *id, struct err *err),
                      void *ctx, struct err *err);

// Returns the bytes of all these files, as far as they can be told.
uint64_t snapshot_dir_size(const struct snapshot_dir *d);

// Finds the file that was written last, among those that wanted() accepts; NULL accepts all. Its
// seq may not be the highest, because a run that starts from an earlier commit writes lower ones
// again. Returns 1; 0 when there is no file; or -1 with *err set.
int snapshot_dir_newest(const struct snapshot_dir *d,
                        bool (*wanted)(const void *ctx, const struct snapshot_id *id),
                        const void *ctx, struct snapshot_id *id, struct err *err);

// Removes one file, or all files of the directory. It is not an error if the file does not exist.
// Return 0, or -1 with *err set (EX_IOERR).
int snapshot_remove(const struct snapshot_dir *d, const char *name, struct err *err);
int snapshot_dir_clear(const struct snapshot_dir *d, struct err *err);

// Builds the name of a file. The tag may be NULL or empty. It has at most 64 characters and no
// slash.
void snapshot_name(char name[SNAPSHOT_NAME_SIZE], uint64_t seq, const char *tag,
                   enum snapshot_kind kind);

// Sets *err to "DIR/NAME: why", where errno has the reason. Returns -1.
int snapshot_fail(const struct snapshot_dir *d, int status, const char *name, struct err *err);

// --- Writing ---

// Start and end the writing of a snapshot. snapshot_write_end() must be called, and reports the
// errors of all calls before it. It returns 0, or -1 with *err set (EX_IOERR) and errno; after a
// failure, an older snapshot with the same name still exists.
void snapshot_write_begin(const struct snapshot_dir *d, const char *name,
                          struct snapshot_writer *w);
int snapshot_write_end(const struct snapshot_dir *d, struct snapshot_writer *w, struct err *err);

#define SNAPSHOT_NUM_SIZE 10 // bytes of the longest num

// Writes a num to memory that has room for the longest one. Returns its end.
static inline char *snapshot_write_num(char *at, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        *at++ = (char)(n | 0x80);
    *at++ = (char)n;
    return at;
}

// Appends a num to a buffer.
static inline void snapshot_append_num(struct buf *b, uint64_t n)
{
    if (b->size - b->len < SNAPSHOT_NUM_SIZE)
        buf_reserve(b, SNAPSHOT_NUM_SIZE);
    b->len = (size_t)(snapshot_write_num(b->data + b->len, n) - b->data);
}

// Append bytes; a fixed number; a num; and a text.
void snapshot_put(struct snapshot_writer *w, const void *data, size_t len);
void snapshot_put_u64(struct snapshot_writer *w, uint64_t n);
void snapshot_put_num(struct snapshot_writer *w, uint64_t n);
void snapshot_put_bytes(struct snapshot_writer *w, const void *data, size_t len);

// --- Reading ---

// Opens a snapshot and verifies its checksum. Returns 1 after success, and then snapshot_read_end()
// must be called. Returns 0 when there is no such snapshot, or -1 with *err set (EX_CONFIG).
int snapshot_read_begin(const struct snapshot_dir *d, const char *name, struct snapshot_reader *r,
                        struct err *err);

// Maps a file that begins with this header line, and that may be written to at the same time. The
// reader is at the byte after the header. Does not look at a checksum. Returns like
// snapshot_read_begin(). A file that is only a part of the header has no bytes to read.
int snapshot_map(const struct snapshot_dir *d, const char *name, const char *header,
                 struct snapshot_reader *r, struct err *err);
void snapshot_unmap(struct snapshot_reader *r);

// Closes the snapshot. Returns 0 when exactly the whole file was read, else -1 with *err set
// (EX_CONFIG).
int snapshot_read_end(struct snapshot_reader *r, struct err *err);

// Sets *err to the message about a file that is damaged or forged. Returns -1.
int snapshot_damaged(const struct snapshot_reader *r, struct err *err);

void snapshot_get(struct snapshot_reader *r, void *data, size_t len);
uint64_t snapshot_get_u64(struct snapshot_reader *r);
uint64_t snapshot_get_num(struct snapshot_reader *r);

// Reads a num, the number of elements that follow, each of at least min_size bytes. If the rest of
// the file is too short for that many, returns 0 and treats it as a read beyond the end.
size_t snapshot_get_count(struct snapshot_reader *r, size_t min_size);

// Reads a text. Returns its bytes, which are valid until snapshot_read_end().
const char *snapshot_get_bytes(struct snapshot_reader *r, size_t *len);

// Reads a text that may not hold NUL. Returns a copy, which the caller frees. Refuses a text with
// NUL, and returns NULL then and after a read beyond the end.
char *snapshot_get_name(struct snapshot_reader *r);

// Says that a value that was read cannot be right. All later reads then give zeros.
static inline void snapshot_refuse(struct snapshot_reader *r)
{
    r->overrun = true;
}

#endif
