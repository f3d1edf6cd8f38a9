// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/out.h"
#include "base/signals.h"
#include "stream/ledger_file.h"
#include "stream/reject_writer.h"

#define SOURCE_WAIT 100     // ms: how soon a waiting source sees a signal
#define PIPE_SIZE (1 << 20) // asked of the kernel for stdout, so that stages take turns less often

struct stream {
    const struct stream_ops *ops;
    void *ctx;
    const struct stream_options *options;
    struct ledger ledger;
    struct line_reader in;
    struct out out;
    struct reject_writer rejects;
    struct json *json;      // parses what comes in
    struct json *made_json; // parses what the jq program made of it
    struct json *parsed;    // the one of them that holds the current record, NULL when neither
    const struct line *current;
    struct mark mark; // the last one
    struct mark_follower marks;
    struct filter *filter;
    int64_t next_tick;
    bool failed;
    bool reader_gone; // stdout was closed by its reader: stop quietly
    struct err err;
    int status; // of a run that did not fail
};

const struct opt stream_opts[] = {
    OPT_STRING("jq", 'j', "EXPR", struct stream_options, filter.program,
               "a jq program, run on each record as it enters"),
    OPT_STRING("jq-file", 0, "FILE", struct stream_options, filter.file, "the same, from a file"),
    OPT_PAIRS("arg", 0, "NAME VALUE", struct stream_options, filter.arg,
              "$NAME in the jq program is the string VALUE"),
    OPT_PAIRS("argjson", 0, "NAME JSON", struct stream_options, filter.argjson,
              "$NAME in the jq program is the value JSON"),
    OPT_STRING("rejects", 0, "DEST", struct stream_options, rejects,
               "rejects to a file (appended) or - (stdout); else stderr"),
    OPT_STRING("stats", 0, "FILE", struct stream_options, stats,
               "append the ledger at exit and on SIGUSR1; - is stderr"),
    OPT_SIZE("max-line", 0, "BYTES", struct stream_options, max_line, 1,
             "reject longer records (default 16M)"),
};
const size_t stream_opt_count = sizeof stream_opts / sizeof *stream_opts;

// A standard descriptor that was closed by the caller would be taken by the next open(), and
// output would land in that file. Occupied this way, using it is an error that is seen.
static void guard_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

int stream_fail_err(struct stream *s, const struct err *err)
{
    if (!s->failed && !s->reader_gone) {
        s->failed = true;
        s->err = *err;
    }
    return -1;
}

int stream_fail(struct stream *s, int status, const char *fmt, ...)
{
    struct err err = {.status = status};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    return stream_fail_err(s, &err);
}

void stream_set_status(struct stream *s, int status)
{
    if (s->status == EX_OK)
        s->status = status;
}

struct json *stream_json(struct stream *s)
{
    if (s->parsed == NULL && json_parse(s->json, s->current->data, s->current->len) == 0)
        s->parsed = s->json;
    return s->parsed;
}

const struct ledger *stream_ledger(const struct stream *s)
{
    return &s->ledger;
}

static int output_failed(struct stream *s)
{
    struct err err;

    if (s->out.error == EPIPE) {
        s->reader_gone = true;
        return -1;
    }
    out_error(&s->out, &err);
    return stream_fail_err(s, &err);
}

