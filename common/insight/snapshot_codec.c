// SPDX-License-Identifier: BSD-2-Clause
#include "insight/snapshot_codec.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "insight/coverage_codec.h"
#include "insight/partial_join.h"
#include "insight/set.h"
#include "insight/state_log.h"
#include "insight/table.h"
#include "sketch/distinct_sample.h"
#include "sketch/hll.h"
#include "sketch/map.h"
#include "sketch/space_saving.h"
#include "sketch/topk.h"

enum { FULL = 1, CLOSED = 2, CHANGED = 4 }; // flags of a window

// --- Ids that exist ---

// The ids of the entries of a map, one bit for each possible id.
struct ids {
    uint64_t *bits;
    size_t count; // of possible ids
};

static void ids_init(struct ids *ids, const struct map *m)
{
    ids->count = m->len / MAP_UNIT;
    ids->bits = xcalloc(ids->count / 64 + 1, sizeof *ids->bits);
    for (const struct map_entry *e = map_first(m); e != NULL; e = map_next(m, e))
        ids->bits[map_id(m, e) / 64] |= UINT64_C(1) << map_id(m, e) % 64;
}

static bool ids_have(const struct ids *ids, uint64_t id)
{
    return id < ids->count && (ids->bits[id / 64] >> id % 64 & 1) != 0;
}

// --- Maps ---

static void save_map(const struct map *m, struct snapshot_writer *out)
{
    snapshot_put_num(out, m->used);
    for (const struct map_entry *e = map_first(m); e != NULL; e = map_next(m, e)) {
        snapshot_put_bytes(out, map_key(m, e), e->len);
        snapshot_put_num(out, e->count);
        for (uint32_t i = 0; i < m->words; i++)
            snapshot_put_num(out, e->word[i]);
    }
}

// Fills an empty map. Adding the keys in the same order gives them the same ids.
static void load_map(struct map *m, const struct map_secret *secret, struct snapshot_reader *in)
{
    size_t used = snapshot_get_count(in, 2 + m->words), len;

    for (size_t i = 0; i < used && !in->overrun; i++) {
        const char *key = snapshot_get_bytes(in, &len);
        struct map_entry *e = map_add(m, key, len, map_hash(secret, key, len));
        e->count = snapshot_get_num(in);
        for (uint32_t j = 0; j < m->words; j++)
            e->word[j] = (uint32_t)snapshot_get_num(in);
    }
    if (m->used != used) // a key occurs twice
        snapshot_refuse(in);
}

// --- Lists of the highest counts ---

static void save_topk(const struct topk *t, struct snapshot_writer *out)
{
    snapshot_put_num(out, t->threshold);
    snapshot_put_num(out, t->bounded ? 1 + (uint64_t)t->bound : 0);
    snapshot_put_num(out, t->used);
    for (size_t i = 0; i < t->used; i++) {
        snapshot_put_num(out, t->item[i].count);
        snapshot_put_num(out, t->item[i].id);
    }
}

// The limit stays that of the plan. `ids` are those of the table that the topk lists.
static void load_topk(struct topk *t, const struct ids *ids, struct snapshot_reader *in)
{
    t->threshold = snapshot_get_num(in);
    uint64_t bound = snapshot_get_num(in);
    t->used = t->size = snapshot_get_count(in, 2);
    t->item = t->used == 0 ? NULL : xcalloc(t->used, sizeof *t->item);
    for (size_t i = 0; i < t->used; i++) {
        t->item[i].count = snapshot_get_num(in);
        uint64_t id = snapshot_get_num(in);
        t->item[i].id = (uint32_t)id;
        if (!ids_have(ids, id))
            snapshot_refuse(in);
    }
    // A list without items is that of a table that has become a sketch, or was freed.
    t->bounded = bound > 0 && t->used > 0;
    t->bound = (uint32_t)(bound - 1);
    if (t->bounded && !ids_have(ids, bound - 1))
        snapshot_refuse(in);
}

// --- Sketches ---

static void save_space_saving(const struct space_saving *s, struct snapshot_writer *out)
{
    snapshot_put_num(out, s->missed);
    snapshot_put_num(out, s->used);
    for (size_t i = 0; i < s->used; i++) {
        const struct space_saving_item *item = &s->item[i];
        snapshot_put_num(out, item->count);
        snapshot_put_num(out, item->place);
        snapshot_put_bytes(out, item->key, item->len);
    }
}

