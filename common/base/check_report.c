// SPDX-License-Identifier: BSD-2-Clause
#include "base/check_report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static void put_line(const char *kind, const char *fmt, va_list ap)
{
    printf("%s: %s: ", kind, log_program());
    vprintf(fmt, ap);
    putchar('\n');
}

void check_report_passed(struct check_report *r, const char *fmt, ...)
{
    va_list ap;

    (void)r;
    va_start(ap, fmt);
    put_line("ok", fmt, ap);
    va_end(ap);
}

void check_report_warned(struct check_report *r, const char *fmt, ...)
{
    va_list ap;

    (void)r;
    va_start(ap, fmt);
    put_line("warning", fmt, ap);
    va_end(ap);
}

void check_report_failed(struct check_report *r, const struct err *err)
{
    printf("failed: %s: %s\n", log_program(), err->text);
    check_report_add(r, err->status);
}

void check_report_add(struct check_report *r, int status)
{
    if (r->status == EX_OK)
        r->status = status;
}

int check_report_end(const struct check_report *r)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return r->status;
    log_error("stdout: %s", strerror(errno));
    return EX_IOERR;
}
