// SPDX-License-Identifier: BSD-2-Clause
#include "view/model.h"

#include <string.h>

#include "base/bytes.h"
#include "view/insight_read.h"

enum { INSIGHT, REJECT, MARK, WATERMARK, STOP, MEMBERS };

static const struct json_key members[MEMBERS] = {JSON_KEY("insight"), JSON_KEY("reject"),
                                                 JSON_KEY("@mark"), JSON_KEY("watermark"),
                                                 JSON_KEY("stop")};

int model_init(struct model *m, const struct series_limits *limits, struct err *err)
{
    *m = (struct model){.rejects = REJECT_TABLE_INIT, .limits = *limits};
    if (map_secret_init(&m->secret, err) != 0)
        return -1;
    m->json = json_new();
    return 0;
}

void model_release(struct model *m)
{
    for (size_t i = 0; i < m->series_count; i++)
        series_release(&m->series[i]);
    reject_table_release(&m->rejects);
    if (m->json != NULL)
        json_free(m->json);
    *m = (struct model){.rejects = REJECT_TABLE_INIT};
}

// Returns the series of an insight, which is added if it is new; or NULL if there are too many.
static struct series *find_series(struct model *m, const struct insight_line *in)
{
    for (size_t i = 0; i < m->series_count; i++) {
        if (m->series[i].kind == in->window &&
            bytes_are(in->series.data, in->series.len, m->series[i].name))
            return &m->series[i];
    }
    if (m->series_count == MODEL_SERIES_MAX)
        return NULL;
    series_init(&m->series[m->series_count], in);
    return &m->series[m->series_count++];
}

// Takes the insight that the parser holds, and returns where it counts.
static uint64_t *take_insight(struct model *m)
{
    struct insight_line in;
    int status = insight_read(&in, m->json);

    if (status != 0)
        return status > 0 ? &m->ignored : &m->malformed;
    struct series *s = find_series(m, &in);
    return s != NULL && series_take(s, &in, &m->limits) ? &m->insights : &m->ignored;
}

static uint64_t *take_mark(struct model *m, const struct json_value *member)
{
    const struct json_value *kind = &member[MARK], *watermark = &member[WATERMARK];

    if (kind->type != JSON_STRING)
        return &m->malformed;
    if (watermark->type == JSON_INT) {
        m->has_watermark = true;
        m->watermark = watermark->integer;
    }
    m->ended = bytes_are(kind->string.data, kind->string.len, "end") ||
               (member[STOP].type == JSON_BOOL && member[STOP].boolean);
    return &m->marks;
}

static uint64_t *take(struct model *m, const struct line *line)
{
    struct json_value member[MEMBERS];

    if (line->full_len > line->len || json_parse(m->json, line->data, line->len) != 0)
        return &m->malformed;
    json_fields(m->json, members, MEMBERS, member);
    if (member[INSIGHT].type != JSON_ABSENT)
        return take_insight(m);
    if (member[REJECT].type != JSON_ABSENT)
        return reject_table_take(&m->rejects, m->json) == 0 ? &m->rejected : &m->malformed;
    if (member[MARK].type != JSON_ABSENT)
        return take_mark(m, member);
    return &m->others;
}

void model_take(struct model *m, const struct line *line)
{
    ++*take(m, line);
    m->lines++;
}

// Returns whether a series says more about the course of time than another one.
static bool is_better(const struct series *a, const struct series *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->length != b->length ? a->length < b->length : a->step < b->step;
}

struct series *model_series(struct model *m, const char *name)
{
    struct series *best = NULL;

    for (size_t i = 0; i < m->series_count; i++) {
        struct series *s = &m->series[i];
        if (name != NULL ? strcmp(s->name, name) == 0 : best == NULL || is_better(s, best))
            best = s;
    }
    return best;
}
