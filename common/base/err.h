// SPDX-License-Identifier: BSD-2-Clause
//
// err: an error message, and the exit status that the process should end with because of it.
//
// A function that can fail takes a `struct err *`, fills it and returns -1; its caller decides
// whether to continue. The statuses are those of <sysexits.h>; loginpipe(7) lists them.
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

// Fills *err and returns -1, so that a function can end with `return err_set(...)`.
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, int status, const char *fmt,
                                                  ...);

// Prints "tool: what: why" on stderr and ends the process with err->status. For tools only.
_Noreturn void err_die(const struct err *err);

#endif
