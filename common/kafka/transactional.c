// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/transactional.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/commit_wait.h"
#include "kafka/group_check.h"
#include "kafka/group_offsets.h"
#include "kafka/membership.h"
#include "kafka/transaction.h"

#define TICK 100                    // ms between checks for a mark that is due
#define QUERY_FIRST MS_SECOND       // until the sink has committed the start of a new group
#define QUERY_EVERY (5 * MS_SECOND) // between queries for the committed offsets
#define QUERY_PAUSE MS_MINUTE       // the longest pause between queries without an answer
#define IDLE 50                     // ms without a line after a mark, until that mark is committed

// --- Source ---

// Each mark says which earlier mark is known to be committed. Since the sink commits, the source
// has to ask the group's coordinator.
struct commit_watch {
    struct group_check check;
    int64_t due;
    int64_t pause; // ms from an answer to the next question
};

// Commits the start of shared partitions. The sink commits the start of fixed partitions, because
// only the sink can rule out that another pipeline has committed meanwhile.
static int source_begin(struct source *s, struct err *err)
{
    struct consumer_offsets *o = &s->consumer.offsets;

    return o->shared ? consumer_offsets_commit_start(o, err) : 0;
}

// A sink that commits as no member is not fenced, so a fixed set must not be read beside members.
static int check_members(struct source *s)
{
    const char *group = s->consumer.offsets.group;

    if (s->consumer.offsets.shared || group == NULL ||
        !membership_exists(s->consumer.client.rk, group))
        return 0;
    return stream_fail(s->stream, EX_TEMPFAIL,
                       "group %s: has members that share its partitions (kcat-in without --shard "
                       "or -p); stop them, or use another group",
                       group);
}

static int source_open(struct source *s)
{
    struct commit_watch *watch = s->own = xcalloc(1, sizeof *watch);

    if (check_members(s) != 0)
        return -1;

    watch->pause = QUERY_EVERY;
    watch->due = time_monotonic() + QUERY_FIRST;
    mark_source_open(&s->marks, &s->consumer, &s->options->marks, s->consumer.offsets.shared);
    return stream_emit_mark(s->stream, mark_source_make(&s->marks, MARK_HELLO));
}

static int source_mark(struct source *s)
{
    const struct mark *mark = mark_source_due(&s->marks);

    return mark == NULL ? 0 : stream_emit_mark(s->stream, mark);
}

static int source_assigned(struct source *s)
{
    return stream_emit_mark(s->stream, mark_source_make(&s->marks, MARK_ASSIGN));
}

// Takes what the group has committed. Another program may be the sink and commit without naming
// marks. As long as the group has assigned a partition to this member, no other one commits for it.
static int take_committed(struct source *s, const rd_kafka_topic_partition_list_t *found)
{
    struct consumer_offsets *o = &s->consumer.offsets;
    const struct group_allowed allowed = {
        .run = mark_source_run(&s->marks), .from = o->from, .from_seq = o->seq, .unmarked = true};
    struct err err;

    if (group_known_compare(&o->known, o->group, &allowed, found, &err) != 0)
        return stream_fail_err(s->stream, &err);
    group_known_set(&o->known, found);
    mark_source_committed(&s->marks, group_offsets_newest_of(found, mark_source_run(&s->marks)));
    return 0;
}

// Asks for the committed offsets. After each question without an answer, waits longer before it
// asks again.
static int source_serve(struct source *s, bool blocked)
{
    struct commit_watch *watch = s->own;
    const rd_kafka_topic_partition_list_t *found;

    (void)blocked;
    if (s->consumer.offsets.group == NULL)
        return 0;
    if (!group_check_answer(&watch->check, &s->consumer, &found)) {
        if (time_monotonic() >= watch->due && !group_check_busy(&watch->check))
            group_check_start(&watch->check, &s->consumer);
        return 0;
    }
    if (found != NULL)
        watch->pause = QUERY_EVERY;
    else
        watch->pause = watch->pause > QUERY_PAUSE / 2 ? QUERY_PAUSE : 2 * watch->pause;
    watch->due = time_monotonic() + watch->pause;
    return found == NULL ? 0 : take_committed(s, found);
}

