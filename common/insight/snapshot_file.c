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

// The first line of a snapshot. Numbers are in this machine's byte order.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HEADER "loginpipe state 2 little-endian\n"
#else
#define HEADER "loginpipe state 2 big-endian\n"
#endif
#define HEADER_LEN (sizeof HEADER - 1)

#define ENDING ".state"
#define UNFINISHED ".new" // appended to the name while the file is being written

#define LOCK_WAIT 10000 // ms to wait for another process to unlock the directory
#define LOCK_SLICE 100

void snapshot_name(char name[SNAPSHOT_NAME_SIZE], uint64_t seq, const char *tag)
{
    snprintf(name, SNAPSHOT_NAME_SIZE, "%" PRIu64 "%s%.64s" ENDING, seq, tag == NULL ? "" : ".",
             tag == NULL ? "" : tag);
}

static int fail(const struct snapshot_dir *d, int status, const char *name, struct err *err)
{
    return err_set(err, status, "%s%s%s: %s", d->path, name[0] == '\0' ? "" : "/", name,
                   strerror(errno));
}

// Reads the seq of "42.state" or "42.TAG.state", where .state is the ending. Returns false for
// other names.
static bool read_name(const char *name, const char *ending, uint64_t *seq)
{
    size_t len = strlen(name), end_len = strlen(ending);
    char *end;

    if (len < end_len || len >= SNAPSHOT_NAME_SIZE || strcmp(name + len - end_len, ending) != 0 ||
        name[0] < '0' || name[0] > '9')
        return false;
    errno = 0;
    *seq = strtoull(name, &end, 10);
    return errno == 0 && *end == '.';
}

// Does what snapshot_dir_each() does, for the files with this ending.
static int each_file(const struct snapshot_dir *d, const char *ending,
                     int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                  uint64_t seq, struct err *err),
                     void *ctx, struct err *err)
{
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    uint64_t seq;
    int status = 0;

    if (dir == NULL)
        return fail(d, EX_IOERR, "", err);
    errno = 0;
    while (status == 0 && (entry = readdir(dir)) != NULL) {
        if (read_name(entry->d_name, ending, &seq))
            status = visit(ctx, d, entry->d_name, seq, err);
        errno = 0;
    }
    if (status == 0 && errno != 0)
        status = fail(d, EX_IOERR, "", err);
    closedir(dir);
    return status;
}

int snapshot_dir_each(const struct snapshot_dir *d,
                      int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                   uint64_t seq, struct err *err),
                      void *ctx, struct err *err)
{
    return each_file(d, ENDING, visit, ctx, err);
}

struct newest {
    struct timespec written;
    uint64_t seq;
    int found;
    char *name;
};

// Of two files written within one tick of the file system's clock, the one with the higher seq is
// newer.
static bool is_newer(const struct timespec *written, uint64_t seq, const struct newest *than)
{
    if (written->tv_sec != than->written.tv_sec)
        return written->tv_sec > than->written.tv_sec;
    if (written->tv_nsec != than->written.tv_nsec)
        return written->tv_nsec > than->written.tv_nsec;
    return seq > than->seq;
}

static int see_newest(void *ctx, const struct snapshot_dir *d, const char *name, uint64_t seq,
                      struct err *err)
{
    struct newest *newest = ctx;
    struct stat file;

    if (fstatat(d->fd, name, &file, 0) != 0)
        return errno == ENOENT ? 0 : fail(d, EX_IOERR, name, err);
    if (newest->found && !is_newer(&file.st_mtim, seq, newest))
        return 0;
    newest->written = file.st_mtim;
    newest->seq = seq;
    newest->found = 1;
    strcpy(newest->name, name); // read_name() has checked that it fits
    return 0;
}

int snapshot_dir_newest(const struct snapshot_dir *d, uint64_t *seq, char name[SNAPSHOT_NAME_SIZE],
                        struct err *err)
{
    struct newest newest = {.name = name};

    if (snapshot_dir_each(d, see_newest, &newest, err) != 0)
        return -1;
    *seq = newest.seq;
    return newest.found;
}

static int remove_old(void *ctx, const struct snapshot_dir *d, const char *name, uint64_t seq,
                      struct err *err)
{
    const uint64_t *to = ctx;

    return seq > *to || unlinkat(d->fd, name, 0) == 0 ? 0 : fail(d, EX_IOERR, name, err);
}

int snapshot_dir_remove(const struct snapshot_dir *d, uint64_t to, struct err *err)
{
    return snapshot_dir_each(d, remove_old, &to, err);
}

// Locks the directory, and waits for the lock up to LOCK_WAIT, because a pipeline that has just
// been fenced needs a moment to exit. Then removes the unfinished files of killed processes, which
// could fill the disk over time.
static int lock(const struct snapshot_dir *d, struct err *err)
{
    const struct timespec slice = {.tv_nsec = LOCK_SLICE * 1000000};
    uint64_t all = UINT64_MAX;
    int status;

    for (int waited = 0; (status = flock(d->fd, LOCK_EX | LOCK_NB)) != 0 &&
                         (errno == EWOULDBLOCK || errno == EINTR) && waited < LOCK_WAIT;
         waited += LOCK_SLICE)
        nanosleep(&slice, NULL);
    if (status == 0)
        return each_file(d, ENDING UNFINISHED, remove_old, &all, err);
    if (errno == EWOULDBLOCK)
        return err_set(err, EX_TEMPFAIL, "%s: another process is using it", d->path);
    return fail(d, EX_IOERR, "", err);
}

