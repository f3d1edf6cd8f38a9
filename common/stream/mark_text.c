// SPDX-License-Identifier: BSD-2-Clause
#include "stream/mark_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

static const char prefix[] = "{\"@mark\"";
static const char *const kind_names[] = {
    [MARK_HELLO] = "hello", [MARK_ASSIGN] = "assign", [MARK_PROGRESS] = "mark", [MARK_END] = "end"};
static const char no_more[] = "end"; // in "newest"

enum {
    KEY_KIND,
    KEY_RUN,
    KEY_SEQ,
    KEY_GROUP,
    KEY_SHARD,
    KEY_CLUSTER,
    KEY_INTERVAL,
    KEY_AT,
    KEY_WATERMARK,
    KEY_COMMITTED,
    KEY_STOP,
    KEY_FROM,
    KEY_TOKEN,
    KEY_LIBRDKAFKA,
    KEY_MEMBER,
    KEY_TOPICS,
    KEY_NEWEST,
    KEY_NOW,
    KEY_COUNT
};

static const struct json_key keys[KEY_COUNT] = {
    [KEY_KIND] = JSON_KEY("@mark"),
    [KEY_RUN] = JSON_KEY("run"),
    [KEY_SEQ] = JSON_KEY("seq"),
    [KEY_GROUP] = JSON_KEY("group"),
    [KEY_SHARD] = JSON_KEY("shard"),
    [KEY_CLUSTER] = JSON_KEY("cluster"),
    [KEY_INTERVAL] = JSON_KEY("interval"),
    [KEY_AT] = JSON_KEY("at"),
    [KEY_WATERMARK] = JSON_KEY("watermark"),
    [KEY_COMMITTED] = JSON_KEY("committed"),
    [KEY_STOP] = JSON_KEY("stop"),
    [KEY_FROM] = JSON_KEY("from"),
    [KEY_TOKEN] = JSON_KEY("token"),
    [KEY_LIBRDKAFKA] = JSON_KEY("librdkafka"),
    [KEY_MEMBER] = JSON_KEY("member"),
    [KEY_TOPICS] = JSON_KEY("topics"),
    [KEY_NEWEST] = JSON_KEY("newest"),
    [KEY_NOW] = JSON_KEY("now"),
};

const char *mark_kind_name(enum mark_kind kind)
{
    return kind_names[kind];
}

bool mark_is(const char *data, size_t len)
{
    return bytes_begin(data, len, prefix);
}

static int wrong(const char *member, struct err *err)
{
    return err_set(err, EX_DATAERR, "mark: '%s' is missing or wrong", member);
}

