// SPDX-License-Identifier: BSD-2-Clause
#include "insight/snapshot_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/xalloc.h"

// What a snapshot begins with. Its numbers are as this machine has them.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HEADER "loginpipe state 2 little-endian\n"
#else
#define HEADER "loginpipe state 2 big-endian\n"
#endif
#define HEADER_LEN (sizeof HEADER - 1)

#define ENDING ".state"
#define UNFINISHED ".new" // behind the ending, while it is written

#define LOCK_WAIT 10000 // ms for another process to let go of the directory
#define LOCK_SLICE 100

void state_name(char name[STATE_NAME_SIZE], uint64_t seq, const char *tag)
{
    snprintf(name, STATE_NAME_SIZE, "%" PRIu64 "%s%.64s" ENDING, seq, tag == NULL ? "" : ".",
             tag == NULL ? "" : tag);
}

static int fail(const struct state *s, int status, const char *name, struct err *err)
{
    return err_set(err, status, "%s%s%s: %s", s->path, name[0] == '\0' ? "" : "/", name,
                   strerror(errno));
}

// Reads "42.state" or "42.TAG.state", or the like with another ending. Returns false for other
// names.
static bool read_name(const char *name, const char *ending, uint64_t *seq)
{
    size_t len = strlen(name), end_len = strlen(ending);
    char *end;

    if (len < end_len || len >= STATE_NAME_SIZE || strcmp(name + len - end_len, ending) != 0 ||
        name[0] < '0' || name[0] > '9')
        return false;
    errno = 0;
    *seq = strtoull(name, &end, 10);
    return errno == 0 && *end == '.';
}

// Calls what for each file whose name has that ending, as state_each() does.
static int each_file(const struct state *s, const char *ending,
                     int (*what)(void *ctx, const struct state *s, const char *name, uint64_t seq,
                                 struct err *err),
                     void *ctx, struct err *err)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    uint64_t seq;
    int status = 0;

    if (dir == NULL)
        return fail(s, EX_IOERR, "", err);
    errno = 0;
    while (status == 0 && (entry = readdir(dir)) != NULL) {
        if (read_name(entry->d_name, ending, &seq))
            status = what(ctx, s, entry->d_name, seq, err);
        errno = 0;
    }
    if (status == 0 && errno != 0)
        status = fail(s, EX_IOERR, "", err);
    closedir(dir);
    return status;
}

int state_each(const struct state *s,
               int (*what)(void *ctx, const struct state *s, const char *name, uint64_t seq,
                           struct err *err),
               void *ctx, struct err *err)
{
    return each_file(s, ENDING, what, ctx, err);
}

struct newest {
    struct timespec written;
    uint64_t seq;
    int found;
    char *name;
};

// Of two that were written in one tick of the clock the one with the higher seq is newer.
static bool is_newer(const struct timespec *written, uint64_t seq, const struct newest *than)
{
    if (written->tv_sec != than->written.tv_sec)
        return written->tv_sec > than->written.tv_sec;
    if (written->tv_nsec != than->written.tv_nsec)
        return written->tv_nsec > than->written.tv_nsec;
    return seq > than->seq;
}

static int see_newest(void *ctx, const struct state *s, const char *name, uint64_t seq,
                      struct err *err)
{
    struct newest *newest = ctx;
    struct stat file;

    if (fstatat(s->dir, name, &file, 0) != 0)
        return errno == ENOENT ? 0 : fail(s, EX_IOERR, name, err);
    if (newest->found && !is_newer(&file.st_mtim, seq, newest))
        return 0;
    newest->written = file.st_mtim;
    newest->seq = seq;
    newest->found = 1;
    strcpy(newest->name, name); // read_name() has seen that it fits
    return 0;
}

int state_newest(const struct state *s, uint64_t *seq, char name[STATE_NAME_SIZE], struct err *err)
{
    struct newest newest = {.name = name};

    if (state_each(s, see_newest, &newest, err) != 0)
        return -1;
    *seq = newest.seq;
    return newest.found;
}

static int remove_old(void *ctx, const struct state *s, const char *name, uint64_t seq,
                      struct err *err)
{
    const uint64_t *to = ctx;

    return seq > *to || unlinkat(s->dir, name, 0) == 0 ? 0 : fail(s, EX_IOERR, name, err);
}

int state_remove(const struct state *s, uint64_t to, struct err *err)
{
    return state_each(s, remove_old, &to, err);
}

// Locks the directory, and then removes what a process that was killed has not finished, which
// could fill the disk when it happens again and again. A pipeline that was just fenced needs a
// moment until it is gone.
static int lock(const struct state *s, struct err *err)
{
    const struct timespec slice = {.tv_nsec = LOCK_SLICE * 1000000};
    uint64_t all = UINT64_MAX;
    int status;

    for (int waited = 0; (status = flock(s->dir, LOCK_EX | LOCK_NB)) != 0 &&
                         (errno == EWOULDBLOCK || errno == EINTR) && waited < LOCK_WAIT;
         waited += LOCK_SLICE)
        nanosleep(&slice, NULL);
    if (status == 0)
        return each_file(s, ENDING UNFINISHED, remove_old, &all, err);
    if (errno == EWOULDBLOCK)
        return err_set(err, EX_TEMPFAIL, "%s: another process is using it", s->path);
    return fail(s, EX_IOERR, "", err);
}

void state_close(struct state *s)
{
    if (s->dir >= 0)
        close(s->dir);
    s->dir = -1;
}

