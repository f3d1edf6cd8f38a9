// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/acked.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/xalloc.h"
#include "kafka/ack_fifo.h"
#include "kafka/group_check.h"
#include "kafka/inflight.h"

#define TICK 100        // ms between checks for acknowledgements
#define WAIT_SLICE 100  // ms of waiting for acknowledgements at a time
#define CHECK_TIME 5000 // ms for the question before a commit that is waited for

// --- Source ---

struct acked_source {
    struct ack_reader reader;
    struct mark *pending; // written and not acknowledged, in order
    size_t pending_count;
    struct mark newest; // the newest acknowledged mark, if has_newest is true
    bool has_newest;    // a mark is acknowledged and not committed
    struct mark asked;  // a commit without an answer, if `asking` is true
    bool asking;
    uint64_t assignment; // for which it was asked
    struct group_check check;
};

static int source_begin(struct source *s, struct err *err)
{
    return consumer_offsets_commit_start(&s->consumer.offsets, err);
}

static void forget(struct acked_source *a, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mark_release(&a->pending[i]);
    a->pending_count -= count;
    if (a->pending_count > 0)
        memmove(a->pending, a->pending + count, a->pending_count * sizeof *a->pending);
}

// Writes a mark and notes that its acknowledgement is awaited. A hello mark needs none, because it
// has no offsets to commit.
static int emit(struct source *s, const struct mark *mark)
{
    struct acked_source *a = s->own;

    if (mark->kind != MARK_HELLO) {
        a->pending = xreallocarray(a->pending, a->pending_count + 1, sizeof *a->pending);
        a->pending[a->pending_count] = (struct mark)MARK_INIT;
        mark_copy(&a->pending[a->pending_count++], mark);
    }
    return stream_emit_mark(s->stream, mark);
}

static int source_open(struct source *s)
{
    struct acked_source *a = s->own = xcalloc(1, sizeof *a);
    struct err err;

    if (ack_reader_open(&a->reader, s->options->acks, &err) != 0)
        return stream_fail_err(s->stream, &err);
    mark_source_open(&s->marks, &s->consumer, &s->options->marks, false);
    return emit(s, mark_source_make(&s->marks, MARK_HELLO));
}

static int source_mark(struct source *s)
{
    const struct mark *mark = mark_source_due(&s->marks);

    return mark == NULL ? 0 : emit(s, mark);
}

// Reads acknowledgements. Each one also covers all earlier marks.
static int read_acks(struct source *s)
{
    struct acked_source *a = s->own;
    struct err err;
    uint64_t seq;
    size_t count = 0;
    int found = ack_reader_newest(&a->reader, mark_source_run(&s->marks), &seq, &err);

    if (found < 0)
        return stream_fail_err(s->stream, &err);
    while (found > 0 && count < a->pending_count && a->pending[count].seq <= seq)
        count++;
    if (count == 0)
        return 0;
    mark_copy(&a->newest, &a->pending[count - 1]);
    a->has_newest = true;
    forget(a, count);
    return 0;
}

// A group that has members accepts commits from them only.
static bool is_refused(const struct source *s, rd_kafka_resp_err_t code)
{
    return s->consumer.share != NULL && (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
                                         code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
}

static void source_committed(struct source *s, rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t *list)
{
    struct acked_source *a = s->own;
    const char *group = s->consumer.offsets.group;

    (void)list;
    if (a == NULL || !a->asking)
        return;
    a->asking = false;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        mark_source_committed(&s->marks, a->asked.seq);
        if (a->assignment == s->consumer.shared.assignment)
            group_known_set_mark(&s->consumer.offsets.known, &a->asked);
    } else if (is_refused(s, code)) {
        client_fail(
            &s->consumer.client, EX_TEMPFAIL,
            "group %s: another consumer is a member of the group and shares its partitions; "
            "stop one of the two, or give it another group",
            group);
    } else if (client_is_final(code)) {
        client_fail_error(&s->consumer.client, &s->consumer.client.needs, code,
                          "group %s: commit of mark %llu", group, (unsigned long long)a->asked.seq);
    } else {
        // The next acknowledgement leads to the next commit.
        log_warn("group %s: commit of mark %llu failed: %s", group,
                 (unsigned long long)a->asked.seq, rd_kafka_err2str(code));
    }
}

static int ask_commit(struct source *s)
{
    struct acked_source *a = s->own;

    mark_copy(&a->asked, &a->newest);
    a->has_newest = false;
    a->assignment = s->consumer.shared.assignment;
    rd_kafka_resp_err_t code =
        consumer_offsets_commit_mark(&s->consumer.offsets, &a->asked, false, &a->asking);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        source_committed(s, code, NULL);
    return 0;
}

