// SPDX-License-Identifier: BSD-2-Clause
#include "stream/ledger_file.h"

#include <string.h>
#include <unistd.h>

#include "base/out.h"

#define OPTION "--stats"

static bool is_file(const char *file)
{
    return file != NULL && strcmp(file, "-") != 0;
}

int ledger_file_check(const char *file, struct err *err)
{
    struct out out;

    if (!is_file(file))
        return 0;
    int status = out_open_append(&out, file, OPTION, err);
    if (status == 0)
        out_close(&out);
    out_release(&out);
    return status;
}

// Writes the ledger as one line. Closes the file, since some errors are reported only then.
static int put(struct out *out, const struct ledger *ledger, const char *tool, struct err *err)
{
    struct err why;

    ledger_format(ledger, tool, &out->buf);
    buf_putc(&out->buf, '\n');
    if ((out->fd == STDERR_FILENO ? out_flush(out) : out_close(out)) == 0)
        return 0;
    out_error(out, &why);
    return err_set(err, why.status, OPTION ": %s", why.text);
}

int ledger_file_append(const char *file, bool to_stderr, const struct ledger *ledger,
                       const char *tool, struct err *err)
{
    struct out out;
    int status = 0;

    if (to_stderr || !is_file(file)) {
        out_init(&out, STDERR_FILENO, "stderr");
        status = put(&out, ledger, tool, err);
        out_release(&out);
    }
    if (!is_file(file))
        return status;
    if (out_open_append(&out, file, OPTION, err) != 0 || put(&out, ledger, tool, err) != 0)
        status = -1;
    out_release(&out);
    return status;
}
