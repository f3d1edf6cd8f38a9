// SPDX-License-Identifier: BSD-2-Clause
#include "stream/mark.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

static const char prefix[] = "{\"@mark\"";
static const char *const kind_names[] = {
    [MARK_HELLO] = "hello", [MARK_PROGRESS] = "mark", [MARK_END] = "end"};

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
};

void mark_clear(struct mark *m)
{
    for (size_t i = 0; i < m->at_count; i++)
        free(m->at[i].topic);
    free(m->at);
    free(m->group);
    free(m->shard);
    free(m->cluster);
    *m = (struct mark)MARK_INIT;
}

void mark_release(struct mark *m)
{
    mark_clear(m);
}

void mark_copy(struct mark *to, const struct mark *from)
{
    mark_clear(to);
    *to = *from;
    to->at = NULL;
    to->at_count = 0;
    to->group = from->group == NULL ? NULL : xstrdup(from->group);
    to->shard = from->shard == NULL ? NULL : xstrdup(from->shard);
    to->cluster = from->cluster == NULL ? NULL : xstrdup(from->cluster);
    for (size_t i = 0; i < from->at_count; i++)
        mark_add_at(to, from->at[i].topic, from->at[i].partition, from->at[i].offset);
}

const char *mark_kind_name(enum mark_kind kind)
{
    return kind_names[kind];
}

static void random_bytes(unsigned char *b, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = getrandom(b + have, size - have, 0);
        if (n > 0)
            have += (size_t)n;
        else if (errno != EINTR)
            abort(); // other errors are only possible on a kernel without getrandom(2)
    }
}

void mark_new_run(char run[MARK_RUN_SIZE])
{
    unsigned char b[16];

    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(run, MARK_RUN_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void mark_new_token(char token[MARK_TOKEN_SIZE])
{
    unsigned char b[(MARK_TOKEN_SIZE - 1) / 2];

    random_bytes(b, sizeof b);
    for (size_t i = 0; i < sizeof b; i++)
        snprintf(token + 2 * i, 3, "%02x", b[i]);
}

// Appends a partition, and takes ownership of its topic.
static void add_at(struct mark *m, char *take_topic, int32_t partition, int64_t offset)
{
    // Doubles the array whenever the count is a power of two, so that no capacity has to be kept.
    if ((m->at_count & (m->at_count - 1)) == 0) {
        size_t capacity = m->at_count == 0 ? 1 : 2 * m->at_count;
        m->at = xreallocarray(m->at, capacity, sizeof *m->at);
    }
    m->at[m->at_count++] = (struct mark_at){take_topic, partition, offset};
}

void mark_add_at(struct mark *m, const char *topic, int32_t partition, int64_t offset)
{
    add_at(m, xstrdup(topic), partition, offset);
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

// Reads one ["topic",partition,offset] and appends it.
static bool read_position(struct mark *m, const struct json_value *position)
{
    struct json_value part[4], key;
    struct json_iter it;
    size_t count = 0;
    char *topic = NULL;

    if (position->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, position);
    while (count < 4 && json_iter_next(&it, &key, &part[count]))
        count++;
    if (count != 3 || part[0].type != JSON_STRING || part[1].type != JSON_INT ||
        part[2].type != JSON_INT || part[1].integer < 0 || part[1].integer > INT32_MAX ||
        part[2].integer < 0 || !read_text(&part[0], &topic))
        return false;
    add_at(m, topic, (int32_t)part[1].integer, part[2].integer);
    return true;
}

static bool read_at(struct mark *m, const struct json_value *v)
{
    struct json_value key, position;
    struct json_iter it;

    if (v->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, v);
    while (json_iter_next(&it, &key, &position)) {
        if (!read_position(m, &position))
            return false;
    }
    return true;
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

static bool read_stop(struct mark *m, const struct json_value *v)
{
    m->stop = v->type == JSON_BOOL && v->boolean;
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
    if (!read_at(m, &v[KEY_AT]))
        return wrong("at", err);
    if (!read_watermark(m, &v[KEY_WATERMARK]))
        return wrong("watermark", err);
    if (!read_committed(m, &v[KEY_COMMITTED]))
        return wrong("committed", err);
    if (!read_stop(m, &v[KEY_STOP]))
        return wrong("stop", err);
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
    put_at(b, m);
    if (m->has_watermark)
        json_put_member_i64(b, "watermark", m->watermark);
    if (m->has_committed)
        json_put_member_u64(b, "committed", m->committed);
    if (m->stop)
        json_put_member_bool(b, "stop", true);
    buf_putc(b, '}');
}

int64_t mark_offset(const struct mark *m, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < m->at_count; i++) {
        if (m->at[i].partition == partition && strcmp(m->at[i].topic, topic) == 0)
            return m->at[i].offset;
    }
    return -1;
}

static bool same(const struct mark *a, const struct mark *b, bool offsets)
{
    if (a->at_count != b->at_count)
        return false;
    for (size_t i = 0; i < a->at_count; i++) {
        const struct mark_at *x = &a->at[i], *y = &b->at[i];
        // Both marks usually list the partitions in the same order.
        int64_t offset = x->partition == y->partition && strcmp(x->topic, y->topic) == 0
                             ? y->offset
                             : mark_offset(b, x->topic, x->partition);
        if (offset < 0 || (offsets && offset != x->offset))
            return false;
    }
    return true;
}

bool mark_same_partitions(const struct mark *a, const struct mark *b)
{
    return same(a, b, false);
}

bool mark_same_position(const struct mark *a, const struct mark *b)
{
    return same(a, b, true);
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

int mark_follow(struct mark_follower *f, const struct mark *m, struct err *err)
{
    if (f->ended)
        return err_set(err, EX_DATAERR, "mark %llu: follows the last mark",
                       (unsigned long long)m->seq);
    if (!f->opened && m->kind != MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: there is no hello mark before it",
                       (unsigned long long)m->seq);
    if (f->opened && m->kind == MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: a second hello mark; two streams are mixed",
                       (unsigned long long)m->seq);
    if (f->opened && strcmp(f->run, m->run) != 0)
        return err_set(err, EX_DATAERR, "mark %llu: belongs to run %s, not %s",
                       (unsigned long long)m->seq, m->run, f->run);
    if (f->opened && f->token[0] != '\0' && strcmp(f->token, m->token) != 0)
        return err_set(err, EX_DATAERR,
                       "mark %llu: its token is not that of the hello mark; it is not a mark of "
                       "the source",
                       (unsigned long long)m->seq);
    if (f->opened && m->seq <= f->seq)
        return err_set(err, EX_DATAERR, "mark %llu: out of order, after mark %llu",
                       (unsigned long long)m->seq, (unsigned long long)f->seq);
    f->opened = true;
    f->ended = m->kind == MARK_END || m->stop;
    f->seq = m->seq;
    memcpy(f->run, m->run, sizeof f->run);
    memcpy(f->token, m->token, sizeof f->token);
    return 0;
}
