// SPDX-License-Identifier: BSD-2-Clause
//
// check_report: what --check prints to stdout: one line for each thing that was checked, with the
// name of the program.
//
//     ok: kcat-in: broker: cluster MkU3OEVBNTcwNTJENDM2Qg
//     warning: kcat-out: topic login-insights: cleanup.policy is delete and should be compact
//     failed: kcat-in: topic user-login: does not exist; create it
//
// A warning is about something that works, but hardly as it is meant to.
//
//     struct check_report report = {0};
//     if (directory_is_fine(path, &err))
//         check_report_passed(&report, "%s can be written", path);
//     else
//         check_report_failed(&report, &err);
//     return check_report_end(&report);
#ifndef BASE_CHECK_REPORT_H
#define BASE_CHECK_REPORT_H

#include "base/err.h"

struct check_report {
    int status; // of the first failure, or EX_OK
};

__attribute__((format(printf, 2, 3))) void check_report_passed(struct check_report *r,
                                                               const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void check_report_warned(struct check_report *r,
                                                               const char *fmt, ...);
void check_report_failed(struct check_report *r, const struct err *err);

// Counts the exit status of a program that has printed its own lines.
void check_report_add(struct check_report *r, int status);

// Flushes stdout. Returns the status, or EX_IOERR, with a message, if stdout cannot be written.
int check_report_end(const struct check_report *r);

#endif