// Returns whether a key of a combination consists of this many texts; see table.h.
static bool is_combined(const char *key, size_t len, size_t width)
{
    for (size_t i = 0; i < width && width > 1; i++) {
        uint32_t part;
        if (len < sizeof part)
            return false;
        memcpy(&part, key, sizeof part);
        if (part > len - sizeof part)
            return false;
        key += sizeof part + part;
        len -= sizeof part + part;
    }
    return width == 1 || len == 0;
}

static void load_space_saving(struct space_saving *s, size_t width, const struct map_secret *secret,
                              struct snapshot_reader *in)
{
    s->missed = snapshot_get_num(in);
    size_t count = snapshot_get_count(in, 3), len;

    if (count > s->limit)
        snapshot_refuse(in);
    for (size_t i = 0; i < count && !in->overrun; i++) {
        uint64_t n = snapshot_get_num(in), place = snapshot_get_num(in);
        const char *key = snapshot_get_bytes(in, &len);
        if (place >= count || !is_combined(key, len, width))
            snapshot_refuse(in);
        else
            space_saving_restore(s, key, len, table_listed_hash(secret, key, len, width), n,
                                 (uint32_t)place);
    }
    if (!in->overrun && (s->used != count || !space_saving_sound(s)))
        snapshot_refuse(in);
}

static void save_sample(const struct distinct_sample *s, struct snapshot_writer *out)
{
    snapshot_put_num(out, s->level);
    snapshot_put_num(out, s->repeated);
    save_map(&s->key, out);
    for (uint32_t i = 0; i < s->groupings; i++)
        save_map(&s->group[i], out);
}

// Refuses a sample with keys that are no hashes, or that belong to no group.
static void check_sample(const struct distinct_sample *s, struct snapshot_reader *in)
{
    struct ids ids[DISTINCT_SAMPLE_GROUPINGS];

    for (uint32_t i = 0; i < s->groupings; i++)
        ids_init(&ids[i], &s->group[i]);
    for (const struct map_entry *e = map_first(&s->key); e != NULL; e = map_next(&s->key, e)) {
        if (e->len != sizeof(uint64_t))
            snapshot_refuse(in);
        for (uint32_t i = 0; i < s->groupings; i++) {
            if (!ids_have(&ids[i], e->word[i]))
                snapshot_refuse(in);
        }
    }
    for (uint32_t i = 0; i < s->groupings; i++)
        free(ids[i].bits);
}

static void load_sample(struct distinct_sample *s, struct snapshot_reader *in)
{
    uint64_t level = snapshot_get_num(in);

    if (level > DISTINCT_SAMPLE_LEVEL_MAX)
        snapshot_refuse(in);
    s->level = (uint32_t)level;
    s->repeated = snapshot_get_num(in);
    load_map(&s->key, s->secret, in);
    for (uint32_t i = 0; i < s->groupings; i++)
        load_map(&s->group[i], s->secret, in);
    check_sample(s, in);
}

static void save_sketch(const struct table_sketch *s, struct snapshot_writer *out)
{
    snapshot_put(out, s->keys.rank, HLL_REGISTERS);
    save_space_saving(&s->highest, out);
    save_sample(&s->sample, out);
}

static void load_sketch(struct table_sketch *s, struct snapshot_reader *in)
{
    uint8_t rank[HLL_REGISTERS];

    snapshot_get(in, rank, sizeof rank);
    if (hll_merge(&s->keys, rank) != 0)
        snapshot_refuse(in);
    load_space_saving(&s->highest, s->plan->width, s->sample.secret, in);
    load_sample(&s->sample, in);
}

// --- Sets ---

static void save_table(const struct table *t, struct snapshot_writer *out)
{
    snapshot_put_num(out, t->sketch != NULL);
    if (t->sketch != NULL)
        save_sketch(t->sketch, out);
    else
        save_map(&t->map, out);
}

static void load_table(struct table *t, const struct plan *plan,
                       const struct table_plan *table_plan, struct snapshot_reader *in)
{
    if (snapshot_get_num(in) == 0) {
        load_map(&t->map, &plan->secret, in);
        return;
    }
    table_become_sketch(t, table_plan, plan->max_keys, &plan->secret);
    load_sketch(t->sketch, in);
}

