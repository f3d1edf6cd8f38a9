// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/out.h"
#include "base/signals.h"
#include "stream/filter_pool.h"
#include "stream/ledger_file.h"
#include "stream/mark_text.h"
#include "stream/reject_writer.h"

#define SOURCE_WAIT 100     // ms that a source waits for records before it checks for signals
#define PIPE_SIZE (1 << 20) // bytes wanted for the pipe on stdout: fewer switches between stages
#define DEFERRED_MAX (4u << 20) // bytes that may be buffered while a mark is deferred

struct stream {
    const struct stream_ops *ops;
    void *ctx;
    const struct stream_options *options;
    struct ledger ledger;
    struct line_reader in;
    struct out out;
    struct reject_writer rejects;
    struct json *json;      // parses input lines
    struct json *made_json; // parses outputs of the jq program
    struct json *parsed;    // the one of the two that holds the current record; NULL if none does
    const struct line *current;
    struct mark mark; // the last one that was read
    struct mark_follower marks;
    int saved_fd; // can be read when the deferred mark is saved; -1 if no mark is deferred
    size_t deferred_at, deferred_len; // the deferred mark in the buffer of `out`
    struct filter_pool *filter;       // NULL if there is no jq program
    bool ahead;                       // lines are read before they are handled
    int64_t next_tick;
    bool failed;
    bool reader_gone; // the reader of stdout has closed it: stop quietly
    struct err err;
    int status; // the exit status if the run does not fail
};

// --- Failure and state ---

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

// --- Writing, and counting how records were handled ---

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

// Flushes when enough is buffered. Call this after appending a whole line. A source flushes only
// between two calls of fill(), when it is not inside a call of its Kafka library.
static int flush_when_full(struct stream *s)
{
    size_t limit = s->saved_fd < 0 ? OUT_FLUSH : DEFERRED_MAX;

    return s->out.buf.len < limit || s->ops->fill != NULL ? 0 : stream_flush(s);
}

static int end_line(struct stream *s)
{
    buf_putc(&s->out.buf, '\n');
    return flush_when_full(s);
}

