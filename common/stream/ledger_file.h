// SPDX-License-Identifier: BSD-2-Clause
//
// ledger_file: the ledger where --stats wants it: a line appended to a file, or on stderr.
#ifndef STREAM_LEDGER_FILE_H
#define STREAM_LEDGER_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "stream/ledger.h"

// Whether a file can be appended to, so that a wrong name is found at the start. file is "-" for
// stderr, or NULL for none. Returns 0, or -1 with EX_CANTCREAT.
int ledger_file_check(const char *file, struct err *err);

// Appends the ledger to the file, and to stderr when that is asked for or when there is no file.
// Returns 0, or -1 with *err set.
int ledger_file_append(const char *file, bool to_stderr, const struct ledger *ledger,
                       const char *tool, struct err *err);

#endif
