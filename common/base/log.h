// SPDX-License-Identifier: BSD-2-Clause
//
// log: writes messages to stderr, one line each, as "tool: what: why".
//
// The level comes from LOG_LEVEL (error, warn, info, debug; default warn) and from -q and -v. If
// stderr goes to the systemd journal (JOURNAL_STREAM), each line begins with a syslog priority,
// "<N>" (sd-daemon(3)), so that journalctl -p works. Messages are cut to about 1,000 bytes.
//
// With LOG_FORMAT=json, each line is a JSON object, for programs that collect logs:
//
//     {"time":"2026-11-22T10:00:00.123Z","level":"warn","tool":"kcat-in","pid":42,"message":"..."}
//
//     log_init(argv[0]);
//     log_warn("%s: %s", file, strerror(errno));
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

// Sets the program's name from argv[0], and level and format from the environment. Call it first.
void log_init(const char *argv0);

// Returns the name with which messages begin.
const char *log_program(void);
enum log_level log_level(void);
void log_set_level(enum log_level level);

__attribute__((format(printf, 2, 3))) void log_at(enum log_level level, const char *fmt, ...);

// Shows a line on the terminal that is stderr, in the place of the one that was shown before. Later
// messages take its place, unless it is the last one.
void log_status(const char *text, size_t len, bool last);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