int state_open(struct state *s, const char *path, bool to_write, struct err *err)
{
    *s = (struct state){.path = path, .dir = -1};
    if (to_write && mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail(s, EX_CANTCREAT, "", err);
    s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return fail(s, to_write ? EX_CANTCREAT : EX_CONFIG, "", err);
    if (!to_write || lock(s, err) == 0)
        return 0;
    state_close(s);
    return -1;
}

void state_save_begin(const struct state *s, const char *name, struct state_writer *w)
{
    *w = (struct state_writer){.hash = XXH3_createState()};
    if (w->hash == NULL)
        xalloc_die(sizeof(XXH3_state_t));
    snprintf(w->name, sizeof w->name, "%s", name);
    snprintf(w->unfinished, sizeof w->unfinished, "%s" UNFINISHED, w->name);
    int fd = openat(s->dir, w->unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        w->error = errno;
    out_init(&w->out, fd, w->unfinished);
    XXH3_64bits_reset(w->hash);
    state_put(w, HEADER, HEADER_LEN);
}

void state_put(struct state_writer *w, const void *data, size_t len)
{
    const char *at = data;

    XXH3_64bits_update(w->hash, data, len);
    // In pieces, so that the buffer stays small.
    while (len > 0 && w->error == 0) {
        size_t piece = len < OUT_FLUSH ? len : OUT_FLUSH;
        buf_append(&w->out.buf, at, piece);
        if (out_line_done(&w->out) != 0)
            w->error = w->out.error;
        at += piece;
        len -= piece;
    }
}

void state_put_u64(struct state_writer *w, uint64_t n)
{
    state_put(w, &n, sizeof n);
}

void state_put_bytes(struct state_writer *w, const void *data, size_t len)
{
    state_put_u64(w, len);
    state_put(w, data, len);
}

int state_save_end(const struct state *s, struct state_writer *w, struct err *err)
{
    uint64_t hash = XXH3_64bits_digest(w->hash);

    state_put(w, &hash, sizeof hash);
    if (w->error == 0 && out_flush(&w->out) != 0)
        w->error = w->out.error;
    if (w->error == 0 && fsync(w->out.fd) != 0)
        w->error = errno;
    if (w->out.fd >= 0 && close(w->out.fd) != 0 && w->error == 0)
        w->error = errno;
    if (w->error == 0 &&
        (renameat(s->dir, w->unfinished, s->dir, w->name) != 0 || fsync(s->dir) != 0))
        w->error = errno;
    XXH3_freeState(w->hash);
    out_release(&w->out);
    if (w->error == 0)
        return 0;
    unlinkat(s->dir, w->unfinished, 0);
    errno = w->error;
    return fail(s, EX_IOERR, w->name, err);
}

bool state_link(const struct state *s, const char *name, const char *second)
{
    return linkat(s->dir, name, s->dir, second, 0) == 0 && fsync(s->dir) == 0;
}

static int damaged(const struct state_reader *r, struct err *err)
{
    return err_set(err, EX_CONFIG, "%s/%s: it is damaged, or not of this version", r->state->path,
                   r->name);
}

static int map_file(struct state_reader *r, int fd, struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return fail(r->state, EX_CONFIG, r->name, err);
    r->len = (size_t)stat.st_size;
    if (r->len < HEADER_LEN + sizeof(uint64_t))
        return damaged(r, err);
    r->map = mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (r->map == MAP_FAILED)
        return fail(r->state, EX_CONFIG, r->name, err);
    uint64_t hash;
    r->at = HEADER_LEN;
    r->end = r->len - sizeof hash;
    memcpy(&hash, r->map + r->end, sizeof hash);
    if (memcmp(r->map, HEADER, HEADER_LEN) == 0 && XXH3_64bits(r->map, r->end) == hash)
        return 0;
    munmap(r->map, r->len);
    return damaged(r, err);
}

int state_load(const struct state *s, const char *name, struct state_reader *r, struct err *err)
{
    *r = (struct state_reader){.state = s};
    snprintf(r->name, sizeof r->name, "%s", name);
    int fd = openat(s->dir, r->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(s, EX_CONFIG, r->name, err);
    int status = map_file(r, fd, err);
    close(fd);
    return status == 0 ? 1 : -1;
}

static const char *take(struct state_reader *r, size_t len)
{
    if (r->short_of || len > r->end - r->at) {
        r->short_of = true;
        return NULL;
    }
    r->at += len;
    return r->map + r->at - len;
}

void state_get(struct state_reader *r, void *data, size_t len)
{
    const char *from = take(r, len);

    if (len == 0)
        return;
    if (from == NULL)
        memset(data, 0, len);
    else
        memcpy(data, from, len);
}

uint64_t state_get_u64(struct state_reader *r)
{
    uint64_t n;

    state_get(r, &n, sizeof n);
    return n;
}

size_t state_get_count(struct state_reader *r, size_t each)
{
    uint64_t n = state_get_u64(r);

    if (n <= (r->end - r->at) / each)
        return (size_t)n;
    r->short_of = true;
    return 0;
}

const char *state_get_bytes(struct state_reader *r, size_t *len)
{
    *len = state_get_count(r, 1);
    const char *data = take(r, *len);
    return data == NULL ? "" : data;
}

int state_load_end(struct state_reader *r, struct err *err)
{
    bool whole = !r->short_of && r->at == r->end;

    munmap(r->map, r->len);
    return whole ? 0 : damaged(r, err);
}