static bool read_kind(const struct json_value *v, enum mark_kind *kind)
{
    if (v->type != JSON_STRING)
        return false;
    for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
        if (bytes_are(v->string.data, v->string.len, kind_names[i])) {
            *kind = (enum mark_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_run(const struct json_value *v, char run[MARK_RUN_SIZE])
{
    if (v->type != JSON_STRING || v->string.len != MARK_RUN_SIZE - 1)
        return false;
    for (size_t i = 0; i < v->string.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (strchr(dash ? "-" : "0123456789abcdef", v->string.data[i]) == NULL ||
            v->string.data[i] == '\0')
            return false;
    }
    memcpy(run, v->string.data, v->string.len);
    run[v->string.len] = '\0';
    return true;
}

static bool read_token(const struct json_value *v, char token[MARK_TOKEN_SIZE])
{
    if (v->type == JSON_ABSENT)
        return true;
    if (v->type != JSON_STRING || v->string.len != MARK_TOKEN_SIZE - 1 ||
        memchr(v->string.data, '\0', v->string.len) != NULL)
        return false;
    memcpy(token, v->string.data, v->string.len);
    token[v->string.len] = '\0';
    return true;
}

static bool read_count(const struct json_value *v, uint64_t *n)
{
    if (v->type != JSON_INT || v->integer < 0)
        return false;
    *n = (uint64_t)v->integer;
    return true;
}

// Copies a string, which must not contain NUL. If the member is absent, leaves *text as it is.
static bool read_text(const struct json_value *v, char **text)
{
    if (v->type == JSON_ABSENT)
        return true;
    if (v->type != JSON_STRING || memchr(v->string.data, '\0', v->string.len) != NULL)
        return false;
    *text = xstrndup(v->string.data, v->string.len);
    return true;
}

// Reads an array of `width` elements. Returns false if the value is no such array.
static bool read_tuple(const struct json_value *v, struct json_value *part, size_t width)
{
    struct json_value key, value;
    struct json_iter it;
    size_t count = 0;

    if (v->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, v);
    for (; json_iter_next(&it, &key, &value); count++) {
        if (count < width)
            part[count] = value;
    }
    return count == width;
}

// Reads one ["topic",partition,offset] and appends it.
static bool read_position(void *ctx, const struct json_value *position)
{
    struct mark *m = ctx;
    struct json_value part[3];
    char *topic = NULL;

    if (!read_tuple(position, part, 3) || part[0].type != JSON_STRING ||
        !json_is_count(&part[1], INT32_MAX) || !json_is_count(&part[2], INT64_MAX) ||
        !read_text(&part[0], &topic))
        return false;
    mark_add_at(m, topic, (int32_t)part[1].integer, part[2].integer);
    free(topic);
    return true;
}

// Reads one ["topic",partitions] and appends it.
static bool read_topic(void *ctx, const struct json_value *topic)
{
    struct topic_counts *topics = ctx;
    struct json_value part[2];
    char *name = NULL;

    if (!read_tuple(topic, part, 2) || part[0].type != JSON_STRING ||
        !json_is_count(&part[1], INT32_MAX) || !read_text(&part[0], &name))
        return false;
    topic_counts_add(topics, name, (int32_t)part[1].integer);
    free(name);
    return true;
}

bool mark_read_topics(const struct json_value *list, struct topic_counts *topics)
{
    return json_each(list, read_topic, topics);
}

bool mark_read_newest(const struct json_value *v, int64_t *newest)
{
    if (v->type == JSON_STRING && bytes_are(v->string.data, v->string.len, no_more))
        *newest = MARK_NO_MORE;
    else if (v->type == JSON_INT)
        *newest = v->integer;
    else
        *newest = MARK_NO_TIME;
    return v->type == JSON_NULL || *newest != MARK_NO_TIME;
}

// Reads the times of the positions, which were read before.
static bool read_newest(struct mark *m, const struct json_value *v)
{
    struct json_value key, time;
    struct json_iter it;
    size_t count = 0;

    if (v->type != JSON_ARRAY)
        return v->type == JSON_ABSENT;
    json_iter_init(&it, v);
    for (; json_iter_next(&it, &key, &time); count++) {
        if (count == m->at_count || !mark_read_newest(&time, &m->at[count].newest))
            return false;
    }
    return count == m->at_count;
}

static bool read_watermark(struct mark *m, const struct json_value *v)
{
    m->has_watermark = v->type == JSON_INT;
    m->watermark = m->has_watermark ? v->integer : 0;
    return m->has_watermark || v->type == JSON_ABSENT;
}

static bool read_committed(struct mark *m, const struct json_value *v)
{
    m->has_committed = v->type != JSON_ABSENT;
    return !m->has_committed || read_count(v, &m->committed);
}

static bool read_flag(const struct json_value *v, bool *flag)
{
    *flag = v->type == JSON_BOOL && v->boolean;
    return v->type == JSON_BOOL || v->type == JSON_ABSENT;
}

int mark_parse(struct mark *m, struct json *json, const char *data, size_t len, struct err *err)
{
    struct json_value v[KEY_COUNT];

    mark_clear(m);
    if (json_parse(json, data, len) != 0)
        return err_set(err, EX_DATAERR, "mark: not JSON: %s", json_error(json));
    json_fields(json, keys, KEY_COUNT, v);
    if (!read_kind(&v[KEY_KIND], &m->kind))
        return wrong("@mark", err);
    if (!read_run(&v[KEY_RUN], m->run))
        return wrong("run", err);
    if (!read_token(&v[KEY_TOKEN], m->token))
        return wrong("token", err);
    if (!read_count(&v[KEY_SEQ], &m->seq))
        return wrong("seq", err);
    if (v[KEY_FROM].type != JSON_ABSENT && !read_run(&v[KEY_FROM], m->from))
        return wrong("from", err);
    if (!read_text(&v[KEY_GROUP], &m->group))
        return wrong("group", err);
    if (!read_text(&v[KEY_SHARD], &m->shard))
        return wrong("shard", err);
    if (!read_text(&v[KEY_CLUSTER], &m->cluster))
        return wrong("cluster", err);
    if (v[KEY_INTERVAL].type != JSON_ABSENT && !read_count(&v[KEY_INTERVAL], &m->interval))
        return wrong("interval", err);
    if (!read_text(&v[KEY_LIBRDKAFKA], &m->librdkafka))
        return wrong("librdkafka", err);
    if (!read_text(&v[KEY_MEMBER], &m->member))
        return wrong("member", err);
    if (v[KEY_TOPICS].type != JSON_ABSENT && !mark_read_topics(&v[KEY_TOPICS], &m->topics))
        return wrong("topics", err);
    if (!json_each(&v[KEY_AT], read_position, m))
        return wrong("at", err);
    if (!read_newest(m, &v[KEY_NEWEST]))
        return wrong("newest", err);
    if (!read_watermark(m, &v[KEY_WATERMARK]))
        return wrong("watermark", err);
    if (!read_committed(m, &v[KEY_COMMITTED]))
        return wrong("committed", err);
    if (!read_flag(&v[KEY_STOP], &m->stop))
        return wrong("stop", err);
    if (!read_flag(&v[KEY_NOW], &m->now))
        return wrong("now", err);
    return 0;
}

static void put_at(struct buf *b, const struct mark *m)
{
    json_put_name(b, "at");
    buf_putc(b, '[');
    for (size_t i = 0; i < m->at_count; i++) {
        json_put_comma(b);
        buf_putc(b, '[');
        json_put_string(b, m->at[i].topic, strlen(m->at[i].topic));
        buf_printf(b, ",%d,%lld]", (int)m->at[i].partition, (long long)m->at[i].offset);
    }
    buf_putc(b, ']');
}

void mark_put_topics(struct buf *b, const struct topic_counts *topics)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < topics->count; i++) {
        const struct topic_count *item = &topics->item[i];
        json_put_comma(b);
        buf_putc(b, '[');
        json_put_string(b, item->topic, strlen(item->topic));
        buf_printf(b, ",%d]", (int)item->partitions);
    }
    buf_putc(b, ']');
}

void mark_put_newest(struct buf *b, int64_t newest)
{
    if (newest == MARK_NO_MORE)
        json_put_string(b, no_more, sizeof no_more - 1);
    else if (newest == MARK_NO_TIME)
        buf_puts(b, "null");
    else
        buf_printf(b, "%lld", (long long)newest);
}

static bool has_newest(const struct mark *m)
{
    for (size_t i = 0; i < m->at_count; i++) {
        if (m->at[i].newest != MARK_NO_TIME)
            return true;
    }
    return false;
}

static void put_newest(struct buf *b, const struct mark *m)
{
    json_put_name(b, "newest");
    buf_putc(b, '[');
    for (size_t i = 0; i < m->at_count; i++) {
        json_put_comma(b);
        mark_put_newest(b, m->at[i].newest);
    }
    buf_putc(b, ']');
}

void mark_format(struct buf *b, const struct mark *m)
{
    buf_putc(b, '{');
    json_put_member_text(b, "@mark", kind_names[m->kind]);
    json_put_member_text(b, "run", m->run);
    if (m->token[0] != '\0')
        json_put_member_text(b, "token", m->token);
    json_put_member_u64(b, "seq", m->seq);
    if (m->from[0] != '\0')
        json_put_member_text(b, "from", m->from);
    if (m->group != NULL)
        json_put_member_text(b, "group", m->group);
    if (m->shard != NULL)
        json_put_member_text(b, "shard", m->shard);
    if (m->cluster != NULL)
        json_put_member_text(b, "cluster", m->cluster);
    if (m->interval > 0)
        json_put_member_u64(b, "interval", m->interval);
    if (m->librdkafka != NULL)
        json_put_member_text(b, "librdkafka", m->librdkafka);
    if (m->member != NULL)
        json_put_member_text(b, "member", m->member);
    if (m->topics.count > 0) {
        json_put_name(b, "topics");
        mark_put_topics(b, &m->topics);
    }
    put_at(b, m);
    if (has_newest(m))
        put_newest(b, m);
    if (m->has_watermark)
        json_put_member_i64(b, "watermark", m->watermark);
    if (m->has_committed)
        json_put_member_u64(b, "committed", m->committed);
    if (m->stop)
        json_put_member_bool(b, "stop", true);
    if (m->now)
        json_put_member_bool(b, "now", true);
    buf_putc(b, '}');
}

void mark_put_metadata(struct buf *b, const struct mark *m)
{
    buf_putc(b, '{');
    json_put_member_u64(b, "seq", m->seq);
    json_put_member_text(b, "run", m->run);
    buf_putc(b, '}');
}

bool mark_metadata(const char *data, size_t len, uint64_t *seq, char run[MARK_RUN_SIZE])
{
    struct json *json = json_new();
    struct buf text = BUF_INIT;
    struct json_value v[KEY_COUNT];

    for (size_t i = 0; i < KEY_COUNT; i++)
        v[i].type = JSON_ABSENT;
    buf_append(&text, data, len);
    if (len > 0 && json_parse(json, text.data, text.len) == 0 && json_type(json) == JSON_OBJECT)
        json_fields(json, keys, KEY_COUNT, v);
    bool found = read_count(&v[KEY_SEQ], seq) && read_run(&v[KEY_RUN], run);
    buf_release(&text);
    json_free(json);
    return found;
}