// Refuses a combination with keys that are no ids of their values. A window that still counts
// cannot have an exact combination of values that are in a sketch.
static void check_combination(const struct insight_set *set, const struct plan *plan, size_t table,
                              const struct ids *ids, bool closed, struct snapshot_reader *in)
{
    const struct table_plan *combination = plan_table(plan, table);
    const struct table *t = insight_set_table(set, plan, table);
    uint32_t part[TABLE_WIDTH];

    for (size_t i = 0; i < combination->width; i++) {
        if (t->sketch == NULL && set->value[combination->part[i]].sketch != NULL && !closed)
            snapshot_refuse(in);
    }
    for (const struct map_entry *e = map_first(&t->map); e != NULL; e = map_next(&t->map, e)) {
        if (e->len != combination->width * sizeof *part) {
            snapshot_refuse(in);
            return;
        }
        memcpy(part, map_key(&t->map, e), e->len);
        for (size_t i = 0; i < combination->width; i++) {
            if (!ids_have(&ids[combination->part[i]], part[i]))
                snapshot_refuse(in);
        }
    }
}

static void save_set(const struct insight_set *set, const struct plan *plan,
                     struct snapshot_writer *out)
{
    snapshot_put_num(out, set->records);
    snapshot_put_u64(out, (uint64_t)set->first);
    snapshot_put_u64(out, (uint64_t)set->last);
    for (size_t i = 0; i < plan_table_count(plan); i++)
        save_table(insight_set_table(set, plan, i), out);
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight_accumulator *acc = &set->accumulator[i];
        snapshot_put_num(out, acc->groups);
        snapshot_put_num(out, acc->records);
        snapshot_put_num(out, acc->max);
        save_topk(&acc->top, out);
    }
}

static bool is_time(int64_t ms)
{
    return ms <= STATE_TIME_MAX && ms >= -STATE_TIME_MAX;
}

static void load_tables(struct insight_set *set, const struct plan *plan, struct ids *ids,
                        bool closed, struct snapshot_reader *in)
{
    for (size_t i = 0; i < plan_table_count(plan); i++) {
        struct table *t = insight_set_table(set, plan, i);
        load_table(t, plan, plan_table(plan, i), in);
        set->sketched |= t->sketch != NULL;
        ids_init(&ids[i], &t->map);
    }
    for (size_t i = plan->value_count; i < plan_table_count(plan); i++)
        check_combination(set, plan, i, ids, closed, in);
}

static void load_set(struct insight_set *set, const struct plan *plan, bool closed,
                     struct snapshot_reader *in)
{
    struct ids *ids = xcalloc(plan_table_count(plan), sizeof *ids);
    const struct ids none = {0};

    set->records = snapshot_get_num(in);
    set->first = (int64_t)snapshot_get_u64(in);
    set->last = (int64_t)snapshot_get_u64(in);
    bool untimed = set->first == INT64_MAX && set->last == INT64_MIN;
    if (!untimed && (!is_time(set->first) || !is_time(set->last)))
        snapshot_refuse(in);
    load_tables(set, plan, ids, closed, in);
    for (size_t i = 0; i < plan->insight_count; i++) {
        struct insight_accumulator *acc = &set->accumulator[i];
        acc->groups = snapshot_get_num(in);
        acc->records = snapshot_get_num(in);
        acc->max = snapshot_get_num(in);
        bool ranks = plan->insight[i].kind->add != NULL;
        load_topk(&acc->top, ranks ? &ids[plan_ranked_table(&plan->insight[i])] : &none, in);
    }
    for (size_t i = 0; i < plan_table_count(plan); i++)
        free(ids[i].bits);
    free(ids);
}

// --- Windows ---

static void save_window(const struct window *window, const struct plan *plan,
                        struct snapshot_writer *out)
{
    snapshot_put_u64(out, (uint64_t)window->start);
    snapshot_put_num(out, (window->full ? FULL : 0u) | (window->closed ? CLOSED : 0u) |
                              (window->changed ? CHANGED : 0u));
    save_set(&window->set, plan, out);
}

// --- Partials of which lines are still missing ---

static void save_held(const struct partial_held *held, struct snapshot_writer *out)
{
    const struct partial_head *head = &held->head;

    snapshot_put_bytes(out, head->window, head->window_len);
    snapshot_put_u64(out, (uint64_t)head->start);
    snapshot_put_u64(out, (uint64_t)head->first);
    snapshot_put_u64(out, (uint64_t)head->last);
    snapshot_put_u64(out, head->id);
    snapshot_put_num(out, head->records);
    snapshot_put_num(out, head->parts);
    snapshot_put_num(out, held->count);
    for (size_t i = 0; i < held->count; i++) {
        snapshot_put_num(out, held->line[i].number);
        snapshot_put_num(out, held->line[i].part);
        snapshot_put_bytes(out, held->line[i].text.data, held->line[i].text.len);
    }
}

