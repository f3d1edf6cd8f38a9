// SPDX-License-Identifier: BSD-2-Clause
//
// ledger_file: appends the ledger as one line to the file of --stats, or to stderr.
//
//     ledger_file_check(options->stats, &err);                           // at the start
//     ledger_file_append(options->stats, false, &ledger, "tool", &err);  // at the end
#ifndef STREAM_LEDGER_FILE_H
#define STREAM_LEDGER_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "stream/ledger.h"

// Checks that the file can be appended to, so that a wrong name is found at the start. Creates the
// file if it is missing. `file` may be "-" for stderr, or NULL for none. Returns 0, or -1 with
// EX_CANTCREAT.
int ledger_file_check(const char *file, struct err *err);

// Appends the ledger to the file. Also writes it to stderr if to_stderr is set, or if `file` is "-"
// or NULL. Returns 0, or -1 with *err set.
int ledger_file_append(const char *file, bool to_stderr, const struct ledger *ledger,
                       const char *tool, struct err *err);

#endif
