// SPDX-License-Identifier: BSD-2-Clause
#include "insight/set.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "sketch/hll.h"

#define TOGETHER 32 // keys whose cache misses overlap

void insight_set_init(struct insight_set *set, const struct plan *plan)
{
    *set = (struct insight_set){.first = INT64_MAX, .last = INT64_MIN};
    set->value = xcalloc(plan->value_count, sizeof *set->value);
    set->combination = xcalloc(plan->combination_count, sizeof *set->combination);
    set->accumulator = xcalloc(plan->insight_count, sizeof *set->accumulator);
    for (size_t i = 0; i < plan_table_count(plan); i++)
        map_init(&insight_set_table(set, plan, i)->map, plan_table(plan, i)->words);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->init != NULL)
            plan->insight[i].kind->init(&plan->insight[i], set);
    }
}

void insight_set_release(struct insight_set *set, const struct plan *plan)
{
    for (size_t i = 0; i < plan_table_count(plan); i++)
        table_release(insight_set_table(set, plan, i));
    for (size_t i = 0; i < plan->insight_count; i++) {
        topk_release(&set->accumulator[i].top);
        free(set->accumulator[i].printed);
    }
    free(set->value);
    free(set->combination);
    free(set->accumulator);
}

void insight_set_extend(struct insight_set *set, uint64_t records, int64_t first, int64_t last)
{
    set->records += records;
    set->first = first < set->first ? first : set->first;
    set->last = last > set->last ? last : set->last;
}

static bool is_compared(const struct plan *plan, size_t table)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->compares && plan_table_number(in) == table)
            return true;
    }
    return false;
}

void insight_set_trim(struct insight_set *set, const struct plan *plan)
{
    for (size_t i = 0; i < plan_table_count(plan); i++) {
        if (!is_compared(plan, i))
            table_release(insight_set_table(set, plan, i));
    }
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->compares)
            continue;
        topk_release(&set->accumulator[i].top);
        free(set->accumulator[i].printed);
        set->accumulator[i].printed = NULL;
    }
}

uint32_t insight_set_part_id(const struct insight_set *set, const struct plan *plan, size_t table,
                             uint32_t id, size_t i)
{
    const struct map *map = &insight_set_table(set, plan, table)->map;

    if (table < plan->value_count)
        return id;
    return ((const uint32_t *)(const void *)map_key(map, map_at(map, id)))[i];
}

struct table_text insight_set_part(const struct insight_set *set, const struct plan *plan,
                                   size_t table, uint32_t id, size_t i)
{
    const struct map *values = &set->value[plan_table(plan, table)->part[i]].map;
    const struct map_entry *e = map_at(values, insight_set_part_id(set, plan, table, id, i));

    return (struct table_text){.data = map_key(values, e), .len = e->len};
}

// An exact table that becomes a sketch.
struct source {
    const struct insight_set *set;
    const struct plan *plan;
    size_t table;
    const struct map *map;
    size_t width;
};

// A key of an exact table. The key is read only to compare it with one that begins the same.
struct candidate {
    uint64_t count;
    uint64_t beginning; // of its first text: 8 bytes, in the order in which they compare
    uint32_t id;
};

static struct candidate make_candidate(const struct source *s, const struct map_entry *e)
{
    uint32_t id = map_id(s->map, e);
    struct table_text text = insight_set_part(s->set, s->plan, s->table, id, 0);
    unsigned char bytes[8] = {0};
    uint64_t beginning;

    memcpy(bytes, text.data, text.len < sizeof bytes ? text.len : sizeof bytes);
    memcpy(&beginning, bytes, sizeof beginning);
    return (struct candidate){e->count, be64toh(beginning), id};
}

static int compare_keys(const struct source *s, uint32_t a, uint32_t b)
{
    const size_t *part = plan_table(s->plan, s->table)->part;
    int order = 0;

    for (size_t i = 0; i < s->width && order == 0; i++)
        order = map_compare(&s->set->value[part[i]].map,
                            insight_set_part_id(s->set, s->plan, s->table, a, i),
                            insight_set_part_id(s->set, s->plan, s->table, b, i));
    return order;
}

