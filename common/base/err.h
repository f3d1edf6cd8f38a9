// SPDX-License-Identifier: BSD-2-Clause
//
// err: why something failed, and the exit status that says so to a supervisor.
//
// A module that can fail takes a `struct err *` and returns -1 after filling it; the tool decides
// whether to go on. Statuses are those of <sysexits.h>, listed in loginpipe(7).
//
//     if (window_spec_parse(text, &spec, &err) != 0)
//         err_die(&err);
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <sysexits.h>

struct err {
    int status;     // exit status, an EX_ constant
    char text[512]; // "what: why", one line without a newline
};

// Fills *err and returns -1, so that a function can end in `return err_set(...)`.
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, int status, const char *fmt,
                                                  ...);

// Prints "tool: what: why" on stderr and ends the process with err->status. For tools only.
_Noreturn void err_die(const struct err *err);

#endif