static void load_held(struct windows *w, struct snapshot_reader *in)
{
    struct partial_head head = {.window = NULL};

    head.window = snapshot_get_bytes(in, &head.window_len);
    head.start = (int64_t)snapshot_get_u64(in);
    head.first = (int64_t)snapshot_get_u64(in);
    head.last = (int64_t)snapshot_get_u64(in);
    head.id = snapshot_get_u64(in);
    if (!is_time(head.start) || !is_time(head.first) || !is_time(head.last) ||
        !windows_knows(w, &head))
        snapshot_refuse(in);
    if (in->overrun)
        return;
    struct partial_held *held = partial_join_open(&w->join, &head);
    held->head.records = snapshot_get_num(in);
    held->head.parts = snapshot_get_num(in);
    size_t count = snapshot_get_count(in, 3);
    for (size_t i = 0; i < count && !in->overrun; i++) {
        size_t len;
        uint64_t number = snapshot_get_num(in), part = snapshot_get_num(in);
        const char *text = snapshot_get_bytes(in, &len);
        struct partial_held_line *line = partial_held_append(held, text, len);
        line->number = number;
        line->part = part;
        line->settled = true; // by the run that has written the snapshot
    }
}

static void save_join(const struct partial_join *join, struct snapshot_writer *out)
{
    snapshot_put_num(out, join->count);
    for (size_t i = 0; i < join->count; i++)
        save_held(&join->held[i], out);
}

static void load_join(struct windows *w, struct snapshot_reader *in)
{
    size_t count = snapshot_get_count(in, 4 * sizeof(uint64_t));

    for (size_t i = 0; i < count && !in->overrun; i++)
        load_held(w, in);
}

void snapshot_codec_save(struct windows *w, struct snapshot_writer *out)
{
    batch_settle(&w->batch);
    snapshot_put_u64(out, (uint64_t)w->watermark);
    for (size_t i = 0; i < w->count; i++) {
        const struct window_series *s = &w->series[i];
        snapshot_put_num(out, (uint64_t)s->number);
        snapshot_put_num(out, s->late);
        snapshot_put_num(out, s->count);
        for (size_t j = 0; j < s->count; j++)
            save_window(s->window[j], w->plan, out);
    }
    save_join(&w->join, out);
    coverage_codec_save(&w->coverage, out);
}

static bool is_start(const struct window_series *s, int64_t start)
{
    if (!is_time(start) || (s->count > 0 && start <= s->window[s->count - 1]->start))
        return false;
    return s->spec->kind != WINDOW_TIME || window_spec_start(s->spec, start) == start;
}

static void load_window(struct windows *w, struct window_series *s, struct snapshot_reader *in)
{
    int64_t start = (int64_t)snapshot_get_u64(in);
    uint64_t flags = snapshot_get_num(in);

    if (!is_start(s, start))
        snapshot_refuse(in);
    if (in->overrun)
        return;
    struct window *window = windows_open(w, s, start);
    window->full = (flags & FULL) != 0;
    window->closed = (flags & CLOSED) != 0;
    window->changed = (flags & CHANGED) != 0;
    load_set(&window->set, w->plan, window->closed, in);
}

void snapshot_codec_load(struct windows *w, struct snapshot_reader *in)
{
    w->watermark = (int64_t)snapshot_get_u64(in);
    for (size_t i = 0; i < w->count && !in->overrun; i++) {
        struct window_series *s = &w->series[i];
        s->number = (int64_t)snapshot_get_num(in);
        s->late = snapshot_get_num(in);
        if (!is_time(s->number))
            snapshot_refuse(in);
        // A window takes at least this many bytes.
        size_t count = snapshot_get_count(in, 3 * sizeof(uint64_t));
        for (size_t j = 0; j < count && !in->overrun; j++)
            load_window(w, s, in);
    }
    load_join(w, in);
    coverage_codec_load(&w->coverage, in);
    windows_sweep(w);
}

static uint64_t table_size(const struct table *t)
{
    const struct table_sketch *s = t->sketch;

    // The keys have the most bytes; a snapshot has no index of them.
    if (s == NULL)
        return t->map.len;
    return HLL_REGISTERS + s->highest.used * 64 + s->sample.key.len;
}

uint64_t snapshot_codec_size(const struct windows *w)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < w->count; i++) {
        for (size_t j = 0; j < w->series[i].count; j++) {
            const struct insight_set *set = &w->series[i].window[j]->set;
            for (size_t t = 0; t < plan_table_count(w->plan); t++)
                bytes += table_size(insight_set_table(set, w->plan, t));
        }
    }
    return bytes;
}