// Orders candidates by rank: the highest count first, then the lowest key.
static int compare(const void *left, const void *right, void *source)
{
    const struct candidate *a = left, *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->beginning != b->beginning)
        return a->beginning < b->beginning ? -1 : 1;
    return compare_keys(source, a->id, b->id);
}

// Moves a candidate down in a heap whose root ranks last.
static void sink(struct candidate *heap, size_t used, size_t at, struct source *source)
{
    struct candidate moved = heap[at];

    for (size_t child = 2 * at + 1; child < used; child = 2 * at + 1) {
        if (child + 1 < used && compare(&heap[child + 1], &heap[child], source) > 0)
            child++;
        if (compare(&heap[child], &moved, source) <= 0)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moved;
}

static void make_heap(struct candidate *list, size_t used, struct source *source)
{
    for (size_t i = used / 2; i-- > 0;)
        sink(list, used, i, source);
}

// Fills `list` with the candidates that rank first, at most `limit`, in order. Returns their
// number.
static size_t find_highest(struct source *source, struct candidate *list, size_t limit)
{
    size_t used = 0;

    for (const struct map_entry *e = map_first(source->map); e != NULL;
         e = map_next(source->map, e)) {
        if (e->count == 0 || (used == limit && e->count < list[0].count))
            continue;
        struct candidate found = make_candidate(source, e);
        if (used < limit) {
            list[used++] = found;
            if (used == limit)
                make_heap(list, limit, source);
        } else if (compare(&found, &list[0], source) < 0) {
            list[0] = found;
            sink(list, limit, 0, source);
        }
    }
    qsort_r(list, used, sizeof *list, compare, source);
    return used;
}

static void get_texts(const struct source *s, uint32_t id, struct table_text *text)
{
    for (size_t i = 0; i < s->width; i++)
        text[i] = insight_set_part(s->set, s->plan, s->table, id, i);
}

// Adds the keys with the highest counts to the sketch, in descending order.
static void list_highest(struct table_sketch *sketch, struct source *source)
{
    size_t limit = sketch->highest.limit;
    struct table_text text[TABLE_WIDTH];
    struct buf key = BUF_INIT;

    if (!sketch->plan->needs.listed || limit == 0)
        return;
    struct candidate *list = xreallocarray(NULL, limit, sizeof *list);
    size_t listed = find_highest(source, list, limit);
    for (size_t i = 0; i < listed; i++) {
        get_texts(source, list[i].id, text);
        table_sketch_list(sketch, text, list[i].count, &key);
    }
    free(list);
    buf_release(&key);
}

static void hash_texts(const struct table_text *text, size_t width, const struct map_secret *secret,
                       struct table_word *word)
{
    for (size_t i = 0; i < width; i++)
        word[i] = (struct table_word){text[i], hll_hash(text[i].data, text[i].len),
                                      map_hash(secret, text[i].data, text[i].len)};
}

// The words of a key stand in the order of its parts.
static const size_t in_order[TABLE_WIDTH] = {0, 1, 2, 3, 4, 5, 6, 7};

static void count_all(struct table_sketch *sketch, const struct source *source)
{
    struct table_text text[TABLE_WIDTH];
    struct table_word word[TOGETHER * TABLE_WIDTH];
    struct table_key key[TOGETHER];
    size_t keys = 0;

    for (const struct map_entry *e = map_first(source->map); e != NULL;
         e = map_next(source->map, e)) {
        if (e->count == 0) // so far this value was only a part of combinations
            continue;
        key[keys] = (struct table_key){sketch, word + keys * TABLE_WIDTH, in_order, .n = e->count};
        get_texts(source, map_id(source->map, e), text);
        hash_texts(text, source->width, &source->plan->secret, word + keys++ * TABLE_WIDTH);
        if (keys == TOGETHER) {
            table_count_keys(key, keys, NULL);
            keys = 0;
        }
    }
    table_count_keys(key, keys, NULL);
}

static bool has_part(const struct table_plan *plan, size_t value)
{
    for (size_t i = 0; i < plan->width; i++) {
        if (plan->part[i] == value)
            return true;
    }
    return false;
}

void insight_set_sketch(struct insight_set *set, const struct plan *plan, size_t number)
{
    struct table *table = insight_set_table(set, plan, number);
    const struct table_plan *table_plan = plan_table(plan, number);
    struct source source = {set, plan, number, &table->map, table_plan->width};

    if (table->sketch != NULL)
        return;
    // The keys of combinations are ids in this table, which is about to be emptied.
    for (size_t i = plan->value_count; number < plan->value_count && i < plan_table_count(plan);
         i++) {
        if (has_part(plan_table(plan, i), number))
            insight_set_sketch(set, plan, i);
    }
    table_become_sketch(table, table_plan, plan->max_keys, &plan->secret);
    count_all(table->sketch, &source);
    list_highest(table->sketch, &source);
    for (size_t i = 0; i < plan->insight_count; i++) {
        // From now on the ranking comes from the sketch.
        if (plan->insight[i].kind->add != NULL && plan_table_number(&plan->insight[i]) == number)
            topk_release(&set->accumulator[i].top);
    }
    map_release(&table->map);
    set->sketched = true;
}

void insight_set_bound(struct insight_set *set, const struct plan *plan)
{
    for (size_t i = 0; i < plan_table_count(plan); i++) {
        if (insight_set_table(set, plan, i)->map.used > plan->max_keys)
            insight_set_sketch(set, plan, i);
    }
}

void insight_set_scratch_init(struct insight_set_scratch *scratch, const struct plan *plan)
{
    *scratch = (struct insight_set_scratch){.key = BUF_INIT};
    scratch->hits.value = xcalloc(plan->value_count, sizeof(struct map_entry *));
    scratch->hits.combination = xcalloc(plan->combination_count, sizeof(struct map_entry *));
}

void insight_set_scratch_release(struct insight_set_scratch *scratch)
{
    free(scratch->hits.value);
    free(scratch->hits.combination);
    buf_release(&scratch->key);
}

static struct map_entry *add_key(struct map *map, const struct plan *plan, const void *key,
                                 size_t len)
{
    return map_add(map, key, len, map_hash(&plan->secret, key, len));
}

static struct map_entry *count_value(struct insight_set *set, const struct plan *plan, size_t table,
                                     const struct table_text *text,
                                     struct insight_set_scratch *scratch)
{
    return scratch->hits.value[table] =
               add_key(&set->value[table].map, plan, text->data, text->len);
}

// Adds the key of a combination, and its values if they are new.
static struct map_entry *count_combination(struct insight_set *set, const struct plan *plan,
                                           size_t table, const struct table_text *text,
                                           struct insight_set_scratch *scratch)
{
    const struct table_plan *combination = plan_table(plan, table);
    uint32_t id[TABLE_WIDTH];

    for (size_t i = 0; i < combination->width; i++) {
        size_t part = combination->part[i];
        id[i] = map_id(&set->value[part].map, count_value(set, plan, part, &text[i], scratch));
    }
    return scratch->hits.combination[table - plan->value_count] =
               add_key(&insight_set_table(set, plan, table)->map, plan, id,
                       combination->width * sizeof *id);
}

// Updates the accumulators of the insights about a table.
static void add_to_kinds(struct insight_set *set, const struct plan *plan, size_t table,
                         const struct insight_set_hits *hits, uint64_t n)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->add != NULL && plan_table_number(in) == table)
            in->kind->add(in, set, hits, n);
    }
}

void insight_set_count(struct insight_set *set, const struct plan *plan, size_t table,
                       const struct table_text *text, uint64_t n,
                       struct insight_set_scratch *scratch)
{
    struct table_sketch *sketch = insight_set_table(set, plan, table)->sketch;
    struct table_word word[TABLE_WIDTH];

    if (sketch != NULL) {
        hash_texts(text, sketch->plan->width, &plan->secret, word);
        table_count_keys(&(struct table_key){sketch, word, in_order, .n = n}, 1, &scratch->key);
        return;
    }
    struct map_entry *e = table < plan->value_count
                              ? count_value(set, plan, table, text, scratch)
                              : count_combination(set, plan, table, text, scratch);
    e->count += n;
    add_to_kinds(set, plan, table, &scratch->hits, n);
    insight_set_bound(set, plan);
}

bool insight_set_has_room(const struct insight_set *set, const struct plan *plan, size_t keys)
{
    for (size_t i = 0; i < plan_table_count(plan); i++) {
        if (insight_set_table(set, plan, i)->map.used + keys > plan->max_keys)
            return false;
    }
    return true;
}
