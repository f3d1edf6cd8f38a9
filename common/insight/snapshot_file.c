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

#define HEADER "loginpipe state 4 " SNAPSHOT_BYTE_ORDER "\n"
#define HEADER_LEN (sizeof HEADER - 1)

#define UNFINISHED ".new" // appended to the name while the file is being written

#define LOCK_WAIT 10000 // ms to wait for another process to unlock the directory
#define LOCK_SLICE 100

static const char *const endings[] = {[SNAPSHOT_STATE] = ".state", [SNAPSHOT_LOG] = ".log"};

void snapshot_name(char name[SNAPSHOT_NAME_SIZE], uint64_t seq, const char *tag,
                   enum snapshot_kind kind)
{
    bool tagged = tag != NULL && tag[0] != '\0';

    snprintf(name, SNAPSHOT_NAME_SIZE, "%" PRIu64 "%s%.64s%s", seq, tagged ? "." : "",
             tagged ? tag : "", endings[kind]);
}

int snapshot_fail(const struct snapshot_dir *d, int status, const char *name, struct err *err)
{
    return err_set(err, status, "%s%s%s: %s", d->path, name[0] == '\0' ? "" : "/", name,
                   strerror(errno));
}

// Returns the length of a name without an ending, or 0 if the name does not have this ending.
static size_t cut_ending(const char *name, size_t len, const char *ending)
{
    size_t end = strlen(ending);

    return len > end && memcmp(name + len - end, ending, end) == 0 ? len - end : 0;
}

// Reads a name without its ending: "42" or "42.TAG". Returns false for other names.
static bool read_stem(const char *name, size_t len, struct snapshot_id *id)
{
    char *end;

    if (name[0] < '0' || name[0] > '9')
        return false;
    errno = 0;
    id->seq = strtoull(name, &end, 10);
    size_t tag = len - (size_t)(end - name);
    if (errno != 0 || *end != '.' || tag > SNAPSHOT_TAG_SIZE)
        return false;
    snprintf(id->tag, sizeof id->tag, "%.*s", tag == 0 ? 0 : (int)tag - 1, end + 1);
    return true;
}

// Reads "42.state" or "42.TAG.log". Returns false for other names.
static bool read_name(const char *name, struct snapshot_id *id)
{
    for (enum snapshot_kind kind = SNAPSHOT_STATE; kind <= SNAPSHOT_LOG; kind++) {
        size_t len = cut_ending(name, strlen(name), endings[kind]);
        id->kind = kind;
        if (len > 0)
            return read_stem(name, len, id);
    }
    return false;
}

// Reads the name of a file that is being written.
static bool read_unfinished(const char *name, struct snapshot_id *id)
{
    char finished[SNAPSHOT_NAME_SIZE];
    size_t len = cut_ending(name, strlen(name), UNFINISHED);

    if (len == 0 || len >= sizeof finished)
        return false;
    snprintf(finished, sizeof finished, "%.*s", (int)len, name);
    return read_name(finished, id);
}

// Calls visit() for each file whose name read() accepts.
static int each_file(const struct snapshot_dir *d,
                     bool (*read)(const char *name, struct snapshot_id *id),
                     int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                  const struct snapshot_id *id, struct err *err),
                     void *ctx, struct err *err)
{
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    struct snapshot_id id;
    int status = 0;

    if (dir == NULL)
        return snapshot_fail(d, EX_IOERR, "", err);
    errno = 0;
    while (status == 0 && (entry = readdir(dir)) != NULL) {
        if (read(entry->d_name, &id))
            status = visit(ctx, d, entry->d_name, &id, err);
        errno = 0;
    }
    if (status == 0 && errno != 0)
        status = snapshot_fail(d, EX_IOERR, "", err);
    closedir(dir);
    return status;
}

int snapshot_dir_each(const struct snapshot_dir *d,
                      int (*visit)(void *ctx, const struct snapshot_dir *d, const char *name,
                                   const struct snapshot_id *id, struct err *err),
                      void *ctx, struct err *err)
{
    return each_file(d, read_name, visit, ctx, err);
}

static int add_size(void *ctx, const struct snapshot_dir *d, const char *name,
                    const struct snapshot_id *id, struct err *err)
{
    uint64_t *size = ctx;
    struct stat file;

    (void)id;
    (void)err;
    if (fstatat(d->fd, name, &file, 0) == 0)
        *size += (uint64_t)file.st_size;
    return 0;
}

