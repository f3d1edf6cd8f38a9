// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream_internal.h"

#include "stream/line_kind.h"
#include "stream/mark_text.h"

// --- The current record ---

struct json *stream_json(struct stream *s)
{
    if (s->parsed == NULL && json_parse(s->json, s->current->data, s->current->len) == 0)
        s->parsed = s->json;
    return s->parsed;
}

const struct line *stream_input(const struct stream *s, const struct line *record)
{
    return s->wrapper != NULL ? s->wrapper : record;
}

// --- Envelopes, and the outputs of the jq program ---

// Insights and partials are never in an envelope.
static bool is_enveloped(const struct stream *s, const struct line *line)
{
    return s->options->envelope && !line_is_insight(line) && !line_is_partial(line);
}

// Takes the record out of its envelope, and hands it over. What the jq program of a source makes
// need not be an envelope.
static int open_envelope(struct stream *s, const struct line *line)
{
    bool is_source = s->ops->fill != NULL;
    struct reject why;

    if (envelope_read(&s->envelope, line, &s->record, &why) != 0)
        return is_source ? s->ops->record(s->ctx, s, line) : stream_reject(s, &why, line);
    s->current = &s->record;
    s->parsed = NULL;
    if (s->record.len > s->options->max_line)
        return stream_reject(s, &(struct reject){REJECT_TOO_LONG, NULL, NULL}, &s->record);
    if (s->ops->parse && !is_source && stream_json(s) == NULL)
        return stream_reject_not_json(s, &s->record);
    s->wrapper = s->ops->takes_rejects ? NULL : line;
    int status = s->ops->record(s->ctx, s, &s->record);
    s->wrapper = NULL;
    return status;
}

// Rejects a line on which the jq program has failed. A reject has the record without its envelope.
static int reject_input(struct stream *s, const struct reject *reject, const struct line *line)
{
    struct line record = *line;
    struct reject why;

    if (is_enveloped(s, line) && envelope_read(&s->envelope, line, &record, &why) != 0)
        record = *line;
    return s->ops->filter_failed != NULL ? s->ops->filter_failed(s->ctx, s, reject, &record)
                                         : stream_reject(s, reject, &record);
}

// Hands one output of the jq program to the tool. An output that is the input is not parsed again,
// unless the program was run ahead.
static int dispatch_output(struct stream *s, int i, const struct line *line)
{
    struct line made = *line;

    if (!filter_pool_made(s->filter, i, &made.data, &made.len)) {
        s->parsed = filter_pool_parsed(s->filter) ? s->json : NULL;
        return is_enveloped(s, line) ? open_envelope(s, line) : s->ops->record(s->ctx, s, line);
    }
    made.full_len = made.len;
    if (json_parse(s->made_json, made.data, made.len) != 0)
        return reject_input(
            s, &(struct reject){REJECT_FILTER_ERROR, NULL, json_error(s->made_json)}, line);
    s->parsed = s->made_json;
    return is_enveloped(s, &made) ? open_envelope(s, &made) : s->ops->record(s->ctx, s, &made);
}

static int dispatch_filtered(struct stream *s, const struct line *line)
{
    struct reject reject;
    int count = filter_pool_result(s->filter, line, &reject);

    if (count < 0)
        return reject_input(s, &reject, line);
    if (count == 0)
        stream_drop(s);
    for (int i = 0; i < count; i++) {
        if (i > 0)
            s->ledger.made++;
        if (dispatch_output(s, i, line) != 0)
            return -1;
    }
    return 0;
}

// --- Marks ---

bool stream_has_marks(const struct stream *s)
{
    return s->marks.opened;
}

// A mark is not held, because the source waits for it. Half a mark does not end like a mark.
static bool may_be_half(const char *data, size_t len)
{
    return !mark_is(data, len) || data[len - 1] != '}';
}

// Handles a mark: calls the tool, writes the mark after everything emitted, and flushes, unless the
// mark is deferred.
static int pass_mark(struct stream *s, const struct line *line)
{
    struct err err;

    if (s->saved_fd >= 0 && stream_flush(s) != 0)
        return -1;
    s->parsed = NULL; // parsing the mark overwrites the record
    if (s->ops->holds_last)
        s->in.reader.hold = may_be_half;
    if (mark_parse(&s->mark, s->json, line->data, line->len, &err) != 0 ||
        stream_follow_mark(s, &s->mark, &err) != 0)
        return stream_fail(s, err.status, "%s: line %llu: %s", s->in.name,
                           (unsigned long long)line->number, err.text);
    if (s->mark.kind == MARK_HELLO && s->ledger.in + s->ledger.passed > 0)
        return stream_fail(s, EX_DATAERR, "%s: line %llu: a hello mark after other lines",
                           s->in.name, (unsigned long long)line->number);
    if (s->ops->mark != NULL && s->ops->mark(s->ctx, s, &s->mark, line) != 0)
        return -1;
    // If the rejects cannot be written, the mark must not even be buffered: the end of the process
    // writes what is buffered.
    if (stream_flush_rejects(s) != 0)
        return -1;
    if (!s->ops->sink) {
        buf_append(&s->out.buf, line->data, line->len);
        buf_putc(&s->out.buf, '\n');
    }
    s->deferred_len = s->out.buf.len - s->deferred_at;
    return s->saved_fd < 0 ? stream_flush(s) : 0;
}

int stream_ended_early(struct stream *s)
{
    return stream_fail(s, EX_TEMPFAIL, "%s: ended without an end mark; a stage upstream has died",
                       s->in.name);
}

// --- Records ---

