// SPDX-License-Identifier: BSD-2-Clause
#include "insight/snapshot_codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "insight/partial_join.h"
#include "insight/set.h"
#include "insight/table.h"
#include "sketch/distinct_sample.h"
#include "sketch/hll.h"
#include "sketch/map.h"
#include "sketch/space_saving.h"
#include "sketch/topk.h"

static void save_map(const struct map *m, struct snapshot_writer *out)
{
    snapshot_put_u64(out, m->words);
    snapshot_put_u64(out, m->used);
    snapshot_put_bytes(out, m->slot, m->slots * sizeof *m->slot);
    snapshot_put_bytes(out, m->data, m->len);
}

static void load_map(struct map *m, struct snapshot_reader *in)
{
    size_t slot_bytes, len;

    map_init(m, (uint32_t)snapshot_get_u64(in));
    m->used = (size_t)snapshot_get_u64(in);
    const char *slot = snapshot_get_bytes(in, &slot_bytes);
    const char *data = snapshot_get_bytes(in, &len);
    if (len == 0)
        return;
    m->slots = slot_bytes / sizeof *m->slot;
    m->slot = xmalloc(slot_bytes);
    memcpy(m->slot, slot, slot_bytes);
    m->len = m->size = len;
    m->data = xmalloc(len);
    memcpy(m->data, data, len);
}

static void save_topk(const struct topk *t, struct snapshot_writer *out)
{
    snapshot_put_u64(out, t->threshold);
    snapshot_put_u64(out, t->bounded);
    snapshot_put_u64(out, t->bound);
    snapshot_put_u64(out, t->used);
    for (size_t i = 0; i < t->used; i++) {
        snapshot_put_u64(out, t->item[i].count);
        snapshot_put_u64(out, t->item[i].id);
    }
}

// The limit stays that of the plan.
static void load_topk(struct topk *t, struct snapshot_reader *in)
{
    t->threshold = snapshot_get_u64(in);
    t->bounded = snapshot_get_u64(in) != 0;
    t->bound = (uint32_t)snapshot_get_u64(in);
    t->used = t->size = snapshot_get_count(in, 2 * sizeof(uint64_t));
    t->item = t->used == 0 ? NULL : xcalloc(t->used, sizeof *t->item);
    for (size_t i = 0; i < t->used; i++) {
        t->item[i].count = snapshot_get_u64(in);
        t->item[i].id = (uint32_t)snapshot_get_u64(in);
    }
}

static void save_space_saving(const struct space_saving *s, struct snapshot_writer *out)
{
    snapshot_put_u64(out, s->missed);
    snapshot_put_u64(out, s->used);
    for (size_t i = 0; i < s->used; i++) {
        const struct space_saving_item *item = &s->item[i];
        snapshot_put_u64(out, item->count);
        snapshot_put_u64(out, item->hash);
        snapshot_put_u64(out, item->place);
        snapshot_put_bytes(out, item->key, item->len);
    }
}

static void load_space_saving(struct space_saving *s, struct snapshot_reader *in)
{
    s->missed = snapshot_get_u64(in);
    size_t count = snapshot_get_count(in, 4 * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        uint64_t n = snapshot_get_u64(in), hash = snapshot_get_u64(in),
                 place = snapshot_get_u64(in);
        const char *key = snapshot_get_bytes(in, &len);
        space_saving_restore(s, key, len, hash, n, (uint32_t)place);
    }
}

static void save_sketch(const struct table_sketch *s, struct snapshot_writer *out)
{
    snapshot_put(out, s->keys.rank, HLL_REGISTERS);
    save_space_saving(&s->highest, out);
    snapshot_put_u64(out, s->sample.level);
    snapshot_put_u64(out, s->sample.repeated);
    save_map(&s->sample.key, out);
    for (uint32_t i = 0; i < s->sample.groupings; i++)
        save_map(&s->sample.group[i], out);
}

static void load_sketch(struct table_sketch *s, struct snapshot_reader *in)
{
    snapshot_get(in, s->keys.rank, HLL_REGISTERS);
    load_space_saving(&s->highest, in);
    s->sample.level = (uint32_t)snapshot_get_u64(in);
    s->sample.repeated = snapshot_get_u64(in);
    load_map(&s->sample.key, in);
    for (uint32_t i = 0; i < s->sample.groupings; i++)
        load_map(&s->sample.group[i], in);
}

static void save_table(const struct table *t, struct snapshot_writer *out)
{
    snapshot_put_u64(out, t->sketch != NULL);
    if (t->sketch != NULL)
        save_sketch(t->sketch, out);
    else
        save_map(&t->map, out);
}

static void load_table(struct table *t, const struct plan *plan,
                       const struct table_plan *table_plan, struct snapshot_reader *in)
{
    if (snapshot_get_u64(in) != 0) {
        table_become_sketch(t, table_plan, plan->max_keys, &plan->secret);
        load_sketch(t->sketch, in);
        return;
    }
    load_map(&t->map, in);
}

static void save_set(const struct insight_set *set, const struct plan *plan,
                     struct snapshot_writer *out)
{
    snapshot_put_u64(out, set->records);
    snapshot_put_u64(out, (uint64_t)set->first);
    snapshot_put_u64(out, (uint64_t)set->last);
    snapshot_put_u64(out, set->sketched);
    for (size_t i = 0; i < plan_table_count(plan); i++)
        save_table(insight_set_table(set, plan, i), out);
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight_accumulator *acc = &set->accumulator[i];
        snapshot_put_u64(out, acc->groups);
        snapshot_put_u64(out, acc->records);
        snapshot_put_u64(out, acc->max);
        save_topk(&acc->top, out);
    }
}

