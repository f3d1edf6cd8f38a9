// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/mark_source.h"

#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "json/event_time.h"
#include "stream/origin.h"

#define HEARTBEAT (5 * MS_SECOND) // between marks that say nothing new
#define FILL_BYTES (256 * 1024)   // bytes of records that allow an early mark
#define FILL_BURST 16             // early marks in a row; one more is allowed each interval

static int set_time_unit(void *options, const char *arg, struct err *err)
{
    return time_unit_parse(arg, &((struct mark_source_options *)options)->time_unit, err);
}

const struct opt mark_source_opts[] = {
    OPT_STRING("time-field", 0, "NAME", struct mark_source_options, time_field,
               "a record's time (default timestamp)"),
    OPT_CALL("time-unit", 0, "s|ms|us|ns|auto", set_time_unit,
             "of a time that is a number (default auto)"),
    OPT_DURATION("ahead", 0, "DUR", struct mark_source_options, ahead,
                 "ignore times that are further ahead (default 10m)"),
    OPT_DURATION("idle", 0, "DUR", struct mark_source_options, idle,
                 "leave out partitions at their end for so long (default 10s)"),
};
const size_t mark_source_opt_count = sizeof mark_source_opts / sizeof *mark_source_opts;

bool mark_source_is_fixed(const struct mark_source *m)
{
    return m->consumer->share != NULL && m->consumer->offsets.group != NULL;
}

void mark_source_open(struct mark_source *m, struct consumer *consumer,
                      const struct mark_source_options *options, bool shared)
{
    *m = (struct mark_source){.consumer = consumer, .options = options, .shared = shared};
    m->key[MARK_SOURCE_TIME] = (struct json_key){options->time_field, strlen(options->time_field)};
    m->key[MARK_SOURCE_RESERVED] = (struct json_key)JSON_KEY("@mark");
    m->kafka_time = strcmp(options->time_field, ORIGIN_TIME_FIELD) == 0;
    m->time_is_path = strchr(options->time_field, '.') != NULL;
    m->latest = PARTITION_NO_TIME;
    idle_init(&m->idle, options->idle);
    mark_new_run(m->last.run);
    mark_new_token(m->last.token);
    m->fills = FILL_BURST;
    m->refill_due = time_monotonic() + options->interval;
    if (mark_source_is_fixed(m)) { // otherwise this run does not continue an earlier one
        m->last.seq = consumer->offsets.seq;
        m->last.committed = consumer->offsets.seq;
        m->last.has_committed = true;
    }
}

void mark_source_release(struct mark_source *m)
{
    mark_release(&m->last);
}

const char *mark_source_run(const struct mark_source *m)
{
    return m->last.run;
}

const struct mark *mark_source_last(const struct mark_source *m)
{
    return &m->last;
}

// Returns `from` plus the time that a record may be ahead of it.
static int64_t ahead_of(const struct mark_source *m, int64_t from)
{
    int64_t latest;

    return __builtin_add_overflow(from, m->options->ahead, &latest) ? INT64_MAX : latest;
}

static bool is_believed(struct mark_source *m, int64_t ms)
{
    int64_t stamp = consumer_timestamp(m->consumer);

    if (stamp > 0 && ms > ahead_of(m, stamp))
        return false;
    if (ms > m->latest)
        m->latest = ahead_of(m, time_now());
    return ms <= m->latest;
}

static void warn_ahead(struct mark_source *m, const struct partition *p)
{
    uint64_t records = log_limit_add(&m->ahead);

    if (records > 0)
        log_warn(
            "%s [%d]: offset %lld%s: the time is too far ahead (--ahead), so the watermark does "
            "not follow it; is a producer's clock wrong?",
            p->topic, (int)p->id, (long long)p->next - 1,
            records > 1 ? " and others in the last minute" : "");
}

// Finds the fields in one walk over the record.
static void look(struct mark_source *m, const struct json *record)
{
    struct json_value *time = &m->field[MARK_SOURCE_TIME];

    for (size_t i = 0; i < MARK_SOURCE_KEYS; i++)
        m->field[i].type = JSON_ABSENT;
    if (record == NULL || json_type(record) != JSON_OBJECT)
        return;
    json_fields(record, m->key, MARK_SOURCE_KEYS, m->field);
    if (time->type == JSON_ABSENT && m->time_is_path)
        json_path(record, &m->key[MARK_SOURCE_TIME], time);
}

bool mark_source_accepts(struct mark_source *m, const struct json *record)
{
    look(m, record);
    m->looked = true;
    return m->field[MARK_SOURCE_RESERVED].type == JSON_ABSENT;
}

void mark_source_saw(struct mark_source *m, struct partition *p, const struct json *record)
{
    int64_t ms;

    if (!m->looked) // nothing was written of the record
        look(m, record);
    m->looked = false;
    if (m->kafka_time)
        ms = consumer_timestamp(m->consumer);
    else if (!event_time(&m->field[MARK_SOURCE_TIME], m->options->time_unit, &ms))
        return;
    if (ms <= p->newest)
        return;
    if (is_believed(m, ms))
        p->newest = ms;
    else
        warn_ahead(m, p);
}

