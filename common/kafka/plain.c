// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/plain.h"

#include <stdlib.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/group_check.h"

#define TICK 100        // ms between checks for a commit that is due
#define CHECK_TIME 5000 // ms for the question before a commit that is waited for

// --- Source ---

struct plain_source {
    int64_t due; // when the next commit is due
    struct group_check check;
};

static int source_begin(struct source *s, struct err *err)
{
    struct consumer_offsets *o = &s->consumer.offsets;

    rd_kafka_resp_err_t code = consumer_offsets_commit_written(o, true);
    if (client_is_refused(code))
        return client_error(err, &o->client->needs, code, EX_TEMPFAIL, "group %s", o->group);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("group %s: cannot commit the start offsets: %s", o->group, rd_kafka_err2str(code));
    return 0;
}

static int source_open(struct source *s)
{
    struct plain_source *plain = s->own = xcalloc(1, sizeof *plain);

    plain->due = time_monotonic() + s->options->commit_interval;
    return 0;
}

// Commits what was written, after a check that the group's offsets are not gone. If they are, the
// topic was made anew, and the offsets belong to the old one.
static int source_serve(struct source *s, bool blocked)
{
    struct plain_source *plain = s->own;
    struct consumer_offsets *o = &s->consumer.offsets;
    const rd_kafka_topic_partition_list_t *found;
    struct err err;

    // A pipe that is full may hold records that nobody will read: commit once it moves again.
    if (blocked || s->options->commit_interval == 0 || time_monotonic() < plain->due ||
        !consumer_offsets_uncommitted(o))
        return 0;
    if (!group_check_answer(&plain->check, &s->consumer, &found) || found == NULL) {
        if (!group_check_busy(&plain->check))
            group_check_start(&plain->check, &s->consumer);
        return 0;
    }
    if (group_known_compare(&o->known, o->group, NULL, found, &err) != 0)
        return stream_fail_err(s->stream, &err);
    consumer_offsets_commit_written(o, false);
    plain->due = time_monotonic() + s->options->commit_interval;
    return 0;
}

// Commits what was written and waits for the answer, unless the group's offsets are gone. Sets
// *code to what the broker says. Returns 0, or -1 if nothing may be committed.
static int commit_now(struct source *s, rd_kafka_resp_err_t *code)
{
    struct consumer_offsets *o = &s->consumer.offsets;
    struct err err;

    *code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!consumer_offsets_uncommitted(o))
        return 0;
    if (consumer_offsets_check(o, NULL, CHECK_TIME, code, &err) != 0)
        return stream_fail_err(s->stream, &err);
    if (*code == RD_KAFKA_RESP_ERR_NO_ERROR)
        *code = consumer_offsets_commit_written(o, true);
    return 0;
}

static int source_revoke(struct source *s, bool blocked, bool lost)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    // While stdout is blocked, some records cannot be written. The partition's next owner reads
    // them again.
    int status = blocked ? 0 : stream_flush(s->stream);
    if (!lost && commit_now(s, &code) != 0)
        return -1;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_warn("group %s: commit failed before partitions were revoked",
                 s->consumer.offsets.group);
    return status;
}

static void source_committed(struct source *s, rd_kafka_resp_err_t code,
                             const rd_kafka_topic_partition_list_t *list)
{
    struct consumer_offsets *o = &s->consumer.offsets;

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        group_known_set(&o->known, list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET ||
        client_is_refused(code)) // which ends the client
        return;
    log_warn("group %s: commit failed: %s; trying again", o->group, rd_kafka_err2str(code));
    consumer_offsets_retry(o, list);
}

static int source_settle(struct source *s, bool ended)
{
    (void)s;
    (void)ended;
    return 0;
}

static int source_close(struct source *s)
{
    struct plain_source *plain = s->own;
    struct consumer_offsets *o = &s->consumer.offsets;
    rd_kafka_resp_err_t code;
    struct err err;

    group_check_release(&plain->check);
    if (commit_now(s, &code) != 0)
        return -1;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    client_error(&err, &o->client->needs, code, EX_TEMPFAIL, "group %s: the last commit failed",
                 o->group);
    return stream_fail_err(s->stream, &err);
}

static void source_release(struct source *s)
{
    free(s->own);
}

const struct source_guarantee plain_source = {.tick = TICK,
                                              .commits = true,
                                              .begin = source_begin,
                                              .open = source_open,
                                              .mark = guarantee_source_nothing,
                                              .serve = source_serve,
                                              .revoke = source_revoke,
                                              .committed = source_committed,
                                              .settle = source_settle,
                                              .close = source_close,
                                              .release = source_release};

// --- Sink ---

static int sink_open(struct sink *s, struct err *err)
{
    (void)s;
    (void)err;
    return 0;
}

static int sink_before(struct sink *s, const struct line *line, uint32_t *segment)
{
    (void)s;
    (void)line;
    *segment = 0;
    return 0;
}

static int sink_mark(struct sink *s, const struct mark *mark, const struct line *line)
{
    (void)s;
    (void)mark;
    (void)line;
    return 0;
}

static void sink_reported(struct sink *s, const struct delivery_report *report)
{
    delivery_count(&s->delivery, report);
}

static int sink_end(struct sink *s)
{
    return delivery_flush_all(&s->delivery);
}

static void sink_release(struct sink *s)
{
    (void)s;
}

const struct sink_guarantee plain_sink = {.holds_last = true,
                                          .open = sink_open,
                                          .before = sink_before,
                                          .hello = sink_mark,
                                          .assign = sink_mark,
                                          .mark = sink_mark,
                                          .serve = guarantee_sink_nothing,
                                          .reported = sink_reported,
                                          .end = sink_end,
                                          .close = guarantee_abandon,
                                          .release = sink_release};
