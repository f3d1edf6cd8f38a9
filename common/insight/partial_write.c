// SPDX-License-Identifier: BSD-2-Clause
#include "insight/partial_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "insight/set.h"
#include "insight/table.h"
#include "insight/window_spec.h"
#include "json/json_write.h"
#include "sketch/distinct_sample.h"
#include "sketch/hll.h"
#include "sketch/space_saving.h"

// Returns a number that only this partial is likely to have. The same records give the same number.
static uint64_t make_id(const struct plan *plan, const struct window_view *view)
{
    const struct insight_set *set = view->set;
    uint64_t id = plan_id(plan);

    for (size_t i = 0; i < plan_table_count(plan); i++) {
        const struct table *table = insight_set_table(set, plan, i);
        const uint64_t part[] = {
            id,           (uint64_t)view->start, (uint64_t)set->first, (uint64_t)set->last,
            set->records, table_keys(table),     table->map.len};
        id = hll_hash(part, sizeof part);
    }
    return id;
}

// Numbers the rows of a table of values, which are written in the order of its map. Returns NULL
// for a sketch, which has no rows.
static uint32_t *number_rows(const struct table *table)
{
    const struct map *m = &table->map;
    uint32_t count = 0;

    if (table->sketch != NULL)
        return NULL;
    uint32_t *row = xcalloc(m->len / MAP_UNIT + 1, sizeof *row);
    for (const struct map_entry *e = map_first(m); e != NULL; e = map_next(m, e))
        row[map_id(m, e)] = count++;
    return row;
}

void partial_write_init(struct partial_writer *p, const struct plan *plan,
                        const struct window_view *view)
{
    *p = (struct partial_writer){.plan = plan, .view = view, .id = make_id(plan, view)};
    p->row = xcalloc(plan->value_count, sizeof *p->row);
    for (size_t i = 0; i < plan->value_count; i++)
        p->row[i] = number_rows(insight_set_table(view->set, plan, i));
}

void partial_write_release(struct partial_writer *p)
{
    for (size_t i = 0; i < p->plan->value_count; i++)
        free(p->row[i]);
    free(p->row);
}

static void put_hash(struct buf *b, uint64_t hash)
{
    buf_printf(b, "\"%016llx\"", (unsigned long long)hash);
}

static void put_head(const struct partial_writer *p, struct buf *b)
{
    const struct window_view *view = p->view;
    char plan[PLAN_ID_SIZE];

    plan_id_text(p->plan, plan);
    buf_puts(b, "{\"partial\":\"");
    window_spec_put_key(b, view->spec, view->start);
    buf_putc(b, '"');
    if (p->cover != NULL && p->cover[0] != '\0')
        json_put_member_text(b, "cover", p->cover);
    json_put_member_text(b, "window", view->spec->text);
    if (view->spec->kind == WINDOW_TIME)
        json_put_member_time(b, "start", view->start);
    json_put_member_time(b, "first", view->set->first);
    json_put_member_time(b, "last", view->set->last);
    json_put_member_u64(b, "records", p->parts == 0 ? view->set->records : 0);
    json_put_member_text(b, "plan", plan);
    json_put_name(b, "id");
    put_hash(b, p->id);
    json_put_member_u64(b, "part", p->parts + 1);
    json_put_name(b, "tables");
    buf_putc(b, '[');
}

