// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_dump.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/out.h"
#include "insight/partial_join.h"
#include "insight/partial_write.h"
#include "insight/snapshot_file.h"
#include "insight/state_chain.h"
#include "json/json_write.h"
#include "stream/mark.h"

#define TRIES 100 // the files of a directory in use may be removed before they are opened

static void dump_head(const char *options, uint64_t seq, const struct mark *mark,
                      const struct windows *w, struct buf *b)
{
    buf_putc(b, '{');
    json_put_member_u64(b, "state", seq);
    json_put_member_text(b, "options", options);
    if (w->watermark > INT64_MIN)
        json_put_member_time(b, "watermark", w->watermark);
    json_put_name(b, "at");
    buf_putc(b, '[');
    for (size_t i = 0; i < mark->at_count; i++) {
        const struct mark_at *at = &mark->at[i];
        json_put_comma(b);
        buf_putc(b, '[');
        json_put_string(b, at->topic, strlen(at->topic));
        buf_printf(b, ",%d,%" PRId64 "]", at->partition, at->offset);
    }
    buf_putc(b, ']');
    if (w->coverage.used) {
        json_put_name(b, "covered");
        coverage_put(b, &w->coverage);
        json_put_name(b, "open");
        coverage_put_open(b, &w->coverage);
    }
    buf_puts(b, "}\n");
}

// Writes the lines of partials that are not complete yet.
static int dump_held(const struct partial_join *join, struct out *out)
{
    for (size_t i = 0; i < join->count; i++) {
        for (size_t j = 0; j < join->held[i].count; j++) {
            const struct buf *text = &join->held[i].line[j].text;
            buf_append(&out->buf, text->data, text->len);
            buf_putc(&out->buf, '\n');
            if (out_line_done(out) != 0)
                return -1;
        }
    }
    return 0;
}

static int dump_window(const struct windows *w, const struct window_view *view, struct out *out)
{
    struct partial_writer partial;
    int status = 0;

    partial_write_init(&partial, w->plan, view);
    while (status == 0 && partial_write_next(&partial, &out->buf)) {
        buf_putc(&out->buf, '\n');
        status = out_line_done(out);
    }
    partial_write_release(&partial);
    return status;
}

static int dump_windows(struct windows *w, struct out *out)
{
    struct window_view view;

    while (windows_next(w, WINDOWS_OPEN, &view)) {
        if (dump_window(w, &view, out) != 0)
            return -1;
    }
    return dump_held(&w->join, out) == 0 ? out_flush(out) : -1;
}

// Restores the newest state of a directory that may be in use: files may be removed before they are
// opened. Returns 0, or -1 with *err set.
static int restore_newest(struct state_restore *r, uint64_t *seq, struct err *err)
{
    int found = 0;

    for (int i = 0; i < TRIES && found == 0; i++) {
        struct state_chain chain = STATE_CHAIN_INIT;
        char run[SNAPSHOT_TAG_SIZE];
        found = state_chain_newest(r->dir, seq, run, err);
        if (found == 0)
            break;
        if (found == 1)
            found = state_chain_find(&chain, r->dir, *seq, run, err);
        if (found == 1)
            found = state_restore(r, &chain, *seq, err);
        if (found == 0)
            windows_reset(r->windows);
        state_chain_release(&chain);
    }
    if (found == 0)
        err_set(err, EX_CONFIG, "%s: there is no state", r->dir->path);
    return found == 1 ? 0 : -1;
}

int state_dump(const char *dir, const char *options, struct windows *w,
               const struct state_replay *replay, struct err *err)
{
    struct snapshot_dir d;
    struct state_restore r = {
        .dir = &d, .options = options, .windows = w, .replay = *replay, .at = MARK_INIT};
    struct out out;
    uint64_t seq;

    if (snapshot_dir_open(&d, dir, false, err) != 0)
        return -1;
    out_init(&out, STDOUT_FILENO, "stdout");
    int status = restore_newest(&r, &seq, err);
    if (status == 0) {
        dump_head(options, seq, &r.at, w, &out.buf);
        if (dump_windows(w, &out) != 0 || out_close(&out) != 0)
            status = out_error(&out, err);
    }
    out_release(&out);
    mark_release(&r.at);
    snapshot_dir_close(&d);
    return status;
}
