// SPDX-License-Identifier: BSD-2-Clause
#include "insight/cover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "json/json_write.h"
#include "stream/mark_text.h"

static const char opening[] = "cover";   // as "partial"
static const char closing[] = "covered"; // as "partial"

enum {
    KEY_PARTIAL,
    KEY_COVER,
    KEY_GROUP,
    KEY_TOPICS,
    KEY_WINDOWS,
    KEY_PLAN,
    KEY_COVERS,
    KEY_LINES,
    KEY_COUNT
};
enum { RANGE_TOPIC, RANGE_PARTITION, RANGE_FROM, RANGE_TO, RANGE_NEWEST, RANGE_COUNT };

static const struct json_key keys[KEY_COUNT] = {
    [KEY_PARTIAL] = JSON_KEY("partial"), [KEY_COVER] = JSON_KEY("cover"),
    [KEY_GROUP] = JSON_KEY("group"),     [KEY_TOPICS] = JSON_KEY("topics"),
    [KEY_WINDOWS] = JSON_KEY("windows"), [KEY_PLAN] = JSON_KEY("plan"),
    [KEY_COVERS] = JSON_KEY("covers"),   [KEY_LINES] = JSON_KEY("lines"),
};

static const struct json_key range_keys[RANGE_COUNT] = {
    [RANGE_TOPIC] = JSON_KEY("topic"),   [RANGE_PARTITION] = JSON_KEY("partition"),
    [RANGE_FROM] = JSON_KEY("from"),     [RANGE_TO] = JSON_KEY("to"),
    [RANGE_NEWEST] = JSON_KEY("newest"),
};

void cover_release(struct cover *c)
{
    for (size_t i = 0; i < c->range_count; i++)
        free(c->range[i].topic);
    for (size_t i = 0; i < c->window_count; i++)
        free(c->window[i]);
    topic_counts_clear(&c->topics);
    free(c->range);
    free(c->window);
    free(c->group);
    *c = (struct cover)COVER_INIT;
}

void cover_add_range(struct cover *c, const char *topic, int32_t partition, int64_t from,
                     int64_t to, int64_t newest)
{
    c->range = xreallocarray(c->range, c->range_count + 1, sizeof *c->range);
    c->range[c->range_count++] = (struct cover_range){xstrdup(topic), partition, from, to, newest};
}

void cover_add_window(struct cover *c, const char *window)
{
    c->window = xreallocarray(c->window, c->window_count + 1, sizeof *c->window);
    c->window[c->window_count++] = xstrdup(window);
}

void cover_id(const struct cover *c, char id[COVER_ID_SIZE])
{
    snprintf(id, COVER_ID_SIZE, "%s/%llu", c->run, (unsigned long long)c->seq);
}

// --- Writing ---

static void put_head(struct buf *b, const struct cover *c, const char *what)
{
    char id[COVER_ID_SIZE];

    cover_id(c, id);
    buf_puts(b, "{\"partial\":\"");
    buf_puts(b, what);
    buf_putc(b, '"');
    json_put_member_text(b, "cover", id);
}

static void put_range(struct buf *b, const struct cover_range *range)
{
    json_put_comma(b);
    buf_putc(b, '{');
    json_put_member_text(b, "topic", range->topic);
    json_put_member_i64(b, "partition", range->partition);
    json_put_member_i64(b, "from", range->from);
    json_put_member_i64(b, "to", range->to);
    json_put_name(b, "newest");
    mark_put_newest(b, range->newest);
    buf_putc(b, '}');
}

void cover_put_opening(struct buf *b, const struct cover *c)
{
    put_head(b, c, opening);
    if (c->group != NULL)
        json_put_member_text(b, "group", c->group);
    if (c->topics.count > 0) {
        json_put_name(b, "topics");
        mark_put_topics(b, &c->topics);
    }
    json_put_name(b, "windows");
    buf_putc(b, '[');
    for (size_t i = 0; i < c->window_count; i++) {
        json_put_comma(b);
        json_put_string(b, c->window[i], strlen(c->window[i]));
    }
    buf_putc(b, ']');
    json_put_member_text(b, "plan", c->plan);
    json_put_name(b, "covers");
    buf_putc(b, '[');
    for (size_t i = 0; i < c->range_count; i++)
        put_range(b, &c->range[i]);
    buf_putc(b, ']');
    if (c->empty)
        json_put_member_u64(b, "lines", 0);
    buf_putc(b, '}');
}

void cover_put_closing(struct buf *b, const struct cover *c, uint64_t lines)
{
    put_head(b, c, closing);
    json_put_member_u64(b, "lines", lines);
    buf_putc(b, '}');
}

// --- Reading ---

static int wrong(const char *member, struct err *err)
{
    return err_set(err, EX_DATAERR, "cover: '%s' is missing or wrong", member);
}

// A name, which must not contain NUL.
static bool is_name(const struct json_value *v)
{
    return v->type == JSON_STRING && memchr(v->string.data, '\0', v->string.len) == NULL;
}

