// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream_internal.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "stream/mark_text.h"

// --- Flushing ---

int stream_output_failed(struct stream *s)
{
    struct err err;

    if (s->out.error == EPIPE) {
        s->reader_gone = true;
        return -1;
    }
    out_error(&s->out, &err);
    return stream_fail_err(s, &err);
}

int stream_flush_rejects(struct stream *s)
{
    struct err err;

    return reject_writer_flush(&s->rejects, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

void stream_defer_mark(struct stream *s, int saved_fd)
{
    s->saved_fd = saved_fd;
    s->deferred_at = s->out.buf.len;
    s->deferred_len = 0;
}

// Waits until the deferred mark may be written. If it must not be, removes it from the buffer,
// because the end of the process writes what is buffered.
static int release_mark(struct stream *s)
{
    struct buf *b = &s->out.buf;

    if (s->saved_fd < 0)
        return 0;
    s->saved_fd = -1;
    if (s->ops->await_saved(s->ctx, s) == 0)
        return 0;
    size_t end = s->deferred_at + s->deferred_len;
    memmove(b->data + s->deferred_at, b->data + end, b->len - end);
    b->len -= s->deferred_len;
    return -1;
}

int stream_flush(struct stream *s)
{
    if (release_mark(s) != 0)
        return -1;
    // The rejects must be written first. Once stdout is written, a later stage may acknowledge a
    // mark or commit, and that covers the rejects too.
    if (stream_flush_rejects(s) != 0)
        return -1;
    if (s->out.buf.len > 0 && out_flush(&s->out) != 0)
        return stream_output_failed(s);
    s->texts = 0;
    if (s->ops->flushed != NULL)
        s->ops->flushed(s->ctx, s);
    return 0;
}

// --- Records and made lines ---

struct buf *stream_emit_begin(struct stream *s)
{
    return &s->out.buf;
}

int stream_emit_made(struct stream *s)
{
    s->ledger.made++;
    s->ledger.out++;
    return stream_end_line(s);
}

int stream_emit_text(struct stream *s)
{
    s->ledger.out++;
    s->texts++;
    return stream_flush_when_full(s);
}

// Writes a record in the envelope in which it came.
static int write_enveloped(struct stream *s, const char *data, size_t len)
{
    if (data == s->record.data && len == s->record.len)
        return stream_write(s, s->wrapper->data, s->wrapper->len);
    envelope_put_changed(&s->out.buf, &s->envelope, s->wrapper, data, len);
    return stream_end_line(s);
}

int stream_emit(struct stream *s, const char *data, size_t len)
{
    s->ledger.out++;
    return s->wrapper != NULL ? write_enveloped(s, data, len) : stream_write(s, data, len);
}

int stream_write(struct stream *s, const char *data, size_t len)
{
    struct buf *b = &s->out.buf;

    if (mark_is(data, len)) {
        // Only marks may begin with these bytes. A space does not change what the JSON means.
        buf_puts(b, "{ ");
        data++;
        len--;
    }
    buf_append(b, data, len);
    return stream_end_line(s);
}

// --- Rejects ---

static int write_reject(struct stream *s, const struct reject *reject, const struct line *line)
{
    reject_writer_put(&s->rejects, reject, log_program(), line);
    tally_add(&s->ledger.by_reason, reject->reason);
    if (s->rejects.in_band)
        return stream_flush_when_full(s);
    return reject_writer_is_full(&s->rejects) ? stream_flush_rejects(s) : 0;
}

int stream_reject(struct stream *s, const struct reject *reject, const struct line *line)
{
    s->ledger.rejected++;
    if (write_reject(s, reject, line) != 0)
        return -1;
    if (s->options->strict)
        return stream_fail(s, EX_DATAERR, "line %llu: %s%s%s (--strict)",
                           (unsigned long long)line->number, reject->reason,
                           reject->field == NULL ? "" : ": ",
                           reject->field == NULL ? "" : reject->field);
    return 0;
}

int stream_reject_not_json(struct stream *s, const struct line *line)
{
    return stream_reject(s, &(struct reject){REJECT_NOT_JSON, NULL, json_error(s->json)}, line);
}

int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line)
{
    s->ledger.late++;
    return write_reject(s, reject, line);
}

// --- Marks ---

int stream_follow_mark(struct stream *s, const struct mark *mark, struct err *err)
{
    if (mark_follow(&s->marks, mark, err) != 0)
        return -1;
    s->ledger.marks++;
    if (mark->has_watermark && !s->own_watermark)
        s->watermark = mark->watermark;
    memcpy(s->ledger.run, mark->run, sizeof s->ledger.run);
    return 0;
}

int stream_emit_mark(struct stream *s, const struct mark *mark)
{
    struct err err;

    if (stream_follow_mark(s, mark, &err) != 0)
        return stream_fail(s, EX_SOFTWARE, "%s", err.text);
    if (stream_flush_rejects(s) != 0)
        return -1;
    mark_format(&s->out.buf, mark);
    buf_putc(&s->out.buf, '\n');
    return stream_flush(s);
}

// --- Only counting ---

void stream_absorb(struct stream *s)
{
    s->ledger.aggregated++;
}

void stream_drop(struct stream *s)
{
    s->ledger.filtered++;
}

void stream_lose(struct stream *s, uint64_t count)
{
    s->ledger.undelivered += count;
}

void stream_count_filled(struct stream *s, const char *field, const char *from)
{
    if (field != NULL)
        tally_add(&s->ledger.filled, field);
    tally_add(&s->ledger.filled_from, from);
}

void stream_recall(struct stream *s)
{
    s->ledger.made++;
}

void stream_deliver(struct stream *s, uint64_t count, size_t bytes)
{
    s->ledger.out += count;
    s->ledger.bytes_out += bytes;
}

void stream_reclaim(struct stream *s)
{
    s->ledger.passed--;
    s->ledger.in++;
}