// Lets go of the partitions only when everything that was read from them is committed. Otherwise
// the next owner would read it again, and the sink could still commit it.
static int source_revoke(struct source *s, bool blocked, bool lost)
{
    const char *group = s->consumer.offsets.group;

    (void)blocked; // never, because it keeps the partitions then
    if (s->consumer.announced != s->consumer.shared.assignment)
        return 0; // nothing was read from them
    if (lost)
        return stream_fail(s->stream, EX_TEMPFAIL,
                           "group %s: gave this member's partitions to others, because it sent no "
                           "heartbeat in time",
                           group);
    if (stream_emit_mark(s->stream, mark_source_make_now(&s->marks)) != 0)
        return -1;
    int status = commit_wait(s, GUARANTEE_STOP_WAIT);
    if (status <= 0)
        return status;
    return stream_fail(s->stream, EX_TEMPFAIL,
                       "group %s: other members want partitions, and what was read from them is "
                       "not committed yet",
                       group);
}

static void source_committed(struct source *s, rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t *list)
{
    (void)s;
    (void)code;
    (void)list;
}

// A member that has left its group can commit nothing. So it stays until its last mark is
// committed.
static int source_settle(struct source *s, bool ended)
{
    if (stream_emit_mark(s->stream, mark_source_make_last(&s->marks, ended)) != 0)
        return -1;
    if (!s->consumer.offsets.shared)
        return 0;
    int status = commit_wait(s, ended ? GUARANTEE_END_WAIT : GUARANTEE_STOP_WAIT);
    if (status > 0 && ended)
        return stream_fail(s->stream, EX_TEMPFAIL,
                           "--marks: the end mark was not committed; without kcat-out "
                           "--exactly-once, use --shard 0/1");
    if (status > 0)
        log_warn("--marks: the last mark was not committed; the records after the last committed "
                 "mark will be read again");
    return status < 0 ? -1 : 0;
}

static int source_close(struct source *s)
{
    struct commit_watch *watch = s->own;

    group_check_release(&watch->check);
    return 0;
}

static void source_release(struct source *s)
{
    mark_source_release(&s->marks);
    free(s->own);
}

