// SPDX-License-Identifier: BSD-2-Clause
#include "base/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/signals.h"

void out_init(struct out *o, int fd, const char *name)
{
    *o = (struct out){.fd = fd, .name = name, .buf = BUF_INIT};
    buf_reserve(&o->buf, 2 * OUT_FLUSH);
}

// Returns whether a file ends in the middle of a line, as after a full disk or a kill. Returns
// false for a file that cannot be read.
static bool ends_in_half_line(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    char last = '\n';
    struct stat st;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
        last = '\n';
    close(fd);
    return last != '\n';
}

static bool is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int out_open_append(struct out *o, const char *file, const char *option, struct err *err)
{
    int fd;

    // A named pipe waits for its reader, which a timer may interrupt.
    do
        fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    while (fd < 0 && errno == EINTR && !signals_stopping());
    if (fd < 0) {
        *o = (struct out){.fd = -1, .name = file, .buf = BUF_INIT};
        return err_set(err, EX_CANTCREAT, "%s: %s: %s", option, file, strerror(errno));
    }
    out_init(o, fd, file);
    if (is_regular(fd) && ends_in_half_line(file))
        buf_putc(&o->buf, '\n');
    return 0;
}

int out_reopen_append(struct out *o, const char *option, struct err *err)
{
    struct out fresh;
    int status = out_open_append(&fresh, o->name, option, err);

    if (status == 0 && out_close(o) == 0) {
        o->fd = fresh.fd;
        buf_append(&o->buf, fresh.buf.data, fresh.buf.len);
    } else if (status == 0) {
        close(fresh.fd);
        o->fd = -1;
        status = out_error(o, err);
    }
    out_release(&fresh);
    return status;
}

void out_release(struct out *o)
{
    buf_release(&o->buf);
}

// Calls write(2) once. Returns the bytes written, 0 after an interruption, or -1 with o->error set.
static ssize_t write_some(struct out *o, const char *data, size_t len)
{
    ssize_t n = write(o->fd, data, len);

    if (n > 0)
        return n;
    if (n < 0 && errno == EINTR) {
        if (o->interrupted != NULL)
            o->interrupted(o->ctx);
        return 0;
    }
    if (n < 0 && errno == EAGAIN) {
        // Another process that shares the descriptor made it non-blocking.
        struct pollfd p = {.fd = o->fd, .events = POLLOUT};
        poll(&p, 1, 1000);
        if (o->interrupted != NULL)
            o->interrupted(o->ctx);
        return 0;
    }
    o->error = n == 0 ? ENOSPC : errno;
    return -1;
}

int out_flush(struct out *o)
{
    size_t done = 0;

    if (o->error != 0)
        return -1;
    while (done < o->buf.len) {
        ssize_t n = write_some(o, o->buf.data + done, o->buf.len - done);
        if (n < 0)
            break;
        done += (size_t)n;
    }
    o->bytes += done;
    if (done > 0 && done < o->buf.len)
        memmove(o->buf.data, o->buf.data + done, o->buf.len - done);
    o->buf.len -= done;
    return o->error == 0 ? 0 : -1;
}

bool out_reader_gone(const struct out *o)
{
    struct pollfd p = {.fd = o->fd, .events = 0};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

int out_close(struct out *o)
{
    int status = out_flush(o);

    // A file on a network or under a quota may report a failed write only here.
    if (close(o->fd) != 0 && o->error == 0 && errno != EINTR) {
        o->error = errno;
        status = -1;
    }
    return status;
}

uint64_t out_pending_lines(const struct out *o)
{
    uint64_t lines = 0;
    const char *at = o->buf.data;
    const char *end = o->buf.data + o->buf.len;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines++;
        at++;
    }
    return lines;
}

int out_error(const struct out *o, struct err *err)
{
    return err_set(err, EX_IOERR, "%s: %s", o->name, strerror(o->error));
}
