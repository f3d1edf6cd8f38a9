// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/ack_fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "stream/mark_text.h"

// A FIFO that is opened for both reading and writing can be used at once, whether or not the other
// side is open. When the other side closes it, there is no end of file (Linux; fifo(7)).
static int open_fifo(const char *path, struct err *err)
{
    struct stat st;

    if (mkfifo(path, 0600) != 0 && errno != EEXIST)
        return err_set(err, EX_CANTCREAT, "--acks: %s: %s", path, strerror(errno));
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, EX_CANTCREAT, "--acks: %s: %s", path, strerror(errno));
    if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
        return fd;
    close(fd);
    return err_set(err, EX_CANTCREAT, "--acks: %s: exists and is not a FIFO", path);
}

int ack_reader_open(struct ack_reader *r, const char *path, struct err *err)
{
    *r = (struct ack_reader){.fd = open_fifo(path, err), .mark = MARK_INIT};
    if (r->fd < 0)
        return -1;
    line_reader_init(&r->in, r->fd, LINE_MAX_DEFAULT);
    r->json = json_new();
    return 0;
}

void ack_reader_release(struct ack_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    if (r->json == NULL)
        return;
    line_reader_release(&r->in);
    json_free(r->json);
    r->json = NULL;
    mark_release(&r->mark);
}

static bool take(struct ack_reader *r, const struct line *line, const char *run, uint64_t *seq)
{
    struct err err;

    if (line->len == 0) // each writer begins with an empty line
        return false;
    if (!mark_is(line->data, line->len) ||
        mark_parse(&r->mark, r->json, line->data, line->len, &err) != 0) {
        log_warn("--acks: ignored a line that is not a mark");
        return false;
    }
    if (strcmp(r->mark.run, run) != 0)
        return false;
    *seq = r->mark.seq;
    return true;
}

int ack_reader_newest(struct ack_reader *r, const char *run, uint64_t *seq, struct err *err)
{
    struct line line;
    uint64_t found;
    int any = 0;

    while (line_fill(&r->in) > 0) {
        while (line_next(&r->in, &line)) {
            if (!take(r, &line, run, &found))
                continue;
            *seq = any && *seq > found ? *seq : found;
            any = 1;
        }
    }
    if (errno != EAGAIN && errno != EINTR)
        return err_set(err, EX_IOERR, "--acks: %s", strerror(errno));
    return any;
}

int ack_writer_open(struct ack_writer *w, const char *path, struct err *err)
{
    *w = (struct ack_writer){.fd = open_fifo(path, err)};
    return w->fd < 0 ? -1 : 0;
}

void ack_writer_release(struct ack_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    buf_release(&w->line);
    buf_release(&w->next);
}

void ack_writer_put(struct ack_writer *w, const char *data, size_t len)
{
    // A line that is partly written must be finished. Otherwise the new line replaces it, since an
    // acknowledgement covers all earlier marks.
    struct buf *b = w->written > 0 ? &w->next : &w->line;

    buf_clear(b);
    // An earlier writer may have been killed in the middle of a line that is longer than PIPE_BUF.
    if (!w->started)
        buf_putc(b, '\n');
    buf_append(b, data, len);
    buf_putc(b, '\n');
}

static int write_line(struct ack_writer *w, struct err *err)
{
    while (w->written < w->line.len) {
        ssize_t n = write(w->fd, w->line.data + w->written, w->line.len - w->written);
        if (n > 0) {
            w->written += (size_t)n;
            w->started = true;
        } else if (errno == EAGAIN)
            return 0;
        else if (errno != EINTR)
            return err_set(err, EX_IOERR, "--acks: %s", strerror(errno));
    }
    return 0;
}

int ack_writer_flush(struct ack_writer *w, struct err *err)
{
    struct buf spare;

    while (w->line.len > 0) {
        if (write_line(w, err) != 0)
            return -1;
        if (w->written < w->line.len)
            return 0;
        spare = w->line;
        w->line = w->next;
        w->next = spare;
        buf_clear(&w->next);
        w->written = 0;
    }
    return 0;
}