uint64_t snapshot_dir_size(const struct snapshot_dir *d)
{
    uint64_t size = 0;
    struct err err;

    snapshot_dir_each(d, add_size, &size, &err);
    return size;
}

struct newest {
    bool (*wanted)(const void *ctx, const struct snapshot_id *id);
    const void *ctx;
    struct timespec written;
    struct snapshot_id *id;
    int found;
};

// Of two files written within one tick of the file system's clock, the one with the higher seq is
// newer.
static bool is_newer(const struct timespec *written, uint64_t seq, const struct newest *than)
{
    if (written->tv_sec != than->written.tv_sec)
        return written->tv_sec > than->written.tv_sec;
    if (written->tv_nsec != than->written.tv_nsec)
        return written->tv_nsec > than->written.tv_nsec;
    return seq > than->id->seq;
}

static int see_newest(void *ctx, const struct snapshot_dir *d, const char *name,
                      const struct snapshot_id *id, struct err *err)
{
    struct newest *newest = ctx;
    struct stat file;

    if (newest->wanted != NULL && !newest->wanted(newest->ctx, id))
        return 0;
    if (fstatat(d->fd, name, &file, 0) != 0)
        return errno == ENOENT ? 0 : snapshot_fail(d, EX_IOERR, name, err);
    if (newest->found && !is_newer(&file.st_mtim, id->seq, newest))
        return 0;
    newest->written = file.st_mtim;
    newest->found = 1;
    *newest->id = *id;
    return 0;
}

int snapshot_dir_newest(const struct snapshot_dir *d,
                        bool (*wanted)(const void *ctx, const struct snapshot_id *id),
                        const void *ctx, struct snapshot_id *id, struct err *err)
{
    struct newest newest = {.wanted = wanted, .ctx = ctx, .id = id};

    return snapshot_dir_each(d, see_newest, &newest, err) != 0 ? -1 : newest.found;
}

int snapshot_remove(const struct snapshot_dir *d, const char *name, struct err *err)
{
    return unlinkat(d->fd, name, 0) == 0 || errno == ENOENT ? 0
                                                            : snapshot_fail(d, EX_IOERR, name, err);
}

static int remove_file(void *ctx, const struct snapshot_dir *d, const char *name,
                       const struct snapshot_id *id, struct err *err)
{
    (void)ctx;
    (void)id;
    return snapshot_remove(d, name, err);
}

int snapshot_dir_clear(const struct snapshot_dir *d, struct err *err)
{
    return snapshot_dir_each(d, remove_file, NULL, err);
}

// Locks the directory, and waits for the lock up to LOCK_WAIT, because a pipeline that has just
// been fenced needs a moment to exit. Then removes the unfinished files of killed processes, which
// could fill the disk over time.
static int lock(const struct snapshot_dir *d, struct err *err)
{
    const struct timespec slice = {.tv_nsec = LOCK_SLICE * 1000000};
    int status;

    for (int waited = 0; (status = flock(d->fd, LOCK_EX | LOCK_NB)) != 0 &&
                         (errno == EWOULDBLOCK || errno == EINTR) && waited < LOCK_WAIT;
         waited += LOCK_SLICE)
        nanosleep(&slice, NULL);
    if (status == 0)
        return each_file(d, read_unfinished, remove_file, NULL, err);
    if (errno == EWOULDBLOCK)
        return err_set(err, EX_TEMPFAIL, "%s: another process is using it", d->path);
    return snapshot_fail(d, EX_IOERR, "", err);
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
        return snapshot_fail(d, EX_CANTCREAT, "", err);
    d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0)
        return snapshot_fail(d, to_write ? EX_CANTCREAT : EX_CONFIG, "", err);
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

// Adds what is buffered to the hash, and writes it. Hashing many bytes at once is much faster than
// hashing each value.
static void flush(struct snapshot_writer *w)
{
    XXH3_64bits_update(w->hash, w->out.buf.data, w->out.buf.len);
    if (w->error == 0 && out_flush(&w->out) != 0)
        w->error = w->out.error;
    buf_clear(&w->out.buf);
}

