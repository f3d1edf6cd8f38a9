// SPDX-License-Identifier: BSD-2-Clause
//
// state: a directory of snapshots, each of which is there whole or not at all.
//
// A snapshot is a file SEQ.TAG.state, or SEQ.state: written beside it, fsync'd, renamed, and then
// the directory is fsync'd, so that after state_save() it survives a loss of power. It begins with
// a line that says what it is, of which version and made on what kind of machine, and ends with a
// checksum. The directory is locked (flock) as long as it is open for writing; what was not
// finished when its writer was killed goes when it is opened so.
//
//     struct state state;
//     if (state_open(&state, "DIR", true, &err) != 0) ...
//     struct state_writer w;
//     state_name(name, 42, "TAG");
//     state_save_begin(&state, name, &w);
//     state_put(&w, &number, sizeof number);
//     if (state_save_end(&state, &w, &err) != 0) ...
//
//     struct state_reader r;
//     if (state_load(&state, name, &r, &err) == 1) {
//         state_get(&r, &number, sizeof number);
//         ...
//         if (state_load_end(&r, &err) != 0) ...
//     }
//     state_close(&state);
//
// What is written is read in the same order. A reader never goes beyond its end: after a read that
// would, everything reads as zeros, and state_load_end() says so.
#ifndef INSIGHT_SNAPSHOT_FILE_H
#define INSIGHT_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/out.h"

#define STATE_NAME_SIZE 96

struct state {
    const char *path; // borrowed
    int dir;          // -1 when it is not open
};

struct state_writer {
    struct out out;
    char name[STATE_NAME_SIZE], unfinished[STATE_NAME_SIZE + 8];
    int error; // errno of the first failure
    void *hash;
};

struct state_reader {
    const struct state *state;
    char name[STATE_NAME_SIZE];
    char *map; // of the file
    size_t len, at, end;
    bool short_of; // a read went beyond the end
};

// Opens a directory: to write to it, which makes it when it is missing, locks it and removes
// unfinished snapshots, or else only to read. Errors: EX_CANTCREAT, or only to read EX_CONFIG;
// EX_IOERR, or EX_TEMPFAIL where another process keeps the lock for ten seconds.
int state_open(struct state *s, const char *path, bool to_write, struct err *err);
void state_close(struct state *s);

// Makes the name of a snapshot; a tag has at most 64 characters, none of them a slash, and is NULL
// for none.
void state_name(char name[STATE_NAME_SIZE], uint64_t seq, const char *tag);

// Calls what for each snapshot, until it returns something else than 0, which is then returned; -1
// is with *err set.
int state_each(const struct state *s,
               int (*what)(void *ctx, const struct state *s, const char *name, uint64_t seq,
                           struct err *err),
               void *ctx, struct err *err);

// Finds the snapshot that was written last. Its seq need not be the highest: what was not committed
// comes again in another run. Returns 1, 0 when there is none, or -1 with *err set.
int state_newest(const struct state *s, uint64_t *seq, char name[STATE_NAME_SIZE], struct err *err);

// Gives a snapshot a second name, durably. Returns whether that has worked; not all file systems
// can.
bool state_link(const struct state *s, const char *name, const char *second);

// Removes the snapshots up to a seq, of all tags.
int state_remove(const struct state *s, uint64_t to, struct err *err);

// Errors are kept until state_save_end(), which returns 0, or -1 with *err set (EX_IOERR) and the
// snapshot that was there before, if any, untouched.
void state_save_begin(const struct state *s, const char *name, struct state_writer *w);
void state_put(struct state_writer *w, const void *data, size_t len);
void state_put_u64(struct state_writer *w, uint64_t n);
// Bytes with their length before them.
void state_put_bytes(struct state_writer *w, const void *data, size_t len);
int state_save_end(const struct state *s, struct state_writer *w, struct err *err);

// Returns 1 when there is a snapshot and it is sound; then state_load_end() must follow. Returns 0
// when there is none, or -1 with *err set (EX_CONFIG).
int state_load(const struct state *s, const char *name, struct state_reader *r, struct err *err);
void state_get(struct state_reader *r, void *data, size_t len);
uint64_t state_get_u64(struct state_reader *r);
// A number of things to come that take at least so many bytes each; more than there can be is an
// error.
size_t state_get_count(struct state_reader *r, size_t each);
// The bytes die with state_load_end().
const char *state_get_bytes(struct state_reader *r, size_t *len);
// Returns 0 when all was read and nothing beyond, else -1 with *err set (EX_CONFIG).
int state_load_end(struct state_reader *r, struct err *err);

#endif
