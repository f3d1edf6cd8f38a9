// SPDX-License-Identifier: BSD-2-Clause
//
// faults: put before the C library's calls with LD_PRELOAD, it makes them fail as they may, and as
// they seldom do on a developer's machine. FAULTS lists what is wanted, with commas:
//
//     short-read      a read brings 1 to 7 bytes
//     eintr-read      every other read is interrupted before it brings anything
//     error-read=N    the N-th read of standard input and all later ones fail with EIO
//     short-write     a write takes 1 to 7 bytes
//     eintr-write     every other write is interrupted
//     eintr-poll      every other poll that may wait is interrupted
//     enospc-write=N  after N bytes to a descriptor, its disk is full
//     zero-write=N    after N bytes to a descriptor, writes take nothing and name no error
//     usr1-write      a SIGUSR1 comes right after each write to standard output
//     error-close     close fails with EIO where something was written to
//     count-malloc    at exit, the number of allocations is written to the file $FAULTS_COUNT
//
// Standard error is spared from faults of writing, so that messages come through.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS 64

static struct {
    bool short_read, eintr_read, short_write, eintr_write, eintr_poll, usr1_write;
    bool error_close, count_malloc;
    bool enospc, zero, error_read;
    size_t limit; // the N of these three
} faults;

static size_t written[DESCRIPTORS];
static uint64_t allocations;

static ssize_t (*next_read)(int, void *, size_t);
static ssize_t (*next_write)(int, const void *, size_t);
static int (*next_poll)(struct pollfd *, nfds_t, int);
static int (*next_close)(int);

// A data pointer becomes a function pointer, which ISO C knows no cast for.
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL)
        abort();
    memcpy(function, &found, sizeof found);
}

static void wish(const char *name)
{
    const char *equals = strchr(name, '=');

    if (equals != NULL)
        faults.limit = strtoul(equals + 1, NULL, 10);
    faults.short_read |= strcmp(name, "short-read") == 0;
    faults.eintr_read |= strcmp(name, "eintr-read") == 0;
    faults.short_write |= strcmp(name, "short-write") == 0;
    faults.eintr_write |= strcmp(name, "eintr-write") == 0;
    faults.eintr_poll |= strcmp(name, "eintr-poll") == 0;
    faults.usr1_write |= strcmp(name, "usr1-write") == 0;
    faults.error_close |= strcmp(name, "error-close") == 0;
    faults.count_malloc |= strcmp(name, "count-malloc") == 0;
    faults.enospc |= strncmp(name, "enospc-write=", 13) == 0;
    faults.zero |= strncmp(name, "zero-write=", 11) == 0;
    faults.error_read |= strncmp(name, "error-read=", 11) == 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *wanted = getenv("FAULTS");
    char names[256];
    char *rest = NULL;

    find(&next_read, "read");
    find(&next_write, "write");
    find(&next_poll, "poll");
    find(&next_close, "close");
    snprintf(names, sizeof names, "%s", wanted == NULL ? "" : wanted);
    for (char *name = strtok_r(names, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest))
        wish(name);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("FAULTS_COUNT");

    if (!faults.count_malloc || path == NULL)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (fd >= 0)
        dprintf(fd, "%llu\n", (unsigned long long)allocations);
}

// The lengths 1 to 7 in an order without a pattern that lines could have; always the same one.
static size_t cut(size_t len)
{
    static uint32_t state = 1;

    state = state * 1664525 + 1013904223;
    size_t few = 1 + (state >> 16) % 7;
    return len < few ? len : few;
}

static bool every_other(unsigned *turn)
{
    return ++*turn % 2 == 1;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

ssize_t read(int fd, void *data, size_t len)
{
    static unsigned turn;
    static size_t reads;

    if (faults.error_read && fd == STDIN_FILENO && ++reads >= faults.limit)
        return fail(EIO);
    if (faults.eintr_read && every_other(&turn))
        return fail(EINTR);
    return next_read(fd, data, faults.short_read ? cut(len) : len);
}

// What a write to this descriptor may take. Returns false when it is to fail.
static bool take(int fd, size_t *len, int *error)
{
    static unsigned turn;

    if (faults.eintr_write && every_other(&turn)) {
        *error = EINTR;
        return false;
    }
    if (faults.short_write)
        *len = cut(*len);
    if (!faults.enospc && !faults.zero)
        return true;
    size_t room = written[fd] < faults.limit ? faults.limit - written[fd] : 0;
    *error = faults.zero ? 0 : ENOSPC;
    *len = *len < room ? *len : room;
    return *len > 0;
}

ssize_t write(int fd, const void *data, size_t len)
{
    int error = 0;

    if (fd == STDERR_FILENO || fd < 0 || fd >= DESCRIPTORS || len == 0)
        return next_write(fd, data, len);
    if (!take(fd, &len, &error))
        return error == 0 ? 0 : fail(error);
    ssize_t n = next_write(fd, data, len);
    if (n > 0)
        written[fd] += (size_t)n;
    if (faults.usr1_write && fd == STDOUT_FILENO)
        raise(SIGUSR1);
    return n;
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    static unsigned turn;

    // An interruption means waiting; a poll that only looks has none.
    if (faults.eintr_poll && timeout != 0 && every_other(&turn))
        return fail(EINTR);
    return next_poll(fds, count, timeout);
}

int close(int fd)
{
    bool used = fd >= 0 && fd < DESCRIPTORS && written[fd] > 0;

    if (used)
        written[fd] = 0;
    int status = next_close(fd);
    return status == 0 && faults.error_close && used ? fail(EIO) : status;
}

// The C library's own, under names that stay when malloc is replaced. C++'s new calls malloc.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    allocations++;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    allocations++;
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}
