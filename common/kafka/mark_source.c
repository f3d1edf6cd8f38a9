// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/mark_source.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/xalloc.h"
#include "kafka/group_offsets.h"
#include "json/event_time.h"

#define HEARTBEAT (5 * MS_SECOND)   // between marks that say nothing new
#define FILL_BYTES (256 * 1024)     // written since the last mark that are worth another
#define FILL_BURST 16               // such marks at once; one more comes up each interval
#define QUERY_EVERY (5 * MS_SECOND) // how often to ask what is committed
#define QUERY_TIME 500              // ms for the answer, in which nothing is read
#define QUERY_PAUSE MS_MINUTE       // the longest between questions that are not answered
#define WAIT_SLICE 100              // ms of waiting for acknowledgements at a time
#define FUTURE MS_DAY               // a time so far ahead of the clock is not believed
#define LAST_WAIT (20 * MS_SECOND)  // for the last one, once told to stop

int mark_source_open(struct mark_source *m, struct consumer *consumer,
                     const struct mark_source_options *options, struct err *err)
{
    bool fixed = options->shard != NULL && consumer->group != NULL;

    *m = (struct mark_source){.consumer = consumer, .options = options, .acks = {.fd = -1}};
    m->time_key = (struct json_key){options->time_field, strlen(options->time_field)};
    m->time_is_path = strchr(options->time_field, '.') != NULL;
    m->latest = time_now() + FUTURE;
    mark_new_run(m->last.run);
    m->fills = FILL_BURST;
    m->refill_due = time_monotonic() + options->interval;
    m->query_pause = QUERY_EVERY;
    m->query_due = time_monotonic() + m->query_pause;
    if (fixed) { // else numbers of earlier runs mean nothing here
        m->last.seq = consumer->seq;
        m->last.committed = consumer->seq;
        m->last.has_committed = true;
    }
    return options->acks == NULL ? 0 : ack_reader_open(&m->acks, options->acks, err);
}

static void forget(struct mark_source *m, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mark_release(&m->pending[i]);
    m->pending_count -= count;
    if (m->pending_count > 0)
        memmove(m->pending, m->pending + count, m->pending_count * sizeof *m->pending);
}

void mark_source_release(struct mark_source *m)
{
    if (m->options == NULL) // it was never opened
        return;
    forget(m, m->pending_count);
    free(m->pending);
    mark_release(&m->acked);
    mark_release(&m->last);
    ack_reader_release(&m->acks);
}

void mark_source_saw(struct mark_source *m, struct partition *p, const struct json *record)
{
    struct json_value field = {.type = JSON_ABSENT};
    int64_t ms;

    if (record != NULL && json_type(record) == JSON_OBJECT) {
        json_fields(record, &m->time_key, 1, &field);
        if (field.type == JSON_ABSENT && m->time_is_path)
            json_path(record, &m->time_key, &field);
    }
    if (event_time(&field, &ms) && ms <= m->latest && ms > p->newest)
        p->newest = ms;
}

// What the next mark is to say.
static void describe(const struct mark_source *m, enum mark_kind kind, struct mark *next)
{
    const struct consumer *c = m->consumer;
    int64_t watermark;

    next->kind = kind;
    memcpy(next->run, m->last.run, sizeof next->run);
    next->seq = m->last.seq + (kind != MARK_HELLO);
    if (kind == MARK_HELLO) {
        memcpy(next->from, c->from, sizeof next->from);
        next->group = c->group == NULL ? NULL : xstrdup(c->group);
        next->shard = m->options->shard == NULL ? NULL : xstrdup(m->options->shard);
    }
    consumer_position(c, next);
    next->has_watermark = m->last.has_watermark;
    next->watermark = m->last.watermark;
    // It never goes back, though a partition that was read to its end may get older records.
    if (partitions_watermark(&c->partitions, &watermark) &&
        (!next->has_watermark || watermark > next->watermark)) {
        next->has_watermark = true;
        next->watermark = watermark;
    }
    next->has_committed = m->last.has_committed;
    next->committed = m->last.committed;
}

// Makes *take the last mark.
static const struct mark *keep(struct mark_source *m, struct mark *take)
{
    mark_release(&m->last);
    m->last = *take;
    m->made = time_monotonic();
    m->latest = time_now() + FUTURE;
    m->due = m->made + m->options->interval;
    m->written = 0;
    if (m->acks.fd >= 0 && take->kind != MARK_HELLO) {
        m->pending = xreallocarray(m->pending, m->pending_count + 1, sizeof *m->pending);
        m->pending[m->pending_count] = (struct mark)MARK_INIT;
        mark_copy(&m->pending[m->pending_count++], take);
    }
    return &m->last;
}

static const struct mark *make(struct mark_source *m, enum mark_kind kind, bool stop)
{
    struct mark next = MARK_INIT;

    describe(m, kind, &next);
    next.stop = stop;
    return keep(m, &next);
}

const struct mark *mark_source_make(struct mark_source *m, enum mark_kind kind)
{
    return make(m, kind, false);
}

const struct mark *mark_source_make_last(struct mark_source *m, bool ended)
{
    return make(m, ended ? MARK_END : MARK_PROGRESS, !ended);
}

void mark_source_wrote(struct mark_source *m, size_t bytes)
{
    m->written += bytes;
}

// Whether so much is written that it is worth a mark before its time, which is taken out of the
// bucket then.
static bool take_fill(struct mark_source *m, int64_t now)
{
    int64_t interval = m->options->interval;

    if (m->written < FILL_BYTES)
        return false;
    if (now >= m->refill_due) {
        int64_t more = (now - m->refill_due) / interval + 1;
        m->fills = more > FILL_BURST - m->fills ? FILL_BURST : m->fills + (int)more;
        m->refill_due += more * interval;
    }
    if (m->fills == 0)
        return false;
    m->fills--;
    return true;
}