static bool read_id(struct cover *c, const struct json_value *v)
{
    size_t run = MARK_RUN_SIZE - 1;

    if (!is_name(v) || v->string.len <= run + 1 || v->string.len >= COVER_ID_SIZE ||
        v->string.data[run] != '/')
        return false;
    memcpy(c->run, v->string.data, run);
    c->run[run] = '\0';
    char *seq = xstrndup(v->string.data + run + 1, v->string.len - run - 1);
    int64_t number = -1;
    int status = number_parse_int(seq, &number);
    free(seq);
    c->seq = (uint64_t)number;
    return status == 0 && number >= 0;
}

static bool read_range(void *ctx, const struct json_value *range)
{
    struct cover *c = ctx;
    struct json_value v[RANGE_COUNT], key, value;
    struct json_iter it;
    int64_t newest;

    if (range->type != JSON_OBJECT)
        return false;
    for (size_t i = 0; i < RANGE_COUNT; i++)
        v[i].type = JSON_ABSENT;
    json_iter_init(&it, range);
    while (json_iter_next(&it, &key, &value)) {
        size_t i = json_key_find(range_keys, RANGE_COUNT, key.string.data, key.string.len);
        if (i < RANGE_COUNT)
            v[i] = value;
    }
    if (!is_name(&v[RANGE_TOPIC]) || !json_is_count(&v[RANGE_PARTITION], INT32_MAX) ||
        !json_is_count(&v[RANGE_TO], INT64_MAX) ||
        !json_is_count(&v[RANGE_FROM], v[RANGE_TO].integer) ||
        !mark_read_newest(&v[RANGE_NEWEST], &newest))
        return false;
    char *topic = xstrndup(v[RANGE_TOPIC].string.data, v[RANGE_TOPIC].string.len);
    cover_add_range(c, topic, (int32_t)v[RANGE_PARTITION].integer, v[RANGE_FROM].integer,
                    v[RANGE_TO].integer, newest);
    free(topic);
    return true;
}

static bool read_window(void *ctx, const struct json_value *window)
{
    if (!is_name(window))
        return false;
    char *text = xstrndup(window->string.data, window->string.len);
    cover_add_window(ctx, text);
    free(text);
    return true;
}

static bool read_plan(struct cover *c, const struct json_value *plan)
{
    if (!is_name(plan) || plan->string.len != sizeof c->plan - 1)
        return false;
    memcpy(c->plan, plan->string.data, plan->string.len);
    c->plan[plan->string.len] = '\0';
    return true;
}

static int read_opening(struct cover *c, const struct json_value *v, struct err *err)
{
    if (v[KEY_GROUP].type != JSON_ABSENT && !is_name(&v[KEY_GROUP]))
        return wrong("group", err);
    if (v[KEY_GROUP].type != JSON_ABSENT)
        c->group = xstrndup(v[KEY_GROUP].string.data, v[KEY_GROUP].string.len);
    if (v[KEY_TOPICS].type != JSON_ABSENT && !mark_read_topics(&v[KEY_TOPICS], &c->topics))
        return wrong("topics", err);
    if (!json_each(&v[KEY_WINDOWS], read_window, c))
        return wrong("windows", err);
    if (!read_plan(c, &v[KEY_PLAN]))
        return wrong("plan", err);
    if (!json_each(&v[KEY_COVERS], read_range, c))
        return wrong("covers", err);
    c->empty = v[KEY_LINES].type != JSON_ABSENT;
    return c->empty && !json_is_count(&v[KEY_LINES], 0) ? wrong("lines", err) : 0;
}

static int read_closing(struct cover *c, const struct json_value *v, struct err *err)
{
    if (!json_is_count(&v[KEY_LINES], INT64_MAX))
        return wrong("lines", err);
    c->lines = (uint64_t)v[KEY_LINES].integer;
    return 0;
}

int cover_read(struct cover *c, enum cover_line *what, const struct json *json, struct err *err)
{
    struct json_value v[KEY_COUNT];
    const struct json_value *partial = &v[KEY_PARTIAL];

    cover_release(c);
    *what = COVER_NONE;
    json_fields(json, keys, KEY_COUNT, v);
    if (v[KEY_COVER].type == JSON_ABSENT)
        return 0;
    if (!read_id(c, &v[KEY_COVER]))
        return wrong("cover", err);
    if (partial->type != JSON_STRING)
        return wrong("partial", err);
    if (bytes_are(partial->string.data, partial->string.len, opening))
        *what = COVER_OPENING;
    else if (bytes_are(partial->string.data, partial->string.len, closing))
        *what = COVER_CLOSING;
    else
        *what = COVER_PARTIAL;
    if (*what == COVER_OPENING)
        return read_opening(c, v, err);
    return *what == COVER_CLOSING ? read_closing(c, v, err) : 0;
}