const struct source_guarantee transactional_source = {.tick = TICK,
                                                      .keeps = true,
                                                      .begin = source_begin,
                                                      .open = source_open,
                                                      .assigned = source_assigned,
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

struct transactional_sink {
    struct transaction transaction;
    char *made_id;        // the transactional id, when no option gives one
    uint64_t uncommitted; // lines delivered in the open transaction
    int64_t every;        // ms between commits
    int64_t commit_began; // when the last commit began
    // The last mark, while it is not committed and no line has followed it.
    bool has_skipped;
    struct mark skipped;
    int64_t skipped_at;
};

static int take_over(struct sink *s, const char *id, struct err *err)
{
    struct transactional_sink *t = s->own;
    struct producer *producer = &s->delivery.producer;

    if (producer_make_transactional(producer, id, err) != 0)
        return -1;
    t->transaction.client = &producer->client;
    t->transaction.options = producer->settings->config;
    return transaction_open(&t->transaction, err);
}

// If an option gives the id, takes it over at once. This aborts an older producer's open
// transaction, for which the source would otherwise have to wait.
static int sink_open(struct sink *s, struct err *err)
{
    s->own = xcalloc(1, sizeof(struct transactional_sink));
    return s->options->transactional_id == NULL ? 0
                                                : take_over(s, s->options->transactional_id, err);
}

static int sink_before(struct sink *s, const struct line *line, uint32_t *segment)
{
    struct transactional_sink *t = s->own;
    struct err err;

    (void)line;
    *segment = 0;
    t->has_skipped = false;
    if (guarantee_require_marks(s, "--exactly-once") != 0)
        return -1;
    return transaction_begin(&t->transaction, &err) == 0 ? 0 : stream_fail_err(s->stream, &err);
}

// The offsets of the source's group can be committed only on the source's cluster.
static int check_cluster(struct sink *s, const struct mark *hello)
{
    const char *cluster = s->delivery.producer.cluster;

    if (hello->cluster == NULL || cluster == NULL || strcmp(hello->cluster, cluster) == 0)
        return 0;
    return stream_fail(s->stream, EX_CONFIG,
                       "--exactly-once: input and output must be on one cluster, but kcat-in reads "
                       "from %s and this is %s; --acks works with two",
                       hello->cluster, cluster);
}

// A transaction is open from one mark to the next at least, and for almost two intervals if a
// commit is not quite due at the first mark.
static int check_interval(struct sink *s, const struct mark *hello)
{
    const int64_t timeout = s->options->transaction_timeout;

    if (hello->interval <= (uint64_t)timeout / 2)
        return 0;
    return stream_fail(s->stream, EX_USAGE,
                       "--exactly-once: the marks of kcat-in are %llu ms apart (--marks): at most "
                       "half of transaction.timeout.ms, which is %lld ms",
                       (unsigned long long)hello->interval, (long long)timeout);
}

// A member's own format may differ between versions.
static int check_librdkafka(struct sink *s, const struct mark *hello)
{
    if (hello->librdkafka == NULL)
        return stream_fail(s->stream, EX_USAGE,
                           "--exactly-once: kcat-in shares the partitions with its group, and "
                           "commits for itself (--acks); use --marks alone");
    if (strcmp(hello->librdkafka, rd_kafka_version_str()) == 0)
        return 0;
    return stream_fail(s->stream, EX_CONFIG,
                       "--exactly-once: kcat-in uses librdkafka %s, and this is %s; use the same "
                       "version, or fixed partitions (kcat-in --shard)",
                       hello->librdkafka, rd_kafka_version_str());
}

// Takes over the transactional id of fixed partitions, or of this run of a worker.
static int take_over_made(struct sink *s, const struct mark *hello)
{
    struct transactional_sink *t = s->own;
    struct err err;

    if (t->transaction.open)
        return 0;
    t->made_id = xasprintf("loginpipe.%s.%s", hello->group,
                           hello->shard == NULL ? hello->run : hello->shard);
    return take_over(s, t->made_id, &err) == 0 ? 0 : stream_fail_err(s->stream, &err);
}

static int sink_hello(struct sink *s, const struct mark *hello, const struct line *line)
{
    struct transactional_sink *t = s->own;
    struct err err;

    (void)line;
    if (check_cluster(s, hello) != 0)
        return -1;
    if (hello->group == NULL)
        return stream_fail(s->stream, EX_USAGE,
                           "--exactly-once: kcat-in reads without a group (-G)");
    if ((hello->shard == NULL && check_librdkafka(s, hello) != 0) ||
        check_interval(s, hello) != 0 || take_over_made(s, hello) != 0)
        return -1;
    t->every = s->options->commit_every < 0 ? (int64_t)hello->interval : s->options->commit_every;
    return transaction_check(&t->transaction, hello, &err) == 0 ? 0
                                                                : stream_fail_err(s->stream, &err);
}

// The source has waited until everything from its earlier partitions was committed.
static int sink_assign(struct sink *s, const struct mark *mark, const struct line *line)
{
    struct transactional_sink *t = s->own;
    struct err err;

    (void)line;
    if (t->transaction.begun || t->has_skipped)
        return stream_fail(s->stream, EX_TEMPFAIL,
                           "mark %llu: other partitions are assigned, and lines from the earlier "
                           "ones are not committed yet",
                           (unsigned long long)mark->seq);
    return transaction_assign(&t->transaction, mark, &err) == 0 ? 0
                                                                : stream_fail_err(s->stream, &err);
}

// Flushes the rejects first, since the commit covers them. There may be new ones once all lines are
// delivered or refused. client_check() fails if a line was not delivered.
static int commit(struct sink *s, const struct mark *mark)
{
    struct transactional_sink *t = s->own;
    struct err err;

    t->has_skipped = false;
    t->commit_began = time_monotonic();
    if (delivery_flush_all(&s->delivery) != 0 || stream_flush(s->stream) != 0)
        return -1;
    if (client_check(&s->delivery.producer.client, &err) != 0 ||
        transaction_commit(&t->transaction, mark, &err) != 0)
        return stream_fail_err(s->stream, &err);
    stream_deliver(s->stream, t->uncommitted, 0);
    t->uncommitted = 0;
    metrics_durations_add(&s->commits, time_monotonic() - t->commit_began);
    health_update(&s->health);
    return 0;
}

// Returns whether a commit is due by the clock. Marks do not arrive in quite even steps, so one
// that is a little early counts too. Otherwise every other mark might be skipped.
static bool is_due(const struct transactional_sink *t, int64_t now)
{
    return now >= t->commit_began + t->every - t->every / 4;
}

// Commits a mark if that is due, or if the source waits for it.
static int sink_mark(struct sink *s, const struct mark *mark, const struct line *line)
{
    struct transactional_sink *t = s->own;
    bool urgent = mark->kind == MARK_END || mark->stop || mark->now;
    // A source of shared partitions waits until the group has this very mark, even if nothing came.
    bool awaited = urgent && t->transaction.shared && mark->at_count > 0;
    int64_t now = time_monotonic();

    (void)line;
    if (!awaited && !transaction_has_work(&t->transaction, mark)) {
        health_update(&s->health);
        return 0;
    }
    if (urgent || is_due(t, now))
        return commit(s, mark);
    mark_copy(&t->skipped, mark);
    t->has_skipped = true;
    t->skipped_at = now;
    return 0;
}

// Commits a mark that was skipped, if no line has followed it for a while, or if it is due by now.
static int sink_serve(struct sink *s)
{
    struct transactional_sink *t = s->own;
    int64_t now = time_monotonic();

    if (!t->has_skipped || (now < t->skipped_at + IDLE && !is_due(t, now)))
        return 0;
    return commit(s, &t->skipped);
}

// Counts a line as delivered only when its transaction is committed. If the broker did not accept a
// line, the transaction must fail, since the next mark's offsets would cover the line. If
// librdkafka refused a line and did not send it, the transaction can continue, and the line becomes
// a reject.
static void sink_reported(struct sink *s, const struct delivery_report *report)
{
    struct transactional_sink *t = s->own;
    struct client *client = &s->delivery.producer.client;

    if (report->outcome == DELIVERY_DONE) {
        stream_deliver(s->stream, 0, report->line->len);
        t->uncommitted += !report->passed;
        return;
    }
    if (report->unsent && report->outcome == DELIVERY_REFUSED) {
        delivery_count(&s->delivery, report);
        return;
    }
    if (report->passed)
        stream_reclaim(s->stream);
    stream_lose(s->stream, 1);
    if (client->failed)
        return;
    // A fatal error can make a line fail before the error callback has been called.
    if (report->code == RD_KAFKA_RESP_ERR__FATAL)
        client_fail_fatal(client, client->rk);
    rd_kafka_resp_err_t code = transaction_cause(&t->transaction, report->code);
    // The topic's settings did not say it when the stage started.
    if (report->outcome == DELIVERY_REFUSED) {
        client_fail(client, EX_TEMPFAIL,
                    "transaction: topic %s: line %llu or another one of its batch: %s; if the "
                    "topic's settings have changed, start again, or else allow DESCRIBE_CONFIGS",
                    report->topic, (unsigned long long)report->line->number,
                    rd_kafka_err2str(code));
        return;
    }
    const struct client_needs needs =
        client_needs_topic(client, code == report->code ? report->topic : NULL);
    if (client_is_final(code))
        client_fail_error(client, &needs, code, "transaction: line %llu",
                          (unsigned long long)report->line->number);
    else
        client_fail(client, EX_TEMPFAIL, "transaction: line %llu: %s",
                    (unsigned long long)report->line->number, rd_kafka_err2str(code));
}

static int sink_end(struct sink *s)
{
    return guarantee_require_end(s) != 0 ? -1 : delivery_flush_all(&s->delivery);
}

static void sink_close(struct sink *s)
{
    struct transactional_sink *t = s->own;

    transaction_release(&t->transaction);
    delivery_abandon(&s->delivery, 0);
    stream_lose(s->stream, t->uncommitted);
    t->uncommitted = 0;
    if (stream_ledger(s->stream)->undelivered > 0)
        log_info("%llu lines were not committed and will be read again",
                 (unsigned long long)stream_ledger(s->stream)->undelivered);
}

static void sink_release(struct sink *s)
{
    struct transactional_sink *t = s->own;

    if (t == NULL)
        return;
    transaction_release(&t->transaction);
    mark_release(&t->skipped);
    free(t->made_id);
    free(t);
}

const struct sink_guarantee transactional_sink = {.open = sink_open,
                                                  .before = sink_before,
                                                  .hello = sink_hello,
                                                  .assign = sink_assign,
                                                  .mark = sink_mark,
                                                  .serve = sink_serve,
                                                  .reported = sink_reported,
                                                  .end = sink_end,
                                                  .close = sink_close,
                                                  .release = sink_release};