int stream_emit_made(struct stream *s)
{
    s->ledger.made++;
    s->ledger.out++;
    return end_line(s);
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

int stream_emit(struct stream *s, const char *data, size_t len)
{
    s->ledger.out++;
    return stream_write(s, data, len);
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

int stream_reject_not_json(struct stream *s, const struct line *line)
{
    return stream_reject(s, &(struct reject){REJECT_NOT_JSON, NULL, json_error(s->json)}, line);
}

int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line)
{
    s->ledger.late++;
    return write_reject(s, reject, line);
}

// --- Dispatch: records, marks and rejects of earlier stages ---

// Hands one output of the jq program to the tool. An output that is the input is not parsed again,
// unless the program was run ahead.
static int dispatch_output(struct stream *s, int i, const struct line *line)
{
    struct line made = *line;

    if (!filter_pool_made(s->filter, i, &made.data, &made.len)) {
        s->parsed = filter_pool_parsed(s->filter) ? s->json : NULL;
        return s->ops->record(s->ctx, s, line);
    }
    made.full_len = made.len;
    if (json_parse(s->made_json, made.data, made.len) != 0)
        return stream_reject(
            s, &(struct reject){REJECT_FILTER_ERROR, NULL, json_error(s->made_json)}, line);
    s->parsed = s->made_json;
    return s->ops->record(s->ctx, s, &made);
}

static int dispatch_filtered(struct stream *s, const struct line *line)
{
    struct reject reject;
    int count = filter_pool_result(s->filter, line, &reject);

    if (count < 0)
        return stream_reject(s, &reject, line);
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
    if (flush_rejects(s) != 0)
        return -1;
    mark_format(&s->out.buf, mark);
    buf_putc(&s->out.buf, '\n');
    return stream_flush(s);
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
        s->in.hold = may_be_half;
    if (mark_parse(&s->mark, s->json, line->data, line->len, &err) != 0 ||
        follow_mark(s, &s->mark, &err) != 0)
        return stream_fail(s, err.status, "stdin: line %llu: %s", (unsigned long long)line->number,
                           err.text);
    if (s->mark.kind == MARK_HELLO && s->ledger.in + s->ledger.passed > 0)
        return stream_fail(s, EX_DATAERR, "stdin: line %llu: a hello mark after other lines",
                           (unsigned long long)line->number);
    if (s->ops->mark != NULL && s->ops->mark(s->ctx, s, &s->mark, line) != 0)
        return -1;
    // If the rejects cannot be written, the mark must not even be buffered: the end of the process
    // writes what is buffered.
    if (flush_rejects(s) != 0)
        return -1;
    if (!s->ops->sink) {
        buf_append(&s->out.buf, line->data, line->len);
        buf_putc(&s->out.buf, '\n');
    }
    s->deferred_len = s->out.buf.len - s->deferred_at;
    return s->saved_fd < 0 ? stream_flush(s) : 0;
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
    if (s->filter != NULL)
        return dispatch_filtered(s, line);
    if (s->ops->parse && stream_json(s) == NULL)
        return stream_reject_not_json(s, line);
    return s->ops->record(s->ctx, s, line);
}

// Returns whether a line is a reject of an earlier stage.
static bool is_passed(const struct line *line)
{
    return line->len == line->full_len && reject_is(line->data, line->len);
}

static int dispatch_line(struct stream *s, const struct line *line)
{
    bool is_mark = mark_is(line->data, line->len);

    if (s->marks.ended)
        return stream_fail(s, EX_DATAERR, "stdin: line %llu: follows the last mark",
                           (unsigned long long)line->number);
    if (line->unterminated && (is_mark || s->marks.opened)) // its writer died in the middle of it
        return ended_early(s);
    if (is_mark)
        return pass_mark(s, line);
    if (is_passed(line))
        return pass_on(s, line);
    return stream_feed(s, line);
}

// Adds the lines in the buffer to the pool, and runs the jq program on their records. Stops after a
// mark, because lines after it may be held. Returns whether there are lines.
static bool look_ahead(struct stream *s)
{
    struct line line;
    size_t count = 0;
    bool is_mark = false;

    while (!is_mark && count < FILTER_POOL_LINES_MAX && line_next(&s->in, &line)) {
        is_mark = mark_is(line.data, line.len);
        filter_pool_add(s->filter, &line,
                        !is_mark && !line.unterminated && line.full_len <= s->options->max_line &&
                            !is_passed(&line));
        count++;
    }
    filter_pool_run_added(s->filter);
    return count > 0;
}

// Handles all lines that have been read.
static int dispatch_lines(struct stream *s)
{
    struct line line;
    const struct line *added;

    while (s->ahead && look_ahead(s)) {
        while ((added = filter_pool_next(s->filter)) != NULL) {
            if (dispatch_line(s, added) != 0)
                return -1;
        }
    }
    while (!s->ahead && line_next(&s->in, &line)) {
        if (dispatch_line(s, &line) != 0)
            return -1;
    }
    return 0;
}

// --- Running: reading, ticks and signals ---

static int write_ledger(struct stream *s, bool at_exit)
{
    struct err err;

    if (!s->ops->sink) // a sink counts what it delivers
        s->ledger.bytes_out = s->out.bytes;
    if (ledger_file_append(s->options->stats, at_exit && log_level() >= LOG_INFO, &s->ledger,
                           log_program(), &err) == 0)
        return 0;
    return stream_fail_err(s, &err);
}

// Handles the result of opening a file anew. A file that cannot be opened does not end the stage.
static int reopened(struct stream *s, int status, const struct err *err)
{
    if (status == 0 || err->status != EX_CANTCREAT)
        return status == 0 ? 0 : stream_fail_err(s, err);
    log_warn("SIGHUP: %s; the old file stays in use", err->text);
    return 0;
}

int stream_reopen(struct stream *s, struct out *file, const char *option)
{
    struct err err;

    return reopened(s, out_reopen_append(file, option, &err), &err);
}

static int reopen_files(struct stream *s)
{
    struct err err;

    if (reopened(s, reject_writer_reopen(&s->rejects, &err), &err) != 0 ||
        reopened(s, ledger_file_check(s->options->stats, &err), &err) != 0)
        return -1;
    return s->ops->reopen == NULL ? 0 : s->ops->reopen(s->ctx, s);
}

int stream_serve_ledger(struct stream *s)
{
    return signals_take_ledger() ? write_ledger(s, false) : 0;
}

static int serve(struct stream *s)
{
    if (stream_serve_ledger(s) != 0)
        return -1;
    if (signals_take_reopen() && reopen_files(s) != 0)
        return -1;
    if (s->ops->tick > 0 && time_monotonic() >= s->next_tick) {
        s->next_tick = time_monotonic() + s->ops->tick;
        if (s->ops->on_tick(s->ctx, s) != 0)
            return -1;
    }
    return 0;
}

// Milliseconds until the next tick, 0 if it is due, -1 if there are no ticks.
static int64_t time_to_tick(const struct stream *s)
{
    int64_t left = s->next_tick - time_monotonic();

    return s->ops->tick == 0 ? -1 : left < 0 ? 0 : left;
}

// Ends the run as a write to stdout does when its reader is gone.
static int lose_reader(struct stream *s)
{
    s->out.error = EPIPE;
    return output_failed(s);
}

// Waits until stdin can be read. If it cannot be read at once, flushes before waiting, unless a
// mark is deferred. Returns 1 if it can be read, 0 if a tick is due, a signal has arrived or the
// deferred mark is saved, or -1 after a failure.
static int await_input(struct stream *s)
{
    struct pollfd fds[3] = {{.fd = s->in.fd, .events = POLLIN},
                            {.fd = s->ops->sink ? -1 : s->out.fd, .events = 0},
                            {.fd = s->saved_fd, .events = POLLIN}};

    poll(fds, 3, 0);
    if (fds[2].revents != 0 && stream_flush(s) != 0)
        return -1;
    if (fds[0].revents != 0)
        return 1;
    if (s->ops->paused != NULL && s->ops->paused(s->ctx, s) != 0)
        return -1;
    if (s->saved_fd < 0 && stream_flush(s) != 0)
        return -1;
    fds[2].fd = s->saved_fd;
    if (signals_poll(fds, 3, time_to_tick(s)) < 0)
        return errno == EINTR ? 0 : stream_fail(s, EX_IOERR, "stdin: %s", strerror(errno));
    // stdout has no reader any more. Stop now, instead of waiting for the next record.
    if (fds[1].revents & POLLERR)
        return lose_reader(s);
    return fds[0].revents != 0;
}

static int run_lines(struct stream *s)
{
    for (;;) {
        if (dispatch_lines(s) != 0)
            return -1;
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

static int run_source(struct stream *s)
{
    bool end = false;

    while (!end && !signals_stopping()) {
        int taken = s->ops->fill(s->ctx, s, 0, &end);
        if (taken == 0 && !end) {
            if (stream_flush(s) != 0)
                return -1;
            if (out_reader_gone(&s->out))
                return lose_reader(s);
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

// --- Start and end ---

// If the caller has closed a standard descriptor, the next open() would reuse it, and output would
// end up in that file. So the descriptor is opened on /dev/null, in the wrong direction, so that
// any use of it fails.
static void guard_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
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
    struct err err;

    if (stream_options_check(s->options, s->ops->fill != NULL, &err) != 0)
        return stream_fail_err(s, &err);
    if (!stream_options_have_filter(s->options))
        return 0;
    s->ahead = s->options->jobs > 1;
    s->filter =
        filter_pool_new(&s->options->filter, s->ahead ? s->options->jobs : 1, s->json, &err);
    return s->filter == NULL ? stream_fail_err(s, &err) : 0;
}

// Returns whether a line may exceed --max-line. A reject may, because it quotes a whole record,
// escaped. A mark may, because it lists every partition.
static bool may_be_longer(const char *data, size_t len)
{
    return reject_is(data, len) || mark_is(data, len);
}

static void stream_init(struct stream *s, const struct stream_ops *ops, void *ctx,
                        const struct stream_options *options)
{
    *s = (struct stream){.ops = ops, .ctx = ctx, .options = options, .saved_fd = -1};
    guard_standard_descriptors();
    s->ledger.started = time_monotonic();
    s->ledger.put_more = ops->put_ledger;
    s->ledger.ctx = ctx;
    s->next_tick = s->ledger.started + ops->tick;
    s->json = json_new();
    s->made_json = json_new();
    line_reader_init(&s->in, STDIN_FILENO, options->max_line);
    s->in.exempt = may_be_longer;
    out_init(&s->out, STDOUT_FILENO, "stdout");
    s->out.interrupted = on_interrupted;
    s->out.ctx = s;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE); // may fail: stdout may not be a pipe
    signals_catch();
    if (ops->stalled != NULL)
        signals_catch_alarm();
}

static void stream_release(struct stream *s)
{
    filter_pool_free(s->filter);
    json_free(s->json);
    json_free(s->made_json);
    mark_release(&s->mark);
    line_reader_release(&s->in);
    out_release(&s->out);
    reject_writer_release(&s->rejects);
}

// Closes the outputs, since some write errors are reported only then.
static void close_outputs(struct stream *s)
{
    struct err err;

    if (reject_writer_close(&s->rejects, &err) != 0)
        stream_fail_err(s, &err);
    uint64_t lost = out_pending_lines(&s->out);
    if (s->out.error == 0 && out_close(&s->out) != 0)
        output_failed(s);
    if (s->out.error != 0) {
        // These lines were counted as out when they went into the buffer.
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
    reject_writer_sum_up(&s->rejects, &s->ledger.by_reason);
    if (opened && (s->options->stats != NULL || log_level() >= LOG_INFO))
        write_ledger(s, true);
    if (s->failed)
        log_error("%s", s->err.text);
    int status = s->failed ? s->err.status : s->status;
    if (s->reader_gone && !s->failed) {
        // The process ends by SIGPIPE, like any filter whose reader has left, but only after
        // everything is closed.
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