// Fails if another pipeline has committed for the same partitions, or if the offsets are gone.
static int compare(struct source *s, const rd_kafka_topic_partition_list_t *found)
{
    const struct consumer_offsets *o = &s->consumer.offsets;
    const struct group_allowed allowed = {.run = mark_source_run(&s->marks)};
    struct err err;

    if (group_known_compare(&o->known, o->group, &allowed, found, &err) == 0)
        return 0;
    return stream_fail_err(s->stream, &err);
}

// Commits the newest acknowledged mark. Before each commit it asks for the group's offsets, and
// goes on reading until the answer has come.
static int source_serve(struct source *s, bool blocked)
{
    struct acked_source *a = s->own;
    const rd_kafka_topic_partition_list_t *found;

    (void)blocked;
    if (read_acks(s) != 0)
        return -1;
    if (!a->has_newest || a->asking)
        return 0;
    if (group_check_answer(&a->check, &s->consumer, &found) && found != NULL)
        return compare(s, found) != 0 ? -1 : ask_commit(s);
    if (!group_check_busy(&a->check))
        group_check_start(&a->check, &s->consumer);
    return 0;
}

// Commits the newest acknowledged mark and waits for the answer. Sets *code to what the broker
// says. Returns 0, or -1 if the mark must not be committed.
static int commit_now(struct source *s, rd_kafka_resp_err_t *code)
{
    struct acked_source *a = s->own;
    const struct group_allowed allowed = {.run = mark_source_run(&s->marks)};
    struct err err;
    bool asked;

    *code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!a->has_newest)
        return 0;
    a->has_newest = false;
    if (consumer_offsets_check(&s->consumer.offsets, &allowed, CHECK_TIME, code, &err) != 0)
        return stream_fail_err(s->stream, &err);
    if (*code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    *code = consumer_offsets_commit_mark(&s->consumer.offsets, &a->newest, true, &asked);
    if (*code == RD_KAFKA_RESP_ERR_NO_ERROR)
        mark_source_committed(&s->marks, a->newest.seq);
    return 0;
}

// Waits up to WAIT_SLICE for an acknowledgement. Returns false when stdout has no reader any more.
static bool wait_for_ack(const struct acked_source *a)
{
    struct pollfd fds[2] = {{.fd = a->reader.fd, .events = POLLIN},
                            {.fd = STDOUT_FILENO, .events = 0}};

    poll(fds, 2, WAIT_SLICE);
    return !(fds[1].revents & (POLLERR | POLLHUP));
}

// Waits until the last mark is acknowledged, and commits it. While it waits, it serves the
// consumer, unless `serve` is false because the consumer itself has called it. Returns 0; 1 when
// the mark was not acknowledged; or -1.
static int await_acks(struct source *s, int64_t wait_ms, bool serve)
{
    struct acked_source *a = s->own;
    int64_t deadline = time_monotonic() + wait_ms;
    bool stopping = signals_stopping(), reader = true;
    struct err err;

    while (a->pending_count > 0 && reader && time_monotonic() < deadline) {
        reader = wait_for_ack(a);
        if (read_acks(s) != 0)
            return -1;
        if (client_check(&s->consumer.client, &err) != 0)
            return stream_fail_err(s->stream, &err);
        if (serve)
            consumer_serve(&s->consumer);
        if (!stopping && signals_stopping() && deadline > time_monotonic() + GUARANTEE_STOP_WAIT)
            deadline = time_monotonic() + GUARANTEE_STOP_WAIT;
    }
    rd_kafka_resp_err_t code;
    if (commit_now(s, &code) != 0)
        return -1;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return a->pending_count > 0;
    client_error(&err, &s->consumer.client.needs, code, EX_TEMPFAIL,
                 "group %s: commit of mark %llu failed", s->consumer.offsets.group,
                 (unsigned long long)a->newest.seq);
    return stream_fail_err(s->stream, &err);
}

static int source_revoke(struct source *s, bool blocked, bool lost)
{
    struct acked_source *a = s->own;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (!blocked) {
        if (emit(s, mark_source_make(&s->marks, MARK_PROGRESS)) != 0)
            return -1;
        if (!lost && await_acks(s, GUARANTEE_STOP_WAIT, false) < 0)
            return -1;
    }
    if (!lost && read_acks(s) == 0 && commit_now(s, &code) != 0)
        return -1;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("group %s: commit failed before partitions were revoked",
                 s->consumer.offsets.group);
    a->has_newest = false;
    forget(a, a->pending_count);
    return 0;
}

