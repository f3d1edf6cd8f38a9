// SPDX-License-Identifier: BSD-2-Clause
#include "insight/snapshot_codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void save_map(const struct map *m, struct state_writer *out)
{
    state_put_u64(out, m->words);
    state_put_u64(out, m->used);
    state_put_bytes(out, m->slot, m->slots * sizeof *m->slot);
    state_put_bytes(out, m->data, m->len);
}

static void load_map(struct map *m, struct state_reader *in)
{
    size_t slot_bytes, len;

    map_init(m, (uint32_t)state_get_u64(in));
    m->used = (size_t)state_get_u64(in);
    const char *slot = state_get_bytes(in, &slot_bytes);
    const char *data = state_get_bytes(in, &len);
    if (len == 0)
        return;
    m->slots = slot_bytes / sizeof *m->slot;
    m->slot = xmalloc(slot_bytes);
    memcpy(m->slot, slot, slot_bytes);
    m->len = m->size = len;
    m->data = xmalloc(len);
    memcpy(m->data, data, len);
}

static void save_top(const struct topk *t, struct state_writer *out)
{
    state_put_u64(out, t->threshold);
    state_put_u64(out, t->bounded);
    state_put_u64(out, t->bound);
    state_put_u64(out, t->used);
    for (size_t i = 0; i < t->used; i++) {
        state_put_u64(out, t->item[i].count);
        state_put_u64(out, t->item[i].id);
    }
}

// The limit is that of the plan.
static void load_top(struct topk *t, struct state_reader *in)
{
    t->threshold = state_get_u64(in);
    t->bounded = state_get_u64(in) != 0;
    t->bound = (uint32_t)state_get_u64(in);
    t->used = t->size = state_get_count(in, 2 * sizeof(uint64_t));
    t->item = t->used == 0 ? NULL : xcalloc(t->used, sizeof *t->item);
    for (size_t i = 0; i < t->used; i++) {
        t->item[i].count = state_get_u64(in);
        t->item[i].id = (uint32_t)state_get_u64(in);
    }
}

static void save_heavy(const struct space_saving *h, struct state_writer *out)
{
    state_put_u64(out, h->missed);
    state_put_u64(out, h->used);
    for (size_t i = 0; i < h->used; i++) {
        const struct space_saving_item *item = &h->item[i];
        state_put_u64(out, item->count);
        state_put_u64(out, item->hash);
        state_put_u64(out, item->place);
        state_put_bytes(out, item->key, item->len);
    }
}

static void load_heavy(struct space_saving *h, struct state_reader *in)
{
    h->missed = state_get_u64(in);
    size_t count = state_get_count(in, 4 * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        uint64_t n = state_get_u64(in), hash = state_get_u64(in), place = state_get_u64(in);
        const char *key = state_get_bytes(in, &len);
        space_saving_restore(h, key, len, hash, n, (uint32_t)place);
    }
}

static void save_sketch(const struct insight_sketch *s, struct state_writer *out)
{
    state_put(out, s->keys.rank, HLL_REGISTERS);
    save_heavy(&s->heavy, out);
    state_put_u64(out, s->sample.level);
    state_put_u64(out, s->sample.repeated);
    save_map(&s->sample.key, out);
    for (uint32_t i = 0; i < s->sample.groupings; i++)
        save_map(&s->sample.group[i], out);
}

static void load_sketch(struct insight_sketch *s, struct state_reader *in)
{
    state_get(in, s->keys.rank, HLL_REGISTERS);
    load_heavy(&s->heavy, in);
    s->sample.level = (uint32_t)state_get_u64(in);
    s->sample.repeated = state_get_u64(in);
    load_map(&s->sample.key, in);
    for (uint32_t i = 0; i < s->sample.groupings; i++)
        load_map(&s->sample.group[i], in);
}

static void save_table(const struct insight_table *t, struct state_writer *out)
{
    state_put_u64(out, t->sketch != NULL);
    if (t->sketch != NULL)
        save_sketch(t->sketch, out);
    else
        save_map(&t->map, out);
}

static void load_table(struct insight_table *t, const struct insight_plan *plan,
                       const struct insight_table_plan *table_plan, struct state_reader *in)
{
    if (state_get_u64(in) != 0) {
        insight_table_sketch(t, table_plan, plan->max_keys, &plan->secret);
        load_sketch(t->sketch, in);
        return;
    }
    load_map(&t->map, in);
}

static void save_set(const struct insight_set *set, const struct insight_plan *plan,
                     struct state_writer *out)
{
    state_put_u64(out, set->records);
    state_put_u64(out, (uint64_t)set->first);
    state_put_u64(out, (uint64_t)set->last);
    state_put_u64(out, set->sketched);
    for (size_t i = 0; i < insight_table_count(plan); i++)
        save_table(insight_set_table(set, plan, i), out);
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight_state *state = &set->state[i];
        state_put_u64(out, state->groups);
        state_put_u64(out, state->records);
        state_put_u64(out, state->max);
        save_top(&state->top, out);
    }
}

static void load_set(struct insight_set *set, const struct insight_plan *plan,
                     struct state_reader *in)
{
    set->records = state_get_u64(in);
    set->first = (int64_t)state_get_u64(in);
    set->last = (int64_t)state_get_u64(in);
    set->sketched = state_get_u64(in) != 0;
    for (size_t i = 0; i < insight_table_count(plan); i++)
        load_table(insight_set_table(set, plan, i), plan, insight_table_plan(plan, i), in);
    for (size_t i = 0; i < plan->insight_count; i++) {
        struct insight_state *state = &set->state[i];
        state->groups = state_get_u64(in);
        state->records = state_get_u64(in);
        state->max = state_get_u64(in);
        load_top(&state->top, in);
    }
}

void insight_windows_save(struct insight_windows *w, struct state_writer *out)
{
    insight_batch_settle(&w->batch);
    state_put(out, w->plan->secret.bytes, sizeof w->plan->secret.bytes);
    state_put_u64(out, (uint64_t)w->watermark);
    for (size_t i = 0; i < w->count; i++) {
        const struct insight_series *s = &w->series[i];
        state_put_u64(out, (uint64_t)s->number);
        state_put_u64(out, s->late);
        state_put_u64(out, s->count);
        for (size_t j = 0; j < s->count; j++) {
            const struct insight_window *window = s->window[j];
            state_put_u64(out, (uint64_t)window->start);
            state_put_u64(out, window->full);
            state_put_u64(out, window->closed);
            state_put_u64(out, window->changed);
            save_set(&window->set, w->plan, out);
        }
    }
}

static void load_window(struct insight_windows *w, struct insight_series *s,
                        struct state_reader *in)
{
    struct insight_window *window = insight_windows_open(w, s, (int64_t)state_get_u64(in));

    window->full = state_get_u64(in) != 0;
    window->closed = state_get_u64(in) != 0;
    window->changed = state_get_u64(in) != 0;
    load_set(&window->set, w->plan, in);
}

void insight_windows_load(struct insight_windows *w, struct insight_plan *plan,
                          struct state_reader *in)
{
    state_get(in, plan->secret.bytes, sizeof plan->secret.bytes);
    w->watermark = (int64_t)state_get_u64(in);
    for (size_t i = 0; i < w->count; i++) {
        struct insight_series *s = &w->series[i];
        s->number = (int64_t)state_get_u64(in);
        s->late = state_get_u64(in);
        // Each takes more, but no less.
        size_t count = state_get_count(in, 8 * sizeof(uint64_t));
        for (size_t j = 0; j < count && !in->short_of; j++)
            load_window(w, s, in);
    }
    insight_windows_sweep(w);
}
