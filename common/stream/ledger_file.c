// SPDX-License-Identifier: BSD-2-Clause
#include "stream/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/out.h"

static bool is_file(const char *file)
{
    return file != NULL && strcmp(file, "-") != 0;
}

static int open_file(const char *file, struct err *err)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);

    return fd < 0 ? err_set(err, EX_CANTCREAT, "--stats: %s: %s", file, strerror(errno)) : fd;
}

int ledger_file_check(const char *file, struct err *err)
{
    if (!is_file(file))
        return 0;
    int fd = open_file(file, err);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int put(const struct ledger *ledger, const char *tool, int fd, const char *name,
               struct err *err)
{
    struct out out;
    struct err why;

    out_init(&out, fd, name);
    ledger_format(ledger, tool, &out.buf);
    buf_putc(&out.buf, '\n');
    int status = fd == STDERR_FILENO ? out_flush(&out) : out_close(&out);
    if (status != 0) {
        out_error(&out, &why);
        err_set(err, why.status, "--stats: %s", why.text);
    }
    out_release(&out);
    return status;
}

int ledger_file_append(const char *file, bool to_stderr, const struct ledger *ledger,
                       const char *tool, struct err *err)
{
    int status = 0;

    if (to_stderr || !is_file(file))
        status = put(ledger, tool, STDERR_FILENO, "stderr", err);
    if (!is_file(file))
        return status;
    int fd = open_file(file, err);
    if (fd < 0)
        return -1;
    return put(ledger, tool, fd, file, err) != 0 ? -1 : status;
}