void snapshot_put(struct snapshot_writer *w, const void *data, size_t len)
{
    const char *at = data;

    // Writes in pieces, to keep the buffer small.
    while (len > 0) {
        size_t piece = len < OUT_FLUSH ? len : OUT_FLUSH;
        buf_append(&w->out.buf, at, piece);
        if (w->out.buf.len >= OUT_FLUSH)
            flush(w);
        at += piece;
        len -= piece;
    }
}

void snapshot_put_u64(struct snapshot_writer *w, uint64_t n)
{
    snapshot_put(w, &n, sizeof n);
}

void snapshot_put_num(struct snapshot_writer *w, uint64_t n)
{
    snapshot_append_num(&w->out.buf, n);
    if (w->out.buf.len >= OUT_FLUSH)
        flush(w);
}

void snapshot_put_bytes(struct snapshot_writer *w, const void *data, size_t len)
{
    snapshot_put_num(w, len);
    snapshot_put(w, data, len);
}

int snapshot_write_end(const struct snapshot_dir *d, struct snapshot_writer *w, struct err *err)
{
    flush(w);
    uint64_t hash = XXH3_64bits_digest(w->hash);
    buf_append(&w->out.buf, &hash, sizeof hash);
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
    snapshot_fail(d, EX_IOERR, w->name, err);
    errno = w->error;
    return -1;
}

int snapshot_damaged(const struct snapshot_reader *r, struct err *err)
{
    return err_set(
        err, EX_CONFIG,
        "%s/%s: it is damaged, or written by another version (--state-reset starts over)",
        r->dir->path, r->name);
}

static int map_file(struct snapshot_reader *r, int fd, struct err *err)
{
    struct stat stat;

    if (fstat(fd, &stat) != 0)
        return snapshot_fail(r->dir, EX_CONFIG, r->name, err);
    r->len = r->end = (size_t)stat.st_size;
    if (r->len == 0) // which cannot be mapped
        return 0;
    r->map = mmap(NULL, r->len, PROT_READ, MAP_PRIVATE, fd, 0);
    return r->map == MAP_FAILED ? snapshot_fail(r->dir, EX_CONFIG, r->name, err) : 0;
}

int snapshot_map(const struct snapshot_dir *d, const char *name, const char *header,
                 struct snapshot_reader *r, struct err *err)
{
    size_t len = strlen(header);

    *r = (struct snapshot_reader){.dir = d};
    snprintf(r->name, sizeof r->name, "%s", name);
    int fd = openat(d->fd, r->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : snapshot_fail(d, EX_CONFIG, r->name, err);
    int status = map_file(r, fd, err);
    close(fd);
    if (status != 0)
        return -1;
    r->at = r->len < len ? r->len : len;
    if (r->at == 0 || memcmp(r->map, header, r->at) == 0)
        return 1;
    snapshot_unmap(r);
    return snapshot_damaged(r, err);
}

void snapshot_unmap(struct snapshot_reader *r)
{
    if (r->len > 0)
        munmap(r->map, r->len);
}

int snapshot_read_begin(const struct snapshot_dir *d, const char *name, struct snapshot_reader *r,
                        struct err *err)
{
    uint64_t hash;
    int found = snapshot_map(d, name, HEADER, r, err);

    if (found <= 0)
        return found;
    if (r->len >= HEADER_LEN + sizeof hash) {
        r->end = r->len - sizeof hash;
        memcpy(&hash, r->map + r->end, sizeof hash);
        if (XXH3_64bits(r->map, r->end) == hash)
            return 1;
    }
    snapshot_unmap(r);
    return snapshot_damaged(r, err);
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

uint64_t snapshot_get_num(struct snapshot_reader *r)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64 && !r->overrun && r->at < r->end; shift += 7) {
        unsigned char byte = (unsigned char)r->map[r->at++];
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return n;
    }
    r->overrun = true;
    return 0;
}

size_t snapshot_get_count(struct snapshot_reader *r, size_t min_size)
{
    uint64_t n = snapshot_get_num(r);

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

char *snapshot_get_name(struct snapshot_reader *r)
{
    size_t len;
    const char *text = snapshot_get_bytes(r, &len);

    if (memchr(text, '\0', len) == NULL && !r->overrun)
        return xstrndup(text, len);
    snapshot_refuse(r);
    return NULL;
}

int snapshot_read_end(struct snapshot_reader *r, struct err *err)
{
    bool whole = !r->overrun && r->at == r->end;

    snapshot_unmap(r);
    return whole ? 0 : snapshot_damaged(r, err);
}
