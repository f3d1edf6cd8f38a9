// SPDX-License-Identifier: BSD-2-Clause
#include "base/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"
#include "base/xalloc.h"

#define MODE 0644 // node_exporter is another user

// --- The text ---

void metrics_family(struct metrics *m, const char *name, const char *type, const char *help)
{
    m->family = name;
    buf_printf(m->b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_put_label(struct buf *b, const char *name, const char *value)
{
    buf_puts(b, name);
    buf_puts(b, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            buf_putc(b, '\\');
        if (*value == '\n')
            buf_puts(b, "\\n");
        else
            buf_putc(b, *value);
    }
    buf_putc(b, '"');
}

// Appends everything of a sample but its value.
static void put_name(struct metrics *m, const char *suffix, va_list labels)
{
    const char *name;
    char before = '{';

    buf_puts(m->b, m->family);
    buf_puts(m->b, suffix);
    if (m->stage != NULL) {
        buf_putc(m->b, before);
        metrics_put_label(m->b, "stage", m->stage);
        before = ',';
    }
    while ((name = va_arg(labels, const char *)) != NULL) {
        buf_putc(m->b, before);
        metrics_put_label(m->b, name, va_arg(labels, const char *));
        before = ',';
    }
    if (before == ',')
        buf_putc(m->b, '}');
    buf_putc(m->b, ' ');
}

static void put_seconds(struct buf *b, int64_t ms)
{
    const char *sign = ms < 0 ? "-" : "";

    ms = ms < 0 ? -ms : ms;
    buf_printf(b, "%s%lld.%03lld", sign, (long long)(ms / 1000), (long long)(ms % 1000));
    while (b->data[b->len - 1] == '0')
        b->len--;
    if (b->data[b->len - 1] == '.')
        b->len--;
}

void metrics_put_u64(struct metrics *m, uint64_t value, ...)
{
    va_list labels;

    va_start(labels, value);
    put_name(m, "", labels);
    va_end(labels);
    buf_put_u64(m->b, value);
    buf_putc(m->b, '\n');
}

void metrics_put_ms(struct metrics *m, int64_t ms, ...)
{
    va_list labels;

    va_start(labels, ms);
    put_name(m, "", labels);
    va_end(labels);
    put_seconds(m->b, ms);
    buf_putc(m->b, '\n');
}

// --- Durations ---

static const int64_t bounds[METRICS_BOUNDS] = {5,   10,   25,   50,   100,  250,
                                               500, 1000, 2500, 5000, 10000};

void metrics_durations_add(struct metrics_durations *d, int64_t ms)
{
    size_t i = 0;

    while (i < METRICS_BOUNDS && ms > bounds[i])
        i++;
    d->within[i]++;
    d->sum += ms;
}

// Begins a sample of a histogram, whose value follows.
static void begin_part(struct metrics *m, const char *suffix, ...)
{
    va_list labels;

    va_start(labels, suffix);
    put_name(m, suffix, labels);
    va_end(labels);
}

void metrics_put_durations(struct metrics *m, const char *name, const char *help,
                           const struct metrics_durations *d)
{
    uint64_t count = 0;

    metrics_family(m, name, "histogram", help);
    for (size_t i = 0; i <= METRICS_BOUNDS; i++) {
        struct buf bound = BUF_INIT;
        if (i < METRICS_BOUNDS)
            put_seconds(&bound, bounds[i]);
        else
            buf_puts(&bound, "+Inf");
        buf_putc(&bound, '\0');
        begin_part(m, "_bucket", "le", bound.data, NULL);
        buf_release(&bound);
        count += d->within[i];
        buf_printf(m->b, "%llu\n", (unsigned long long)count);
    }
    begin_part(m, "_sum", NULL);
    put_seconds(m->b, d->sum);
    buf_putc(m->b, '\n');
    begin_part(m, "_count", NULL);
    buf_printf(m->b, "%llu\n", (unsigned long long)count);
}

// --- The file ---

static char *unfinished(const struct metrics_file *f)
{
    return xasprintf("%s.tmp", f->name);
}

// A rename would put a file into the place of a device or of a link.
static bool may_replace(const struct metrics_file *f)
{
    struct stat st;

    if (lstat(f->name, &st) != 0)
        return errno == ENOENT;
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return S_ISREG(st.st_mode);
}

// Opens the file so that others may read it, whatever the umask is: that of a service may be 077.
static int open_unfinished(const char *name)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, MODE);

    if (fd >= 0)
        fchmod(fd, MODE);
    return fd;
}

int metrics_file_check(const struct metrics_file *f, struct err *err)
{
    if (f->name == NULL)
        return 0;
    if (!may_replace(f) && errno == EINVAL)
        return err_set(err, EX_CANTCREAT, "--metrics: %s: is not a regular file", f->name);
    char *name = unfinished(f);
    int fd = open_unfinished(name);
    int status = fd >= 0 && may_replace(f)
                     ? 0
                     : err_set(err, EX_CANTCREAT, "--metrics: %s: %s", f->name, strerror(errno));
    if (fd >= 0) {
        close(fd);
        unlink(name);
    }
    free(name);
    return status;
}

int64_t metrics_file_wait(const struct metrics_file *f)
{
    if (f->name == NULL)
        return -1;
    const int64_t left = f->due - time_monotonic();
    return left < 0 ? 0 : left;
}

// Writes all of the text. Returns false with errno set if that fails.
static bool write_all(const char *name, const struct buf *text)
{
    int fd = open_unfinished(name);
    struct out out;

    if (fd < 0)
        return false;
    out_init(&out, fd, name);
    buf_append(&out.buf, text->data, text->len);
    int status = out_close(&out);
    errno = out.error;
    out_release(&out);
    return status == 0;
}

void metrics_file_write(struct metrics_file *f, const struct buf *text)
{
    char *name = unfinished(f);

    f->due = time_monotonic() + METRICS_EVERY;
    const bool done = write_all(name, text) && may_replace(f) && rename(name, f->name) == 0;
    if (!done) {
        if (!f->failed)
            log_warn("--metrics: %s: %s", f->name, strerror(errno));
        unlink(name);
    }
    f->failed = !done;
    free(name);
}