// Finds how far all partitions have been read. Returns false when that is unknown.
static bool find_watermark(const struct mark_source *m, int64_t *watermark)
{
    const struct partition_set *set = &m->consumer->partitions;
    bool known = partitions_watermark(set, watermark);

    if (!m->options->live || !partitions_are_quiet(set) || m->idle.clock == PARTITION_NO_TIME)
        return known;
    int64_t clock = m->idle.clock - m->options->idle;
    if (!known || clock > *watermark)
        *watermark = clock;
    return true;
}

// Returns the time up to which a partition has been read. If it is quiet, that is the clock's, or
// it does not matter any more.
static int64_t newest_of(const struct mark_source *m, const struct partition *p)
{
    const int64_t clock = m->idle.clock - m->options->idle;

    if (partition_is_quiet(p) && !m->options->live)
        return MARK_NO_MORE;
    if (!partition_is_quiet(p) || m->idle.clock == PARTITION_NO_TIME || p->newest > clock)
        return p->newest;
    return clock;
}

static void put_position(const struct mark_source *m, struct mark *next)
{
    const struct partition_set *set = &m->consumer->partitions;

    for (size_t i = 0; i < set->count; i++) {
        const struct partition *p = set->item[i];
        if (p->assigned)
            mark_add_at(next, p->topic, p->id, p->next)->newest = newest_of(m, p);
    }
}

// Fills in the next mark.
static void describe(const struct mark_source *m, enum mark_kind kind, struct mark *next)
{
    const struct consumer *c = m->consumer;
    int64_t watermark;

    next->kind = kind;
    memcpy(next->run, m->last.run, sizeof next->run);
    memcpy(next->token, m->last.token, sizeof next->token);
    next->seq = m->last.seq + (kind != MARK_HELLO);
    if (kind == MARK_HELLO) {
        memcpy(next->from, c->offsets.from, sizeof next->from);
        next->group = c->offsets.group == NULL ? NULL : xstrdup(c->offsets.group);
        next->shard = c->share == NULL ? NULL : xstrdup(c->share);
        next->cluster = client_cluster(&c->client);
        next->interval = (uint64_t)m->options->interval;
        next->librdkafka = m->shared ? xstrdup(rd_kafka_version_str()) : NULL;
    }
    if (kind == MARK_ASSIGN)
        next->member = c->shared.member == NULL ? NULL : xstrdup(c->shared.member);
    if (kind == MARK_HELLO || kind == MARK_ASSIGN)
        topic_counts_copy(&next->topics, &c->topics);
    put_position(m, next);
    next->has_watermark = m->last.has_watermark;
    next->watermark = m->last.watermark;
    // The watermark never goes back, even if an idle partition gets older records.
    if (find_watermark(m, &watermark) && (!next->has_watermark || watermark > next->watermark)) {
        next->has_watermark = true;
        next->watermark = watermark;
    }
    next->has_committed = m->last.has_committed;
    next->committed = m->last.committed;
}

// Makes *next the last mark.
static const struct mark *keep(struct mark_source *m, const struct mark *next)
{
    mark_release(&m->last);
    m->last = *next;
    m->made = time_monotonic();
    m->due = m->made + m->options->interval;
    m->written = 0;
    return &m->last;
}

static const struct mark *make(struct mark_source *m, enum mark_kind kind, bool stop, bool now)
{
    struct mark next = MARK_INIT;

    describe(m, kind, &next);
    next.stop = stop;
    next.now = now;
    return keep(m, &next);
}

const struct mark *mark_source_make(struct mark_source *m, enum mark_kind kind)
{
    return make(m, kind, false, false);
}

const struct mark *mark_source_make_now(struct mark_source *m)
{
    return make(m, MARK_PROGRESS, false, true);
}

const struct mark *mark_source_make_last(struct mark_source *m, bool ended)
{
    return make(m, ended ? MARK_END : MARK_PROGRESS, !ended, false);
}

void mark_source_wrote(struct mark_source *m, size_t bytes)
{
    m->written += bytes;
}

// Returns whether an early mark is due: whether enough bytes were written, and an early mark is
// still allowed. If so, takes it from the number of allowed ones (a token bucket).
static bool use_fill(struct mark_source *m, int64_t now)
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

    if (now < m->due && !use_fill(m, now))
        return NULL;
    idle_check(&m->idle, &m->consumer->client, &m->consumer->partitions);
    describe(m, MARK_PROGRESS, &next);
    if (now >= m->made + HEARTBEAT || next.watermark != m->last.watermark ||
        !mark_same_position(&next, &m->last))
        return keep(m, &next);
    mark_release(&next);
    m->due = now + m->options->interval;
    return NULL;
}

void mark_source_committed(struct mark_source *m, uint64_t seq)
{
    if (m->last.has_committed && seq <= m->last.committed)
        return;
    m->last.has_committed = true;
    m->last.committed = seq;
}