void snapshot_dir_close(struct snapshot_dir *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

int snapshot_dir_open(struct snapshot_dir *d, const char *path, bool to_write, struct err *err)
{
    *d = (struct snapshot_dir){.path = path, .fd = -1};
    if (to_write && mkdir(path, 0777) != 0 && errno != EEXIST)
        return fail(d, EX_CANTCREAT, "", err);
    d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0)
        return fail(d, to_write ? EX_CANTCREAT : EX_CONFIG, "", err);
    if (!to_write || lock(d, err) == 0)
        return 0;
    snapshot_dir_close(d);
    return -1;
}

void snapshot_write_begin(const struct snapshot_dir *d, const char *name, struct snapshot_writer *w)
{
    *w = (struct snapshot_writer){.hash = XXH3_createState()};
    if (w->hash == NULL)
        xalloc_die(sizeof(XXH3_state_t));
    snprintf(w->name, sizeof w->name, "%s", name);
    snprintf(w->unfinished, sizeof w->unfinished, "%s" UNFINISHED, w->name);
    int fd = openat(d->fd, w->unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        w->error = errno;
    out_init(&w->out, fd, w->unfinished);
    XXH3_64bits_reset(w->hash);
    snapshot_put(w, HEADER, HEADER_LEN);
}

void snapshot_put(struct snapshot_writer *w, const void *data, size_t len)
{
    const char *at = data;

    XXH3_64bits_update(w->hash, data, len);
    // Writes in pieces, to keep the buffer small.
    while (len > 0 && w->error == 0) {
        size_t piece = len < OUT_FLUSH ? len : OUT_FLUSH;
        buf_append(&w->out.buf, at, piece);
        if (out_line_done(&w->out) != 0)
            w->error = w->out.error;
        at += piece;
        len -= piece;
    }
}

void snapshot_put_u64(struct snapshot_writer *w, uint64_t n)
{
    snapshot_put(w, &n, sizeof n);
}

void snapshot_put_bytes(struct snapshot_writer *w, const void *data, size_t len)
{
    snapshot_put_u64(w, len);
    snapshot_put(w, data, len);
}

int snapshot_write_end(const struct snapshot_dir *d, struct snapshot_writer *w, struct err *err)
{
    uint64_t hash = XXH3_64bits_digest(w->hash);

    snapshot_put(w, &hash, sizeof hash);
    if (w->error == 0 && out_flush(&w->out) != 0)
        w->error = w->out.error;
    if (w->error == 0 && fsync(w->out.fd) != 0)
        w->error = errno;
    if (w->out.fd >= 0 && close(w->out.fd) != 0 && w->error == 0)
        w->error = errno;
    if (w->error == 0 && (renameat(d->fd, w->unfinished, d->fd, w->name) != 0 || fsync(d->fd) != 0))
        w->error = errno;
    XXH3_freeState(w->hash);
    out_release(&w->out);
    if (w->error == 0)
        return 0;
    unlinkat(d->fd, w->unfinished, 0);
    errno = w->error;
    return fail(d, EX_IOERR, w->name, err);
}

bool snapshot_dir_link(const struct snapshot_dir *d, const char *name, const char *second)
{
    return linkat(d->fd, name, d->fd, second, 0) == 0 && fsync(d->fd) == 0;
}

static int damaged(const struct snapshot_reader *r, struct err *err)
{
    return err_set(err, EX_CONFIG, "%s/%s: it is damaged, or written by another version",
                   r->dir->path, r->name);
}

static int map_file(struct snapshot_reader *r, int fd, struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return fail(r->dir, EX_CONFIG, r->name, err);
    r->len = (size_t)stat.st_size;
    if (r->len < HEADER_LEN + sizeof(uint64_t))
        return damaged(r, err);
    r->map = mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (r->map == MAP_FAILED)
        return fail(r->dir, EX_CONFIG, r->name, err);
    uint64_t hash;
    r->at = HEADER_LEN;
    r->end = r->len - sizeof hash;
    memcpy(&hash, r->map + r->end, sizeof hash);
    if (memcmp(r->map, HEADER, HEADER_LEN) == 0 && XXH3_64bits(r->map, r->end) == hash)
        return 0;
    munmap(r->map, r->len);
    return damaged(r, err);
}

int snapshot_read_begin(const struct snapshot_dir *d, const char *name, struct snapshot_reader *r,
                        struct err *err)
{
    *r = (struct snapshot_reader){.dir = d};
    snprintf(r->name, sizeof r->name, "%s", name);
    int fd = openat(d->fd, r->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail(d, EX_CONFIG, r->name, err);
    int status = map_file(r, fd, err);
    close(fd);
    return status == 0 ? 1 : -1;
}

static const char *get(struct snapshot_reader *r, size_t len)
{
    if (r->overrun || len > r->end - r->at) {
        r->overrun = true;
        return NULL;
    }
    r->at += len;
    return r->map + r->at - len;
}

void snapshot_get(struct snapshot_reader *r, void *data, size_t len)
{
    const char *from = get(r, len);

    if (len == 0)
        return;
    if (from == NULL)
        memset(data, 0, len);
    else
        memcpy(data, from, len);
}

uint64_t snapshot_get_u64(struct snapshot_reader *r)
{
    uint64_t n;

    snapshot_get(r, &n, sizeof n);
    return n;
}

size_t snapshot_get_count(struct snapshot_reader *r, size_t min_size)
{
    uint64_t n = snapshot_get_u64(r);

    if (n <= (r->end - r->at) / min_size)
        return (size_t)n;
    r->overrun = true;
    return 0;
}

const char *snapshot_get_bytes(struct snapshot_reader *r, size_t *len)
{
    *len = snapshot_get_count(r, 1);
    const char *data = get(r, *len);
    return data == NULL ? "" : data;
}

int snapshot_read_end(struct snapshot_reader *r, struct err *err)
{
    bool whole = !r->overrun && r->at == r->end;

    munmap(r->map, r->len);
    return whole ? 0 : damaged(r, err);
}