static void put_fields(struct buf *b, const struct plan *plan, const struct table_plan *table)
{
    json_put_name(b, "fields");
    buf_putc(b, '[');
    for (size_t i = 0; i < table->width; i++) {
        const struct json_key *name = &plan->field[plan->value[table->part[i]].field];
        json_put_comma(b);
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

// Ends an array; the bracket replaces the comma after the last element.
static void end_rows(struct buf *b)
{
    if (b->data[b->len - 1] == ',')
        b->len--;
    buf_putc(b, ']');
}

static void put_text(struct buf *b, size_t i, const struct table_text *text)
{
    buf_putc(b, i == 0 ? '[' : ',');
    json_put_string(b, text->data, text->len);
}

static bool is_full(const struct buf *b, size_t start)
{
    return b->len - start >= PARTIAL_SIZE;
}

// Appends the values of a row: the text of a value, or for a combination the numbers of the rows
// that have its texts. While a window counts, the values of an exact combination are exact too.
static void put_values(const struct partial_writer *p, struct buf *b, const struct map *map)
{
    const struct table_plan *plan = plan_table(p->plan, p->table);
    uint32_t id[TABLE_WIDTH];

    if (plan->width == 1) {
        struct table_text text =
            insight_set_part(p->view->set, p->plan, p->table, map_id(map, p->next), 0);
        put_text(b, 0, &text);
        return;
    }
    memcpy(id, map_key(map, p->next), p->next->len);
    for (size_t i = 0; i < plan->width; i++) {
        buf_putc(b, i == 0 ? '[' : ',');
        buf_put_u64(b, p->row[plan->part[i]][id[i]]);
    }
}

// Appends rows until the line is full. Returns whether the table is complete.
static bool put_rows(struct partial_writer *p, struct buf *b, size_t start)
{
    const struct map *map = &insight_set_table(p->view->set, p->plan, p->table)->map;

    json_put_name(b, "rows");
    buf_putc(b, '[');
    if (!p->begun)
        p->next = map_first(map);
    for (; p->next != NULL && !is_full(b, start); p->next = map_next(map, p->next)) {
        put_values(p, b, map);
        put_count(b, p->next->count);
    }
    end_rows(b);
    return p->next == NULL;
}

static void put_registers(struct buf *b, const struct hll *h)
{
    json_put_name(b, "registers");
    buf_putc(b, '"');
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        buf_putc(b, (char)('#' + h->rank[i])); // '#' to 'V': none of these needs an escape
    buf_putc(b, '"');
}

static bool put_highest(struct partial_writer *p, struct buf *b, size_t start,
                        const struct space_saving *s, size_t width)
{
    if (p->highest == s->used)
        return true;
    json_put_name(b, "heavy");
    buf_putc(b, '[');
    for (; p->highest < s->used && !is_full(b, start); p->highest++) {
        const struct space_saving_item *item = &s->item[p->highest];
        for (size_t i = 0; i < width; i++) {
            struct table_text text = table_key_part(item, width, i);
            put_text(b, i, &text);
        }
        put_count(b, item->count);
    }
    end_rows(b);
    return p->highest == s->used;
}

static bool put_sample(struct partial_writer *p, struct buf *b, size_t start,
                       const struct distinct_sample *sample)
{
    if (p->next == NULL)
        return true;
    json_put_name(b, "sample");
    buf_putc(b, '[');
    for (; p->next != NULL && !is_full(b, start); p->next = map_next(&sample->key, p->next)) {
        buf_putc(b, '[');
        put_hash(b, distinct_sample_hash(sample, p->next));
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

static bool put_sketch(struct partial_writer *p, struct buf *b, size_t start,
                       const struct table_sketch *sketch, size_t width)
{
    if (!p->begun) {
        put_registers(b, &sketch->keys);
        json_put_member_u64(b, "error", space_saving_error(&sketch->highest));
        p->highest = 0;
        p->next = map_first(&sketch->sample.key);
    }
    json_put_member_u64(b, "level", sketch->sample.level);
    return put_highest(p, b, start, &sketch->highest, width) &&
           put_sample(p, b, start, &sketch->sample);
}

// Appends as much of the current table as the line has room for. When the table is complete, the
// next one becomes the current table.
static void put_table(struct partial_writer *p, struct buf *b, size_t start)
{
    const struct table_plan *plan = plan_table(p->plan, p->table);
    const struct table_sketch *sketch = insight_set_table(p->view->set, p->plan, p->table)->sketch;

    buf_putc(b, '{');
    put_fields(b, p->plan, plan);
    bool done =
        sketch == NULL ? put_rows(p, b, start) : put_sketch(p, b, start, sketch, plan->width);
    buf_putc(b, '}');
    p->begun = !done;
    p->table += done;
}

bool partial_write_next(struct partial_writer *p, struct buf *b)
{
    size_t tables = plan_table_count(p->plan), start = b->len;

    if (p->parts > 0 && p->table == tables)
        return false;
    put_head(p, b);
    while (p->table < tables && !is_full(b, start)) {
        put_table(p, b, start);
        buf_putc(b, ',');
    }
    end_rows(b);
    p->parts++;
    if (p->table == tables)
        json_put_member_u64(b, "parts", p->parts);
    buf_putc(b, '}');
    return true;
}