static int source_settle(struct source *s, bool ended)
{
    if (emit(s, mark_source_make_last(&s->marks, ended)) != 0)
        return -1;
    int status = await_acks(s, ended ? GUARANTEE_END_WAIT : GUARANTEE_STOP_WAIT, true);
    if (status > 0 && ended)
        return stream_fail(s->stream, EX_TEMPFAIL, "--acks: the end mark was not acknowledged");
    if (status > 0)
        log_warn("--acks: the last mark was not acknowledged; the records after the mark before it "
                 "will be read again");
    return status < 0 ? -1 : 0;
}

static int source_close(struct source *s)
{
    struct acked_source *a = s->own;

    group_check_release(&a->check);
    return 0;
}

static void source_release(struct source *s)
{
    struct acked_source *a = s->own;

    mark_source_release(&s->marks);
    if (a == NULL)
        return;
    forget(a, a->pending_count);
    free(a->pending);
    mark_release(&a->newest);
    mark_release(&a->asked);
    ack_reader_release(&a->reader);
    free(a);
}

const struct source_guarantee acked_source = {.tick = TICK,
                                              .commits = true,
                                              .begin = source_begin,
                                              .open = source_open,
                                              .accepts = guarantee_accepts,
                                              .saw = guarantee_saw,
                                              .mark = source_mark,
                                              .serve = source_serve,
                                              .revoke = source_revoke,
                                              .committed = source_committed,
                                              .settle = source_settle,
                                              .close = source_close,
                                              .release = source_release};

// --- Sink ---

struct acked_sink {
    struct ack_writer writer;
    struct inflight inflight; // marks, and the lines between them
    struct buf reached;
};

static int sink_open(struct sink *s, struct err *err)
{
    struct acked_sink *a = s->own = xcalloc(1, sizeof *a);

    return ack_writer_open(&a->writer, s->options->acks, err);
}

// Acknowledges the marks that are reached. Flushes the rejects first, since an acknowledgement
// covers them. If a line was not delivered, no later mark can be acknowledged, so the stage fails.
static int sink_serve(struct sink *s)
{
    struct acked_sink *a = s->own;
    struct err err;

    if (delivery_require(&s->delivery, "--acks") != 0 || stream_flush(s->stream) != 0)
        return -1;
    if (inflight_reached(&a->inflight, &a->reached)) {
        ack_writer_put(&a->writer, a->reached.data, a->reached.len);
        health_update(&s->health);
    }
    return ack_writer_flush(&a->writer, &err) == 0 ? 0 : stream_fail_err(s->stream, &err);
}

static int sink_before(struct sink *s, const struct line *line, uint32_t *segment)
{
    struct acked_sink *a = s->own;

    (void)line;
    if (guarantee_require_marks(s, "--acks") != 0)
        return -1;
    if (guarantee_await_room(s, &a->inflight) != 0)
        return -1;
    *segment = inflight_sent(&a->inflight);
    return 0;
}

static int sink_mark(struct sink *s, const struct mark *mark, const struct line *line)
{
    struct acked_sink *a = s->own;

    (void)mark;
    if (guarantee_await_room(s, &a->inflight) != 0)
        return -1;
    inflight_mark(&a->inflight, line->data, line->len);
    return sink_serve(s);
}

static void sink_reported(struct sink *s, const struct delivery_report *report)
{
    struct acked_sink *a = s->own;

    delivery_count(&s->delivery, report);
    if (report->outcome != DELIVERY_FAILED)
        inflight_acked(&a->inflight, report->segment);
}

static int sink_end(struct sink *s)
{
    if (guarantee_require_end(s) != 0)
        return -1;
    return delivery_flush_all(&s->delivery) != 0 ? -1 : sink_serve(s);
}

static void sink_release(struct sink *s)
{
    struct acked_sink *a = s->own;

    if (a == NULL)
        return;
    ack_writer_release(&a->writer);
    inflight_release(&a->inflight);
    buf_release(&a->reached);
    free(a);
}

const struct sink_guarantee acked_sink = {.holds_last = true,
                                          .open = sink_open,
                                          .before = sink_before,
                                          .hello = sink_mark,
                                          .assign = sink_mark,
                                          .mark = sink_mark,
                                          .serve = sink_serve,
                                          .reported = sink_reported,
                                          .end = sink_end,
                                          .close = guarantee_abandon,
                                          .release = sink_release};