static int flush_rejects(struct stream *s)
{
    struct err err;

    return reject_writer_flush(&s->rejects, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

int stream_flush(struct stream *s)
{
    // Rejects first: what is committed upstream on the strength of stdout covers them too.
    if (flush_rejects(s) != 0)
        return -1;
    if (s->out.buf.len > 0 && out_flush(&s->out) != 0)
        return output_failed(s);
    if (s->ops->flushed != NULL)
        s->ops->flushed(s->ctx, s);
    return 0;
}

struct buf *stream_emit_begin(struct stream *s)
{
    return &s->out.buf;
}

// After a whole line was appended to stdout's buffer. A source flushes between its fills, where
// its library is not in the middle of a call.
static int flush_when_full(struct stream *s)
{
    return s->out.buf.len < OUT_FLUSH || s->ops->fill != NULL ? 0 : stream_flush(s);
}

static int end_line(struct stream *s)
{
    buf_putc(&s->out.buf, '\n');
    return flush_when_full(s);
}

int stream_emit_end(struct stream *s)
{
    s->ledger.out++;
    return end_line(s);
}

int stream_emit_made(struct stream *s)
{
    s->ledger.made++;
    return stream_emit_end(s);
}

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

int stream_emit(struct stream *s, const char *data, size_t len)
{
    s->ledger.out++;
    return stream_write(s, data, len);
}

int stream_write(struct stream *s, const char *data, size_t len)
{
    struct buf *b = &s->out.buf;

    if (mark_is(data, len)) {
        // These bytes are reserved for control lines; a space keeps the meaning.
        buf_puts(b, "{ ");
        data++;
        len--;
    }
    buf_append(b, data, len);
    return end_line(s);
}

static int write_reject(struct stream *s, const struct reject *reject, const struct line *line)
{
    reject_writer_put(&s->rejects, reject, log_program(), line);
    tally_add(&s->ledger.by_reason, reject->reason);
    if (s->rejects.in_band)
        return flush_when_full(s);
    return reject_writer_is_full(&s->rejects) ? flush_rejects(s) : 0;
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

int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line)
{
    s->ledger.late++;
    return write_reject(s, reject, line);
}

// Hands one output of the jq program to the tool; only what jq made anew is parsed again.
static int dispatch_output(struct stream *s, int i, const struct line *line)
{
    struct line made = *line;

    if (filter_output_is_input(s->filter, i)) {
        s->parsed = s->json;
        return s->ops->record(s->ctx, s, line);
    }
    filter_output(s->filter, i, &made.data, &made.len);
    made.full_len = made.len;
    if (json_parse(s->made_json, made.data, made.len) != 0)
        return stream_reject(
            s, &(struct reject){REJECT_FILTER_ERROR, NULL, json_error(s->made_json)}, line);
    s->parsed = s->made_json;
    return s->ops->record(s->ctx, s, &made);
}

static int dispatch_filtered(struct stream *s, const struct line *line)
{
    int count = filter_run(s->filter, s->json);

    if (count < 0)
        return stream_reject(
            s, &(struct reject){REJECT_FILTER_ERROR, NULL, filter_error(s->filter)}, line);
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

static int pass_on(struct stream *s, const struct line *line)
{
    s->ledger.passed++;
    if (s->ops->pass != NULL)
        return s->ops->pass(s->ctx, s, line);
    buf_append(&s->out.buf, line->data, line->len);
    return end_line(s);
}

bool stream_has_marks(const struct stream *s)
{
    return s->marks.opened;
}

static int follow_mark(struct stream *s, const struct mark *mark, struct err *err)
{
    if (mark_follow(&s->marks, mark, err) != 0)
        return -1;
    s->ledger.marks++;
    memcpy(s->ledger.run, mark->run, sizeof s->ledger.run);
    return 0;
}

int stream_emit_mark(struct stream *s, const struct mark *mark)
{
    struct err err;

    if (follow_mark(s, mark, &err) != 0)
        return stream_fail(s, EX_SOFTWARE, "%s", err.text);
    mark_format(&s->out.buf, mark);
    buf_putc(&s->out.buf, '\n');
    return stream_flush(s);
}

// Takes a mark and sends it on, behind all that came of the lines before it.
static int pass_mark(struct stream *s, const struct line *line)
{
    struct err err;

    s->parsed = NULL; // the parser is used for the mark
    if (mark_parse(&s->mark, s->json, line->data, line->len, &err) != 0 ||
        follow_mark(s, &s->mark, &err) != 0)
        return stream_fail(s, err.status, "stdin: line %llu: %s", (unsigned long long)line->number,
                           err.text);
    if (s->mark.kind == MARK_HELLO && s->ledger.in + s->ledger.passed > 0)
        return stream_fail(s, EX_DATAERR, "stdin: line %llu: a hello mark with lines before it",
                           (unsigned long long)line->number);
    if (s->ops->mark != NULL && s->ops->mark(s->ctx, s, &s->mark, line) != 0)
        return -1;
    if (!s->ops->sink) {
        buf_append(&s->out.buf, line->data, line->len);
        buf_putc(&s->out.buf, '\n');
    }
    return stream_flush(s);
}

static int ended_early(struct stream *s)
{
    return stream_fail(s, EX_TEMPFAIL,
                       "stdin: ended without an end mark; a stage upstream has died");
}

int stream_feed(struct stream *s, const struct line *line)
{
    s->ledger.in++;
    s->ledger.bytes_in += line->full_len;
    if (line->full_len > s->options->max_line)
        return stream_reject(s, &(struct reject){REJECT_TOO_LONG, NULL, NULL}, line);
    s->current = line;
    s->parsed = NULL;
    if ((s->ops->parse || s->filter != NULL) && stream_json(s) == NULL)
        return stream_reject(s, &(struct reject){REJECT_NOT_JSON, NULL, json_error(s->json)}, line);
    if (s->filter != NULL)
        return dispatch_filtered(s, line);
    return s->ops->record(s->ctx, s, line);
}

static int dispatch_line(struct stream *s, const struct line *line)
{
    bool is_mark = mark_is(line->data, line->len);

    if (s->marks.ended)
        return stream_fail(s, EX_DATAERR, "stdin: line %llu: it comes behind the last mark",
                           (unsigned long long)line->number);
    if (line->unterminated && (is_mark || s->marks.opened)) // its writer has died within it
        return ended_early(s);
    if (is_mark)
        return pass_mark(s, line);
    if (line->len == line->full_len && reject_is(line->data, line->len))
        return pass_on(s, line);
    return stream_feed(s, line);
}

static int write_ledger(struct stream *s, bool at_exit)
{
    struct err err;

    if (!s->ops->sink) // a sink counts them itself
        s->ledger.bytes_out = s->out.bytes;
    if (ledger_file_append(s->options->stats, at_exit && log_level() >= LOG_INFO, &s->ledger,
                           log_program(), &err) == 0)
        return 0;
    return stream_fail_err(s, &err);
}

static int serve(struct stream *s)
{
    if (signals_take_ledger() && write_ledger(s, false) != 0)
        return -1;
    if (s->ops->tick > 0 && time_monotonic() >= s->next_tick) {
        s->next_tick = time_monotonic() + s->ops->tick;
        if (s->ops->on_tick(s->ctx, s) != 0)
            return -1;
    }
    return 0;
}

// How long to wait for events: until the next tick, which may be due already.
static int64_t time_to_tick(const struct stream *s)
{
    int64_t left = s->next_tick - time_monotonic();

    return s->ops->tick == 0 ? -1 : left < 0 ? 0 : left;
}

// Waits until stdin has something, flushing first if that takes time. Returns 1 then, 0 after a
// tick or a signal, -1 after a failure.
static int await_input(struct stream *s)
{
    struct pollfd fds[2] = {{.fd = s->in.fd, .events = POLLIN},
                            {.fd = s->ops->sink ? -1 : s->out.fd, .events = 0}};

    if (poll(fds, 1, 0) > 0)
        return 1;
    if (stream_flush(s) != 0)
        return -1;
    if (signals_poll(fds, 2, time_to_tick(s)) < 0)
        return errno == EINTR ? 0 : stream_fail(s, EX_IOERR, "stdin: %s", strerror(errno));
    // The reader of our output is gone: do not wait for a next record to find out.
    if (fds[1].revents & POLLERR) {
        s->out.error = EPIPE;
        return output_failed(s);
    }
    return fds[0].revents != 0;
}

static int run_lines(struct stream *s)
{
    struct line line;

    for (;;) {
        while (line_next(&s->in, &line)) {
            if (dispatch_line(s, &line) != 0)
                return -1;
        }
        if (s->in.eof)
            return s->marks.opened && !s->marks.ended ? ended_early(s) : 0;
        if (serve(s) != 0)
            return -1;
        int ready = await_input(s);
        if (ready < 0)
            return -1;
        if (ready > 0 && line_fill(&s->in) < 0 && errno != EINTR && errno != EAGAIN)
            return stream_fail(s, EX_IOERR, "stdin: %s", strerror(errno));
    }
}

static bool reader_is_gone(const struct stream *s)
{
    struct pollfd p = {.fd = s->out.fd, .events = 0};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

static int run_source(struct stream *s)
{
    bool end = false;

    while (!end && !signals_stopping()) {
        int taken = s->ops->fill(s->ctx, s, 0, &end);
        if (taken == 0 && !end) {
            if (stream_flush(s) != 0)
                return -1;
            if (reader_is_gone(s)) {
                s->out.error = EPIPE;
                return output_failed(s);
            }
            taken = s->ops->fill(s->ctx, s, SOURCE_WAIT, &end);
        }
        if (taken < 0 || serve(s) != 0)
            return -1;
        if (s->out.buf.len >= OUT_FLUSH && stream_flush(s) != 0)
            return -1;
    }
    return 0;
}

static void on_interrupted(void *ctx)
{
    struct stream *s = ctx;

    if (s->ops->stalled != NULL)
        s->ops->stalled(s->ctx, s);
}

static int open_outputs(struct stream *s)
{
    struct err err;

    if (reject_writer_open(&s->rejects, s->options->rejects, &s->out, &err) == 0 &&
        ledger_file_check(s->options->stats, &err) == 0)
        return 0;
    return stream_fail_err(s, &err);
}

static int open_filter(struct stream *s)
{
    const struct filter_options *filter = &s->options->filter;
    struct err err;

    if (filter->program != NULL && filter->file != NULL)
        return stream_fail(s, EX_USAGE, "--jq and --jq-file: only one of them can be given");
    if (filter->program == NULL && filter->file == NULL) {
        if (filter->arg.count + filter->argjson.count > 0)
            return stream_fail(s, EX_USAGE, "--arg, --argjson: there is no jq program");
        return 0;
    }
    s->filter = filter_new(filter, &err);
    return s->filter == NULL ? stream_fail_err(s, &err) : 0;
}

// A reject holds a record that may be as long as any, with what escaping adds to it, and a mark all
// partitions.
static bool may_be_longer(const char *data, size_t len)
{
    return reject_is(data, len) || mark_is(data, len);
}

static void stream_init(struct stream *s, const struct stream_ops *ops, void *ctx,
                        const struct stream_options *options)
{
    *s = (struct stream){.ops = ops, .ctx = ctx, .options = options};
    guard_standard_descriptors();
    s->ledger.started = time_monotonic();
    s->next_tick = s->ledger.started + ops->tick;
    s->json = json_new();
    s->made_json = json_new();
    line_reader_init(&s->in, STDIN_FILENO, options->max_line);
    s->in.exempt = may_be_longer;
    out_init(&s->out, STDOUT_FILENO, "stdout");
    s->out.interrupted = on_interrupted;
    s->out.ctx = s;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE); // a wish: not every stdout is a pipe
    signals_catch();
    if (ops->stalled != NULL)
        signals_catch_alarm();
}

static void stream_release(struct stream *s)
{
    filter_free(s->filter);
    json_free(s->json);
    json_free(s->made_json);
    mark_release(&s->mark);
    line_reader_release(&s->in);
    out_release(&s->out);
    reject_writer_release(&s->rejects);
}

// Closes what was written to, since some errors show only then.
static void close_outputs(struct stream *s)
{
    struct err err;

    if (reject_writer_close(&s->rejects, &err) != 0)
        stream_fail_err(s, &err);
    uint64_t lost = out_pending_lines(&s->out);
    if (s->out.error == 0 && out_close(&s->out) != 0)
        output_failed(s);
    if (s->out.error != 0) {
        // They were counted as put out when they went into the buffer.
        lost = lost < s->ledger.out ? lost : s->ledger.out;
        s->ledger.out -= lost;
        s->ledger.undelivered += lost;
    }
}

static int finish(struct stream *s, bool opened)
{
    stream_flush(s);
    if (opened && s->ops->close != NULL)
        s->ops->close(s->ctx, s);
    close_outputs(s);
    if (opened && (s->options->stats != NULL || log_level() >= LOG_INFO))
        write_ledger(s, true);
    if (s->failed)
        log_error("%s", s->err.text);
    int status = s->failed ? s->err.status : s->status;
    if (s->reader_gone && !s->failed) {
        // As any tool whose reader has left, but after closing in order.
        signals_die_of_pipe();
    }
    return status;
}

int stream_run(const struct stream_ops *ops, void *ctx, const struct stream_options *options)
{
    struct stream s;
    bool opened = false;

    stream_init(&s, ops, ctx, options);
    int status = open_outputs(&s) != 0 || open_filter(&s) != 0 ? -1 : 0;
    if (status == 0 && ops->open != NULL)
        status = ops->open(ctx, &s);
    if (status == 0) {
        opened = true;
        status = ops->fill == NULL ? run_lines(&s) : run_source(&s);
    }
    if (status == 0 && ops->end != NULL)
        ops->end(ctx, &s);
    status = finish(&s, opened);
    stream_release(&s);
    return status;
}
