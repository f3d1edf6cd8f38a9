// SPDX-License-Identifier: BSD-2-Clause
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define PROGRAM_SIZE 100  // bytes that are kept of the program's name
#define MESSAGE_SIZE 1000 // ... and of a message
#define LINE_SIZE 8192    // more than the longest line

static const char *program = "loginpipe";
static enum log_level threshold = LOG_WARN;

static bool as_json;
static size_t status_width; // of the line that log_status() shows; 0 if there is none

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
    const char *format = getenv("LOG_FORMAT");

    if (argv0 != NULL)
        program = slash == NULL ? argv0 : slash + 1;
    as_json = format != NULL && strcasecmp(format, "json") == 0;
    if (name != NULL && *name != '\0' && !parse_level(name, &threshold))
        log_warn("LOG_LEVEL: '%s' is not one of error, warn, info, debug", name);
    if (format != NULL && *format != '\0' && !as_json && strcasecmp(format, "text") != 0)
        log_warn("LOG_FORMAT: '%s' is not one of text, json", format);
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

// A line that is put together. It has memory of its own, since the message may be that there is
// none; and buf.h is not used, since it reports that by log.h.
struct text {
    char data[LINE_SIZE];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
    const size_t room = sizeof t->data - t->len;
    va_list ap;

    va_start(ap, fmt);
    int len = vsnprintf(t->data + t->len, room, fmt, ap);
    va_end(ap);
    if (len > 0)
        t->len += (size_t)len < room ? (size_t)len : room - 1;
}

// Writes a line in one go, so that the lines of several processes do not mix. A failure is ignored,
// because it could only be reported on stderr.
static void write_text(const struct text *t)
{
    ssize_t n;

    do {
        n = write(STDERR_FILENO, t->data, t->len);
    } while (n < 0 && errno == EINTR);
}

// Puts blanks over the line of log_status().
static void hide_status(struct text *t)
{
    if (status_width > 0)
        put(t, "%*s\r", (int)status_width, "");
    status_width = 0;
}

void log_status(const char *text, size_t len, bool last)
{
    const size_t hidden = status_width;
    struct text t = {.len = 0};

    put(&t, "%.*s: %.*s", PROGRAM_SIZE, program, (int)(len < MESSAGE_SIZE ? len : MESSAGE_SIZE),
        text);
    status_width = last ? 0 : t.len;
    if (t.len < hidden)
        put(&t, "%*s", (int)(hidden - t.len), "");
    // The cursor is left at the beginning, so that what others write replaces the line too.
    put(&t, last ? "\n" : "\r");
    write_text(&t);
}

// Removes what would break a line, even if a library has put it into the message.
static size_t one_line(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            text[i] = ' ';
    }
    while (len > 0 && text[len - 1] == ' ')
        len--;
    return len;
}

// Appends a JSON string (RFC 8259). What is not UTF-8 becomes U+FFFD. json_write.h is on a higher
// floor.
static void put_string(struct text *t, const char *text, size_t len)
{
    uint32_t c;

    put(t, "\"");
    for (size_t i = 0, n; i < len; i += n == 0 ? 1 : n) {
        n = utf8_decode(text + i, len - i, &c);
        if (n == 0)
            put(t, "\\ufffd");
        else if (c < 0x20)
            put(t, "\\u%04x", c);
        else
            put(t, "%s%.*s", c == '"' || c == '\\' ? "\\" : "", (int)n, text + i);
    }
    put(t, "\"");
}

static void put_time(struct text *t)
{
    struct timespec now;
    struct tm utc;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    put(t, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

static void put_json(struct text *t, enum log_level level, const char *message, size_t len)
{
    put(t, "{\"time\":\"");
    put_time(t);
    put(t, "\",\"level\":\"%s\",\"tool\":", level_names[level]);
    put_string(t, program, strnlen(program, PROGRAM_SIZE));
    put(t, ",\"pid\":%ld,\"message\":", (long)getpid());
    put_string(t, message, len);
    put(t, "}");
}

void log_at(enum log_level level, const char *fmt, ...)
{
    static const int priority[] = {3, 4, 6, 7};
    char message[MESSAGE_SIZE];
    int saved_errno = errno;
    struct text t = {.len = 0};
    va_list ap;

    if (level > threshold)
        return;
    va_start(ap, fmt);
    int wanted = vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    const size_t most = sizeof message - 1;
    const size_t len = one_line(message, wanted < 0              ? 0
                                         : (size_t)wanted < most ? (size_t)wanted
                                                                 : most);
    hide_status(&t);
    if (stderr_is_journal())
        put(&t, "<%d>", priority[level]);
    if (as_json)
        put_json(&t, level, message, len);
    else
        put(&t, "%.*s: %.*s", PROGRAM_SIZE, program, (int)len, message);
    put(&t, "\n");
    write_text(&t);
    errno = saved_errno;
}
