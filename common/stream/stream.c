// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/signals.h"
#include "stream/ledger_file.h"
#include "stream/mark_text.h"

#define SOURCE_WAIT 100     // ms that a source waits for records before it checks for signals
#define PIPE_SIZE (1 << 20) // bytes wanted for the pipe on stdout: fewer switches between stages

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

void stream_end_input(struct stream *s)
{
    s->enough = true;
}

const struct ledger *stream_ledger(const struct stream *s)
{
    return &s->ledger;
}

// --- Running: reading, ticks and signals ---

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

static int serve(struct stream *s)
{
    if (stream_report(s) != 0)
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

// Milliseconds until there is something to do besides the input, 0 if it is due, -1 for never.
static int64_t time_to_serve(const struct stream *s)
{
    const int64_t tick = s->next_tick - time_monotonic();
    const int64_t left = s->ops->tick == 0 ? -1 : tick < 0 ? 0 : tick;
    const int64_t show = stream_show_wait(s);

    return left < 0 ? show : show < 0 || left < show ? left : show;
}

// Ends the run as a write to stdout does when its reader is gone.
static int lose_reader(struct stream *s)
{
    s->out.error = EPIPE;
    return stream_output_failed(s);
}

static int input_failed(struct stream *s)
{
    return stream_fail(s, EX_IOERR, "%s: %s", s->in.name, strerror(errno));
}

// Waits until the input can be read. If it cannot be read at once, flushes before waiting, unless a
// mark is deferred. Returns 1 if it can be read, 0 if a tick is due, a signal has arrived or the
// deferred mark is saved, or -1 after a failure.
static int await_input(struct stream *s)
{
    struct pollfd fds[3] = {{.fd = s->in.reader.fd, .events = POLLIN},
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
    if (signals_poll(fds, 3, time_to_serve(s)) < 0)
        return errno == EINTR ? 0 : input_failed(s);
    // stdout has no reader any more. Stop now, instead of waiting for the next record.
    if (fds[1].revents & POLLERR)
        return lose_reader(s);
    return fds[0].revents != 0;
}

// Goes on with the next file that can be opened. What has been read of others is handled all the
// same, as by cat(1). Returns false if there is none.
static bool next_file(struct stream *s)
{
    struct err err;
    int opened;

    while ((opened = input_next_file(&s->in, &err)) < 0) {
        log_error("%s", err.text);
        stream_set_status(s, err.status);
    }
    return opened > 0;
}

static int run_lines(struct stream *s)
{
    for (;;) {
        if (stream_dispatch_lines(s) != 0)
            return -1;
        if (s->enough)
            return 0;
        if (s->in.reader.eof && !next_file(s))
            return s->marks.opened && !s->marks.ended ? stream_ended_early(s) : 0;
        if (serve(s) != 0)
            return -1;
        int ready = await_input(s);
        if (ready < 0)
            return -1;
        if (ready > 0 && line_fill(&s->in.reader) < 0 && errno != EINTR && errno != EAGAIN)
            return input_failed(s);
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

    stream_show(s);
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
        ledger_file_check(s->options->stats, &err) == 0 &&
        metrics_file_check(&s->metrics, &err) == 0)
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

// The record in an envelope may be in base64, or escaped.
static bool any_may_be_longer(const char *data, size_t len)
{
    (void)data;
    (void)len;
    return true;
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
    s->started = time_now();
    s->watermark = MARK_NO_TIME;
    s->metrics.name = options->metrics;
    s->json = json_new();
    s->made_json = json_new();
    input_init(&s->in, options->input, options->max_line);
    s->input_size = options->progress ? input_size(&s->in) : 0;
    progress_init(&s->progress, options->progress);
    s->plain = options->input != NULL && input_is_plain(options->input);
    if (options->envelope)
        s->in.reader.exempt = any_may_be_longer;
    else if (!s->plain)
        s->in.reader.exempt = may_be_longer;
    if (options->envelope)
        envelope_init(&s->envelope);
    out_init(&s->out, STDOUT_FILENO, "stdout");
    s->out.interrupted = on_interrupted;
    s->out.ctx = s;
    fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE); // may fail: stdout may not be a pipe
    signals_catch();
    if (ops->stalled != NULL || options->metrics != NULL || options->progress)
        signals_catch_alarm();
}

static void stream_release(struct stream *s)
{
    filter_pool_free(s->filter);
    json_free(s->json);
    json_free(s->made_json);
    envelope_release(&s->envelope);
    buf_release(&s->sealed);
    mark_release(&s->mark);
    input_release(&s->in);
    out_release(&s->out);
    reject_writer_release(&s->rejects);
}

// Closes the outputs, since some write errors are reported only then.
static void close_outputs(struct stream *s)
{
    struct err err;

    if (reject_writer_close(&s->rejects, &err) != 0)
        stream_fail_err(s, &err);
    // Where a text ends cannot be seen, so some of the lost ones may have been written.
    uint64_t lost = s->texts > 0 ? s->texts : out_pending_lines(&s->out);
    if (s->out.error == 0 && out_close(&s->out) != 0)
        stream_output_failed(s);
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
    if (opened) {
        stream_write_metrics(s);
        stream_end_progress(s);
    }
    if (opened && (s->options->stats != NULL || log_level() >= LOG_INFO))
        stream_write_ledger(s, true);
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
        stream_begin_reports(&s);
        status = ops->fill == NULL ? run_lines(&s) : run_source(&s);
    }
    if (status == 0 && ops->end != NULL)
        ops->end(ctx, &s);
    status = finish(&s, opened);
    stream_release(&s);
    return status;
}