// Puts a message into an envelope, and hands over the record or what the jq program makes of the
// envelope.
static int seal(struct stream *s, const struct line *line)
{
    struct line sealed = *line;

    origin_complete(line->origin);
    buf_clear(&s->sealed);
    envelope_put(&s->sealed, line->origin, line->data, line->len, stream_json(s) != NULL);
    sealed.data = s->sealed.data;
    sealed.len = sealed.full_len = s->sealed.len;
    if (s->filter != NULL)
        return dispatch_filtered(s, &sealed);
    s->record = *line;
    s->wrapper = &sealed;
    int status = s->ops->record(s->ctx, s, line);
    s->wrapper = NULL;
    return status;
}

// Returns whether a line is a reject, and rejects are the records of this stage.
static bool is_taken(const struct stream *s, const struct line *line)
{
    return s->ops->takes_rejects && !s->options->envelope && reject_is(line->data, line->len);
}

// Returns whether a line is longer than --max-line. An envelope or a reject may be longer than the
// record in it, so it is too long only if the reader has cut it.
static bool is_too_long(const struct stream *s, const struct line *line)
{
    bool may_be = s->ops->fill == NULL && (is_enveloped(s, line) || is_taken(s, line));

    return line->full_len > s->options->max_line && (line->len < line->full_len || !may_be);
}

// Hands over the record of a line, or what the jq program makes of it.
static int hand_over(struct stream *s, const struct line *record)
{
    if (s->filter != NULL)
        return dispatch_filtered(s, record);
    if (is_enveloped(s, record))
        return open_envelope(s, record);
    if (s->ops->parse && stream_json(s) == NULL)
        return stream_reject_not_json(s, record);
    return s->ops->record(s->ctx, s, record);
}

// Takes the record out of a line, and hands it over.
static int split(struct stream *s, const struct line *line)
{
    s->record = *line;
    s->ops->split(s->ctx, line, &s->record);
    s->record.full_len = s->record.len;
    s->current = &s->record;
    s->wrapper = line;
    int status = hand_over(s, &s->record);
    s->wrapper = NULL;
    return status;
}

int stream_feed(struct stream *s, const struct line *line)
{
    s->ledger.in++;
    s->ledger.bytes_in += line->full_len;
    if (is_too_long(s, line))
        return stream_reject(s, &(struct reject){REJECT_TOO_LONG, NULL, NULL}, line);
    s->current = line;
    s->parsed = NULL;
    if (s->options->envelope && s->ops->fill != NULL)
        return seal(s, line);
    return s->ops->split != NULL ? split(s, line) : hand_over(s, line);
}

int stream_feed_reject(struct stream *s, const struct reject *reject, const struct line *line)
{
    s->ledger.in++;
    s->ledger.bytes_in += line->full_len;
    return stream_reject(s, reject, line);
}

// --- Lines: records, marks, and rejects of earlier stages ---

static bool is_mark(const struct stream *s, const struct line *line)
{
    return !s->plain && mark_is(line->data, line->len);
}

// Returns whether a line is a reject of an earlier stage.
static bool is_passed(const struct stream *s, const struct line *line)
{
    return !s->plain && line->len == line->full_len && reject_is(line->data, line->len) &&
           !is_taken(s, line);
}

static int pass_on(struct stream *s, const struct line *line)
{
    s->ledger.passed++;
    if (s->ops->pass != NULL)
        return s->ops->pass(s->ctx, s, line);
    buf_append(&s->out.buf, line->data, line->len);
    return stream_end_line(s);
}

static int dispatch_line(struct stream *s, const struct line *line)
{
    if (s->marks.ended)
        return stream_fail(s, EX_DATAERR, "%s: line %llu: follows the last mark", s->in.name,
                           (unsigned long long)line->number);
    // The writer of a line without an end has died in the middle of it.
    if (line->unterminated && (is_mark(s, line) || s->marks.opened))
        return stream_ended_early(s);
    if (is_mark(s, line))
        return pass_mark(s, line);
    if (is_passed(s, line))
        return pass_on(s, line);
    return stream_feed(s, line);
}

// Adds a line to the pool, with its record if it has one.
static void add_ahead(struct stream *s, const struct line *line)
{
    struct line record = *line;

    if (is_mark(s, line) || is_passed(s, line) || line->unterminated || is_too_long(s, line)) {
        filter_pool_add(s->filter, line, NULL);
        return;
    }
    if (s->ops->split != NULL)
        s->ops->split(s->ctx, line, &record);
    filter_pool_add(s->filter, line, &record);
}

// Adds the lines in the buffer to the pool, and runs the jq program on their records. Stops after a
// mark, because lines after it may be held. Returns whether there are lines.
static bool look_ahead(struct stream *s)
{
    struct line line;
    size_t count = 0;
    bool marked = false;

    while (!marked && count < FILTER_POOL_LINES_MAX && line_next(&s->in.reader, &line)) {
        marked = is_mark(s, &line);
        add_ahead(s, &line);
        count++;
    }
    filter_pool_run_added(s->filter);
    return count > 0;
}

int stream_dispatch_lines(struct stream *s)
{
    struct line line;
    const struct line *added;

    while (s->ahead && !s->enough && look_ahead(s)) {
        while (!s->enough && (added = filter_pool_next(s->filter)) != NULL) {
            if (dispatch_line(s, added) != 0)
                return -1;
        }
    }
    while (!s->ahead && !s->enough && line_next(&s->in.reader, &line)) {
        if (dispatch_line(s, &line) != 0)
            return -1;
    }
    return 0;
}