static void load_set(struct insight_set *set, const struct plan *plan, struct snapshot_reader *in)
{
    set->records = snapshot_get_u64(in);
    set->first = (int64_t)snapshot_get_u64(in);
    set->last = (int64_t)snapshot_get_u64(in);
    set->sketched = snapshot_get_u64(in) != 0;
    for (size_t i = 0; i < plan_table_count(plan); i++)
        load_table(insight_set_table(set, plan, i), plan, plan_table(plan, i), in);
    for (size_t i = 0; i < plan->insight_count; i++) {
        struct insight_accumulator *acc = &set->accumulator[i];
        acc->groups = snapshot_get_u64(in);
        acc->records = snapshot_get_u64(in);
        acc->max = snapshot_get_u64(in);
        load_topk(&acc->top, in);
    }
}

static void save_held(const struct partial_held *held, struct snapshot_writer *out)
{
    const struct partial_head *head = &held->head;

    snapshot_put_bytes(out, head->window, head->window_len);
    snapshot_put_u64(out, (uint64_t)head->start);
    snapshot_put_u64(out, (uint64_t)head->first);
    snapshot_put_u64(out, (uint64_t)head->last);
    snapshot_put_u64(out, head->id);
    snapshot_put_u64(out, head->records);
    snapshot_put_u64(out, head->parts);
    snapshot_put_u64(out, held->count);
    for (size_t i = 0; i < held->count; i++) {
        snapshot_put_u64(out, held->line[i].number);
        snapshot_put_u64(out, held->line[i].part);
        snapshot_put_bytes(out, held->line[i].text.data, held->line[i].text.len);
    }
}

static void load_held(struct partial_join *join, struct snapshot_reader *in)
{
    struct partial_head head = {.window = NULL};

    head.window = snapshot_get_bytes(in, &head.window_len);
    head.start = (int64_t)snapshot_get_u64(in);
    head.first = (int64_t)snapshot_get_u64(in);
    head.last = (int64_t)snapshot_get_u64(in);
    head.id = snapshot_get_u64(in);
    struct partial_held *held = partial_join_open(join, &head);
    held->head.records = snapshot_get_u64(in);
    held->head.parts = snapshot_get_u64(in);
    size_t count = snapshot_get_count(in, 3 * sizeof(uint64_t));
    for (size_t i = 0; i < count && !in->overrun; i++) {
        size_t len;
        uint64_t number = snapshot_get_u64(in), part = snapshot_get_u64(in);
        const char *text = snapshot_get_bytes(in, &len);
        struct partial_held_line *line = partial_held_append(held, text, len);
        line->number = number;
        line->part = part;
        line->settled = true; // by the run that has written the snapshot
    }
}

// The partials of which lines are still missing.
static void save_join(const struct partial_join *join, struct snapshot_writer *out)
{
    snapshot_put_u64(out, join->count);
    for (size_t i = 0; i < join->count; i++)
        save_held(&join->held[i], out);
}

static void load_join(struct partial_join *join, struct snapshot_reader *in)
{
    size_t count = snapshot_get_count(in, 8 * sizeof(uint64_t));

    for (size_t i = 0; i < count && !in->overrun; i++)
        load_held(join, in);
}

void snapshot_codec_save(struct windows *w, struct snapshot_writer *out)
{
    batch_settle(&w->batch);
    snapshot_put(out, w->plan->secret.bytes, sizeof w->plan->secret.bytes);
    snapshot_put_u64(out, (uint64_t)w->watermark);
    for (size_t i = 0; i < w->count; i++) {
        const struct window_series *s = &w->series[i];
        snapshot_put_u64(out, (uint64_t)s->number);
        snapshot_put_u64(out, s->late);
        snapshot_put_u64(out, s->count);
        for (size_t j = 0; j < s->count; j++) {
            const struct window *window = s->window[j];
            snapshot_put_u64(out, (uint64_t)window->start);
            snapshot_put_u64(out, window->full);
            snapshot_put_u64(out, window->closed);
            snapshot_put_u64(out, window->changed);
            save_set(&window->set, w->plan, out);
        }
    }
    save_join(&w->join, out);
}

static void load_window(struct windows *w, struct window_series *s, struct snapshot_reader *in)
{
    struct window *window = windows_open(w, s, (int64_t)snapshot_get_u64(in));

    window->full = snapshot_get_u64(in) != 0;
    window->closed = snapshot_get_u64(in) != 0;
    window->changed = snapshot_get_u64(in) != 0;
    load_set(&window->set, w->plan, in);
}

void snapshot_codec_load(struct windows *w, struct plan *plan, struct snapshot_reader *in)
{
    snapshot_get(in, plan->secret.bytes, sizeof plan->secret.bytes);
    w->watermark = (int64_t)snapshot_get_u64(in);
    for (size_t i = 0; i < w->count; i++) {
        struct window_series *s = &w->series[i];
        s->number = (int64_t)snapshot_get_u64(in);
        s->late = snapshot_get_u64(in);
        // A window takes at least this many bytes.
        size_t count = snapshot_get_count(in, 8 * sizeof(uint64_t));
        for (size_t j = 0; j < count && !in->overrun; j++)
            load_window(w, s, in);
    }
    load_join(&w->join, in);
    windows_sweep(w);
}