const struct mark *mark_source_due(struct mark_source *m)
{
    struct mark next = MARK_INIT;
    int64_t now = time_monotonic();

    if (now < m->due && !take_fill(m, now))
        return NULL;
    describe(m, MARK_PROGRESS, &next);
    if (now >= m->made + HEARTBEAT || next.watermark != m->last.watermark ||
        !mark_same_position(&next, &m->last))
        return keep(m, &next);
    mark_release(&next);
    m->due = now + m->options->interval;
    return NULL;
}

// Takes a seq as acknowledged, with all marks before it.
static void acknowledge(struct mark_source *m, uint64_t seq)
{
    size_t count = 0;

    while (count < m->pending_count && m->pending[count].seq <= seq)
        count++;
    if (count == 0)
        return;
    mark_copy(&m->acked, &m->pending[count - 1]);
    m->has_acked = true;
    forget(m, count);
}

static int take_acks(struct mark_source *m, struct err *err)
{
    uint64_t seq;
    int found = ack_reader_newest(&m->acks, m->last.run, &seq, err);

    if (found > 0)
        acknowledge(m, seq);
    return found < 0 ? -1 : 0;
}

static void now_committed(struct mark_source *m, uint64_t seq)
{
    if (m->last.has_committed && seq <= m->last.committed)
        return;
    m->last.has_committed = true;
    m->last.committed = seq;
}

void mark_source_committed(struct mark_source *m, rd_kafka_resp_err_t code)
{
    if (!m->asking)
        return;
    m->asking = false;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        now_committed(m, m->asked);
        return;
    }
    // The next acknowledgement brings the next try.
    log_warn("group %s: commit of mark %llu: %s", m->consumer->group, (unsigned long long)m->asked,
             rd_kafka_err2str(code));
}

static void commit_acked(struct mark_source *m)
{
    bool asked;

    if (!m->has_acked || m->asking)
        return;
    m->asked = m->acked.seq;
    m->has_acked = false;
    rd_kafka_resp_err_t code = consumer_commit_mark(m->consumer, &m->acked, false, &asked);
    m->asking = asked;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        mark_source_committed(m, code);
}

// Looks what somebody else has committed. Reading waits for the answer, so a broker that gives none
// is asked less and less often.
static void watch_commits(struct mark_source *m)
{
    struct mark found = MARK_INIT;

    if (m->options->shard == NULL || m->consumer->group == NULL || time_monotonic() < m->query_due)
        return;
    rd_kafka_resp_err_t code = group_offsets(&m->consumer->kafka, &m->last, QUERY_TIME, &found);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        now_committed(m, found.seq);
        m->query_pause = QUERY_EVERY;
    } else {
        log_debug("group %s: its offsets: %s", m->consumer->group, rd_kafka_err2str(code));
        m->query_pause = m->query_pause > QUERY_PAUSE / 2 ? QUERY_PAUSE : 2 * m->query_pause;
    }
    m->query_due = time_monotonic() + m->query_pause;
    mark_release(&found);
}

int mark_source_serve(struct mark_source *m, struct err *err)
{
    if (m->acks.fd < 0) {
        watch_commits(m);
        return 0;
    }
    if (take_acks(m, err) != 0)
        return -1;
    commit_acked(m);
    return 0;
}

// Commits the newest mark that is acknowledged, waiting for the answer.
static rd_kafka_resp_err_t commit_now(struct mark_source *m)
{
    bool asked;

    if (!m->has_acked)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    m->has_acked = false;
    rd_kafka_resp_err_t code = consumer_commit_mark(m->consumer, &m->acked, true, &asked);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        now_committed(m, m->acked.seq);
    return code;
}

// Waits a moment for an acknowledgement. Returns false when nobody reads our output any more.
static bool wait_for_ack(const struct mark_source *m, int out_fd)
{
    struct pollfd fds[2] = {{.fd = m->acks.fd, .events = POLLIN}, {.fd = out_fd, .events = 0}};

    poll(fds, 2, WAIT_SLICE);
    return !(fds[1].revents & (POLLERR | POLLHUP));
}

int mark_source_settle(struct mark_source *m, int64_t wait_ms, int out_fd, bool serve,
                       struct err *err)
{
    int64_t deadline = time_monotonic() + wait_ms;
    bool stopping = signals_stopping(), reader = true;

    if (m->acks.fd < 0)
        return 0;
    while (m->pending_count > 0 && reader && time_monotonic() < deadline) {
        reader = wait_for_ack(m, out_fd);
        if (take_acks(m, err) != 0 || kafka_check(&m->consumer->kafka, err) != 0)
            return -1;
        if (serve)
            consumer_serve(m->consumer);
        if (!stopping && signals_stopping() && deadline > time_monotonic() + LAST_WAIT)
            deadline = time_monotonic() + LAST_WAIT;
    }
    rd_kafka_resp_err_t code = commit_now(m);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return err_set(err, kafka_error_status(code), "group %s: commit of mark %llu: %s",
                       m->consumer->group, (unsigned long long)m->acked.seq,
                       rd_kafka_err2str(code));
    return m->pending_count > 0;
}

void mark_source_give_up(struct mark_source *m, bool lost)
{
    struct err err;

    if (m->acks.fd < 0)
        return;
    if (!lost && take_acks(m, &err) == 0 && commit_now(m) != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("group %s: commit failed before partitions were given up", m->consumer->group);
    m->has_acked = false;
    forget(m, m->pending_count);
}
