// SPDX-License-Identifier: BSD-2-Clause
//
// log: one line on stderr for each thing a person should know, as "tool: what: why".
//
// The level comes from LOG_LEVEL (error, warn, info, debug; default warn) and from -q and -v.
// Where stderr is the journal (JOURNAL_STREAM names it), lines begin with the syslog priority
// "<N>" that sd-daemon(3) describes, so that journalctl -p works.
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

// Takes the program's name from argv[0] and the level from the environment. Call it first.
void log_init(const char *argv0);

const char *log_program(void);
enum log_level log_level(void);
void log_set_level(enum log_level level);

__attribute__((format(printf, 2, 3))) void log_at(enum log_level level, const char *fmt, ...);

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
