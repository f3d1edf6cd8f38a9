// SPDX-License-Identifier: BSD-2-Clause
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *program = "loginpipe";
static enum log_level threshold = LOG_WARN;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

// Returns whether stderr is the stream that the journal opened: JOURNAL_STREAM holds that stream's
// device and inode. The variable alone is not enough, since a process with another stderr inherits
// it too.
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    if (stream == NULL || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
        return false;
    return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static bool parse_level(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcasecmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_init(const char *argv0)
{
    const char *slash = argv0 == NULL ? NULL : strrchr(argv0, '/');
    const char *name = getenv("LOG_LEVEL");

    if (argv0 != NULL)
        program = slash == NULL ? argv0 : slash + 1;
    if (name != NULL && *name != '\0' && !parse_level(name, &threshold))
        log_warn("LOG_LEVEL: '%s' is not one of error, warn, info, debug", name);
}

const char *log_program(void)
{
    return program;
}

enum log_level log_level(void)
{
    return threshold;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

void log_at(enum log_level level, const char *fmt, ...)
{
    static const int priority[] = {3, 4, 6, 7};
    char line[1024];
    int used = 0;
    int saved_errno = errno;
    va_list ap;

    if (level > threshold)
        return;
    if (stderr_is_journal())
        used = snprintf(line, sizeof line, "<%d>", priority[level]);
    used += snprintf(line + used, sizeof line - (size_t)used, "%.100s: ", program);
    va_start(ap, fmt);
    int more = vsnprintf(line + used, sizeof line - (size_t)used - 1, fmt, ap);
    va_end(ap);
    size_t len = (size_t)used + (size_t)(more < 0 ? 0 : more);
    if (len > sizeof line - 2)
        len = sizeof line - 2;
    // Keep the message on one line, even if a library put newlines into it.
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\n' || line[i] == '\r')
            line[i] = ' ';
    }
    while (len > 0 && line[len - 1] == ' ')
        len--;
    line[len++] = '\n';
    // The message is one write, so that the lines of several processes do not mix. A failure is
    // ignored, because it could only be reported on stderr.
    ssize_t ignored = write(STDERR_FILENO, line, len);
    (void)ignored;
    errno = saved_errno;
}
