// SPDX-License-Identifier: BSD-2-Clause
//
// Writing partials; insight_merge.c reads them.
#include "insight/partial_write.h"

#include <string.h>

#include "base/datetime.h"
#include "json/json_write.h"

void insight_partial_init(struct insight_partial *p, const struct insight_plan *plan,
                          const struct insight_view *view)
{
    *p = (struct insight_partial){.plan = plan, .view = view, .first = true};
}

static void put_time(struct buf *b, const char *name, int64_t time)
{
    buf_printf(b, "\"%s\":\"", name);
    time_format(b, time);
    buf_puts(b, "\",");
}

static void put_head(const struct insight_partial *p, struct buf *b)
{
    const struct insight_view *view = p->view;

    buf_puts(b, "{\"partial\":\"");
    window_put_key(b, view->spec, view->start);
    buf_printf(b, "\",\"window\":\"%s\",", view->spec->text);
    if (view->spec->kind == WINDOW_TIME)
        put_time(b, "start", view->start);
    put_time(b, "first", view->set->first);
    put_time(b, "last", view->set->last);
    buf_printf(b, "\"records\":%llu,\"plan\":\"%016llx\",\"tables\":[",
               (unsigned long long)(p->first ? view->set->records : 0),
               (unsigned long long)insight_plan_id(p->plan));
}

static void put_fields(struct buf *b, const struct insight_plan *plan,
                       const struct insight_table_plan *table)
{
    buf_puts(b, "{\"fields\":[");
    for (size_t i = 0; i < table->width; i++) {
        const struct json_key *name = &plan->field[plan->value[table->part[i]].field];
        if (i > 0)
            buf_putc(b, ',');
        json_put_string(b, name->name, name->len);
    }
    buf_putc(b, ']');
}

static void put_count(struct buf *b, uint64_t n)
{
    buf_putc(b, ',');
    buf_put_u64(b, n);
    buf_puts(b, "],");
}

// In place of a comma behind the last row.
static void end_rows(struct buf *b)
{
    if (b->data[b->len - 1] == ',')
        b->len--;
    buf_putc(b, ']');
}

static void put_text(struct buf *b, size_t i, const struct insight_bytes *text)
{
    buf_putc(b, i == 0 ? '[' : ',');
    json_put_string(b, text->data, text->len);
}

static bool is_full(const struct buf *b, size_t start)
{
    return b->len - start >= INSIGHT_PARTIAL_SIZE;
}

// Appends rows until the line is full. Returns whether that was all.
static bool put_rows(struct insight_partial *p, struct buf *b, size_t start, size_t width)
{
    const struct insight_set *set = p->view->set;
    const struct map *map = &insight_set_table(set, p->plan, p->table)->map;

    buf_puts(b, ",\"rows\":[");
    if (!p->begun)
        p->next = map_first(map);
    for (; p->next != NULL && !is_full(b, start); p->next = map_next(map, p->next)) {
        for (size_t i = 0; i < width; i++) {
            struct insight_bytes text =
                insight_part(set, p->plan, p->table, map_id(map, p->next), i);
            put_text(b, i, &text);
        }
        put_count(b, p->next->count);
    }
    end_rows(b);
    return p->next == NULL;
}

static void put_registers(struct buf *b, const struct hll *h)
{
    buf_puts(b, ",\"registers\":\"");
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        buf_putc(b, (char)('#' + h->rank[i])); // at most 'V': none of these needs an escape
    buf_putc(b, '"');
}

static bool put_heavy(struct insight_partial *p, struct buf *b, size_t start,
                      const struct space_saving *heavy, size_t width)
{
    if (p->heavy == heavy->used)
        return true;
    buf_puts(b, ",\"heavy\":[");
    for (; p->heavy < heavy->used && !is_full(b, start); p->heavy++) {
        const struct space_saving_item *item = &heavy->item[p->heavy];
        for (size_t i = 0; i < width; i++) {
            struct insight_bytes text = insight_key_part(item, width, i);
            put_text(b, i, &text);
        }
        put_count(b, item->count);
    }
    end_rows(b);
    return p->heavy == heavy->used;
}

static bool put_sample(struct insight_partial *p, struct buf *b, size_t start,
                       const struct distinct_sample *sample)
{
    if (p->next == NULL)
        return true;
    buf_puts(b, ",\"sample\":[");
    for (; p->next != NULL && !is_full(b, start); p->next = map_next(&sample->key, p->next)) {
        buf_printf(b, "[\"%016llx\"", (unsigned long long)distinct_sample_hash(sample, p->next));
        for (uint32_t i = 0; i < sample->groupings; i++) {
            const struct map_entry *group = distinct_sample_group_of(sample, p->next, i);
            buf_putc(b, ',');
            json_put_string(b, map_key(&sample->group[i], group), group->len);
        }
        put_count(b, p->next->count);
    }
    end_rows(b);
    return p->next == NULL;
}

static bool put_sketch(struct insight_partial *p, struct buf *b, size_t start,
                       const struct insight_sketch *sketch, size_t width)
{
    if (!p->begun) {
        put_registers(b, &sketch->keys);
        insight_put_number(b, "error", space_saving_error(&sketch->heavy));
        p->heavy = 0;
        p->next = map_first(&sketch->sample.key);
    }
    insight_put_number(b, "level", sketch->sample.level);
    return put_heavy(p, b, start, &sketch->heavy, width) &&
           put_sample(p, b, start, &sketch->sample);
}

// Appends as much of the table at hand as the line has room for, and goes on to the next one when
// that was all.
static void put_table(struct insight_partial *p, struct buf *b, size_t start)
{
    const struct insight_table_plan *plan = insight_table_plan(p->plan, p->table);
    const struct insight_sketch *sketch =
        insight_set_table(p->view->set, p->plan, p->table)->sketch;

    put_fields(b, p->plan, plan);
    bool done = sketch == NULL ? put_rows(p, b, start, plan->width)
                               : put_sketch(p, b, start, sketch, plan->width);
    buf_putc(b, '}');
    p->begun = !done;
    p->table += done;
}

bool insight_partial_next(struct insight_partial *p, struct buf *b)
{
    size_t tables = insight_table_count(p->plan), start = b->len;

    if (!p->first && p->table == tables)
        return false;
    put_head(p, b);
    while (p->table < tables && !is_full(b, start)) {
        put_table(p, b, start);
        buf_putc(b, ',');
    }
    end_rows(b);
    buf_putc(b, '}');
    p->first = false;
    return true;
}
