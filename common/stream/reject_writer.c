// SPDX-License-Identifier: BSD-2-Clause
#include "stream/reject_writer.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define OPTION "--rejects"
#define BRIEF 200 // bytes of a record that are shown on a terminal

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
        w->brief = isatty(STDERR_FILENO) != 0;
        return 0;
    }
    w->own_file = out_open_append(&w->own, dest, OPTION, err) == 0;
    return w->own_file ? 0 : -1;
}

void reject_writer_put(struct reject_writer *w, const struct reject *reject, const char *stage,
                       const struct line *line)
{
    struct line shown = *line;

    if (w->brief && shown.len > BRIEF) {
        shown.len = BRIEF;
        w->cut = true;
    }
    reject_format(&w->to->buf, reject, stage, &shown);
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

int reject_writer_reopen(struct reject_writer *w, struct err *err)
{
    return w->own_file ? out_reopen_append(&w->own, OPTION, err) : 0;
}

void reject_writer_sum_up(const struct reject_writer *w, const struct tally *by_reason)
{
    struct buf text = BUF_INIT;

    if (!w->brief || by_reason->used == 0)
        return;
    for (size_t i = 0; i < by_reason->used; i++)
        buf_printf(&text, "%s %s %llu", i == 0 ? "" : ",", by_reason->entry[i].name,
                   (unsigned long long)by_reason->entry[i].count);
    buf_putc(&text, '\0');
    log_warn("rejects:%s%s", text.data, w->cut ? "; --rejects FILE keeps the long ones whole" : "");
    buf_release(&text);
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
