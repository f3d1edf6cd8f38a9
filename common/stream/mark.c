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
    KEY_AT,
    KEY_WATERMARK,
    KEY_COMMITTED,
    KEY_STOP,
    KEY_FROM,
    KEY_COUNT
};

static const struct json_key keys[KEY_COUNT] = {
    [KEY_KIND] = JSON_KEY("@mark"),
    [KEY_RUN] = JSON_KEY("run"),
    [KEY_SEQ] = JSON_KEY("seq"),
    [KEY_GROUP] = JSON_KEY("group"),
    [KEY_SHARD] = JSON_KEY("shard"),
    [KEY_AT] = JSON_KEY("at"),
    [KEY_WATERMARK] = JSON_KEY("watermark"),
    [KEY_COMMITTED] = JSON_KEY("committed"),
    [KEY_STOP] = JSON_KEY("stop"),
    [KEY_FROM] = JSON_KEY("from"),
};

void mark_clear(struct mark *m)
{
    for (size_t i = 0; i < m->at_count; i++)
        free(m->at[i].topic);
    free(m->at);
    free(m->group);
    free(m->shard);
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
    for (size_t i = 0; i < from->at_count; i++)
        mark_add_at(to, from->at[i].topic, from->at[i].partition, from->at[i].offset);
}

const char *mark_kind_name(enum mark_kind kind)
{
    return kind_names[kind];
}

void mark_new_run(char run[MARK_RUN_SIZE])
{
    unsigned char b[16];
    size_t have = 0;

    while (have < sizeof b) {
        ssize_t n = getrandom(b + have, sizeof b - have, 0);
        if (n > 0)
            have += (size_t)n;
        else if (errno != EINTR)
            abort(); // the kernel has none to give only where it is too old for this program
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(run, MARK_RUN_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

// Adds a partition, whose topic it takes over.
static void add_at(struct mark *m, char *take_topic, int32_t partition, int64_t offset)
{
    // Grown by doubling at powers of two, without a member for the capacity.
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

static bool take_kind(const struct json_value *v, enum mark_kind *kind)
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

static bool take_run(const struct json_value *v, char run[MARK_RUN_SIZE])
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

static bool take_count(const struct json_value *v, uint64_t *n)
{
    if (v->type != JSON_INT || v->integer < 0)
        return false;
    *n = (uint64_t)v->integer;
    return true;
}

// A text that holds no NUL, copied; absent is NULL.
static bool take_text(const struct json_value *v, char **text)
{
    if (v->type == JSON_ABSENT)
        return true;
    if (v->type != JSON_STRING || memchr(v->string.data, '\0', v->string.len) != NULL)
        return false;
    *text = xstrndup(v->string.data, v->string.len);
    return true;
}

// One ["topic",partition,offset].
static bool take_position(struct mark *m, const struct json_value *position)
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
        part[2].integer < 0 || !take_text(&part[0], &topic))
        return false;
    add_at(m, topic, (int32_t)part[1].integer, part[2].integer);
    return true;
}

static bool take_at(struct mark *m, const struct json_value *v)
{
    struct json_value key, position;
    struct json_iter it;

    if (v->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, v);
    while (json_iter_next(&it, &key, &position)) {
        if (!take_position(m, &position))
            return false;
    }
    return true;
}

static bool take_low(struct mark *m, const struct json_value *v)
{
    m->has_watermark = v->type == JSON_INT;
    m->watermark = m->has_watermark ? v->integer : 0;
    return m->has_watermark || v->type == JSON_ABSENT;
}

static bool take_stable(struct mark *m, const struct json_value *v)
{
    m->has_committed = v->type != JSON_ABSENT;
    return !m->has_committed || take_count(v, &m->committed);
}

static bool take_stop(struct mark *m, const struct json_value *v)
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
    if (!take_kind(&v[KEY_KIND], &m->kind))
        return wrong("@mark", err);
    if (!take_run(&v[KEY_RUN], m->run))
        return wrong("run", err);
    if (!take_count(&v[KEY_SEQ], &m->seq))
        return wrong("seq", err);
    if (v[KEY_FROM].type != JSON_ABSENT && !take_run(&v[KEY_FROM], m->from))
        return wrong("from", err);
    if (!take_text(&v[KEY_GROUP], &m->group))
        return wrong("group", err);
    if (!take_text(&v[KEY_SHARD], &m->shard))
        return wrong("shard", err);
    if (!take_at(m, &v[KEY_AT]))
        return wrong("at", err);
    if (!take_low(m, &v[KEY_WATERMARK]))
        return wrong("watermark", err);
    if (!take_stable(m, &v[KEY_COMMITTED]))
        return wrong("committed", err);
    if (!take_stop(m, &v[KEY_STOP]))
        return wrong("stop", err);
    return 0;
}

static void put_text(struct buf *b, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buf_printf(b, ",\"%s\":", name);
    json_put_string(b, text, strlen(text));
}

static void put_at(struct buf *b, const struct mark *m)
{
    buf_puts(b, ",\"at\":[");
    for (size_t i = 0; i < m->at_count; i++) {
        buf_puts(b, i == 0 ? "[" : ",[");
        json_put_string(b, m->at[i].topic, strlen(m->at[i].topic));
        buf_printf(b, ",%d,", (int)m->at[i].partition);
        buf_put_i64(b, m->at[i].offset);
        buf_putc(b, ']');
    }
    buf_putc(b, ']');
}

void mark_format(struct buf *b, const struct mark *m)
{
    buf_printf(b, "%s:\"%s\",\"run\":\"%s\",\"seq\":", prefix, kind_names[m->kind], m->run);
    buf_put_u64(b, m->seq);
    put_text(b, "from", m->from[0] == '\0' ? NULL : m->from);
    put_text(b, "group", m->group);
    put_text(b, "shard", m->shard);
    put_at(b, m);
    if (m->has_watermark) {
        buf_puts(b, ",\"watermark\":");
        buf_put_i64(b, m->watermark);
    }
    if (m->has_committed) {
        buf_puts(b, ",\"committed\":");
        buf_put_u64(b, m->committed);
    }
    if (m->stop)
        buf_puts(b, ",\"stop\":true");
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
        // As a rule they are in the same order.
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
    buf_puts(b, "{\"seq\":");
    buf_put_u64(b, m->seq);
    buf_printf(b, ",\"run\":\"%s\"}", m->run);
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
    bool found = take_count(&v[KEY_SEQ], seq) && take_run(&v[KEY_RUN], run);
    buf_release(&text);
    json_free(json);
    return found;
}

int mark_follow(struct mark_follower *f, const struct mark *m, struct err *err)
{
    if (f->ended)
        return err_set(err, EX_DATAERR, "mark %llu: behind the last mark",
                       (unsigned long long)m->seq);
    if (!f->opened && m->kind != MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: no hello mark has come before it",
                       (unsigned long long)m->seq);
    if (f->opened && m->kind == MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: a second hello mark: two streams are mixed",
                       (unsigned long long)m->seq);
    if (f->opened && strcmp(f->run, m->run) != 0)
        return err_set(err, EX_DATAERR, "mark %llu: of another run: %s, not %s",
                       (unsigned long long)m->seq, m->run, f->run);
    if (f->opened && m->seq <= f->seq)
        return err_set(err, EX_DATAERR, "mark %llu: it comes after mark %llu",
                       (unsigned long long)m->seq, (unsigned long long)f->seq);
    f->opened = true;
    f->ended = m->kind == MARK_END || m->stop;
    f->seq = m->seq;
    memcpy(f->run, m->run, sizeof f->run);
    return 0;
}
