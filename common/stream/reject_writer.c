// SPDX-License-Identifier: BSD-2-Clause
#include "stream/reject_writer.h"

#include <string.h>
#include <unistd.h>

int reject_writer_open(struct reject_writer *w, const char *dest, struct out *main_out,
                       struct err *err)
{
    *w = (struct reject_writer){.to = &w->own};
    if (dest != NULL && strcmp(dest, "-") == 0) {
        w->in_band = true;
        w->to = main_out;
        return 0;
    }
    if (dest == NULL) {
        out_init(&w->own, STDERR_FILENO, "stderr");
        return 0;
    }
    w->own_file = out_open_append(&w->own, dest, "--rejects", err) == 0;
    return w->own_file ? 0 : -1;
}

void reject_writer_put(struct reject_writer *w, const struct reject *reject, const char *stage,
                       const struct line *line)
{
    reject_format(&w->to->buf, reject, stage, line);
}

bool reject_writer_is_full(const struct reject_writer *w)
{
    return !w->in_band && w->own.buf.len >= OUT_FLUSH;
}

int reject_writer_flush(struct reject_writer *w, struct err *err)
{
    if (w->in_band || out_flush(&w->own) == 0)
        return 0;
    return out_error(&w->own, err);
}

int reject_writer_close(struct reject_writer *w, struct err *err)
{
    if (!w->own_file || out_close(&w->own) == 0)
        return 0;
    return out_error(&w->own, err);
}

void reject_writer_release(struct reject_writer *w)
{
    out_release(&w->own);
}
