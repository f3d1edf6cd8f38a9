// SPDX-License-Identifier: BSD-2-Clause
#include "insight/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "json/json_write.h"
#include "sketch/hll.h"
#include "sketch/map.h"

#define UNKNOWN "unknown"
#define ROWS 32          // enough to overlap cache misses, and few enough to stay in the L1 cache
#define ITEMS (4 * ROWS) // a record is counted in several sets when windows overlap
#define BYTES (64u << 10)
#define KEPT 1000 // bytes of a text that is too long for a table

void batch_init(struct batch *batch, const struct plan *plan)
{
    *batch = (struct batch){.plan = plan, .bytes = BUF_INIT};
    batch->value = xcalloc(plan->field_count, sizeof *batch->value);
    batch->text = xcalloc(ROWS * plan->value_count, sizeof *batch->text);
    batch->row_time = xcalloc(ROWS, sizeof *batch->row_time);
    insight_set_scratch_init(&batch->scratch, plan);
    batch->word = xcalloc(ROWS * plan->value_count, sizeof *batch->word);
    batch->lacking = xcalloc(plan->value_count, sizeof *batch->lacking);
    buf_reserve(&batch->bytes, BYTES);
}

void batch_release(struct batch *batch)
{
    free(batch->value);
    free(batch->row_time);
    buf_release(&batch->bytes);
    free(batch->text);
    free(batch->item);
    free(batch->value_id);
    free(batch->combination_id);
    free(batch->hash);
    free(batch->word);
    free(batch->key);
    free(batch->part);
    free(batch->lacking);
    insight_set_scratch_release(&batch->scratch);
}

static void put_text(struct buf *b, const struct json_value *value, uint64_t *lacking)
{
    switch (value->type) {
    case JSON_STRING:
        buf_append(b, value->string.data, value->string.len);
        return;
    case JSON_ABSENT:
    case JSON_NULL:
        buf_puts(b, UNKNOWN);
        ++*lacking;
        return;
    case JSON_BOOL:
        buf_puts(b, value->boolean ? "true" : "false");
        return;
    case JSON_INT:
        buf_put_i64(b, value->integer);
        return;
    case JSON_UINT:
        buf_put_u64(b, value->uinteger);
        return;
    case JSON_DOUBLE:
        json_put_double(b, value->number);
        return;
    case JSON_ARRAY:
        buf_puts(b, "(array)");
        return;
    case JSON_OBJECT:
        buf_puts(b, "(object)");
        return;
    }
}

// Shortens the text that begins at `start`, the last one in the buffer.
static void shorten(struct buf *b, size_t start)
{
    uint64_t hash = hll_hash(b->data + start, b->len - start);

    b->len = start + bytes_cut(b->data + start, b->len - start, KEPT);
    buf_printf(b, "\u2026%016llx", (unsigned long long)hash);
}

void batch_load(struct batch *batch)
{
    const struct plan *plan = batch->plan;

    if (batch->rows == ROWS || batch->items >= ITEMS || batch->bytes.len >= BYTES)
        batch_settle(batch);
    batch->row_time[batch->rows] = batch->time;
    struct batch_text *text = batch->text + batch->rows++ * plan->value_count;
    batch->loaded++;
    for (size_t i = 0; i < plan->value_count; i++) {
        text[i].start = batch->bytes.len;
        put_text(&batch->bytes, &batch->value[plan->value[i].field], &batch->lacking[i]);
        if (batch->bytes.len - text[i].start > TABLE_TEXT_MAX)
            shorten(&batch->bytes, text[i].start);
        text[i].len = batch->bytes.len - text[i].start;
        text[i].hash = map_hash(&plan->secret, batch->bytes.data + text[i].start, text[i].len);
    }
}

bool batch_lacks(const struct batch *batch, size_t value)
{
    return batch->loaded > 0 && batch->lacking[value] == batch->loaded;
}

void batch_forget(struct batch *batch)
{
    batch->loaded = 0;
    memset(batch->lacking, 0, batch->plan->value_count * sizeof *batch->lacking);
}

static void grow_items(struct batch *batch)
{
    size_t values = batch->plan->value_count, combinations = batch->plan->combination_count;
    size_t size = batch->items_size == 0 ? ITEMS : 2 * batch->items_size;

    batch->item = xreallocarray(batch->item, size, sizeof *batch->item);
    batch->value_id = xreallocarray(batch->value_id, size * values, sizeof *batch->value_id);
    batch->combination_id =
        xreallocarray(batch->combination_id, size * combinations, sizeof *batch->combination_id);
    batch->hash = xreallocarray(batch->hash, size * combinations, sizeof *batch->hash);
    batch->key = xreallocarray(batch->key, size, sizeof *batch->key);
    batch->part = xreallocarray(batch->part, size * TABLE_WIDTH, sizeof *batch->part);
    batch->items_size = size;
}

void batch_add(struct batch *batch, struct insight_set *set)
{
    size_t row = batch->rows - 1, count = batch->plan->value_count;
    const struct batch_text *text = batch->text + row * count;

    if (batch->items == batch->items_size)
        grow_items(batch);
    batch->item[batch->items++] = (struct batch_item){set, row};
    for (size_t i = 0; i < count; i++)
        map_prefetch(&set->value[i].map, text[i].hash);
}

static void guess_values(const struct batch *batch, size_t item)
{
    const struct table *table = batch->item[item].set->value;
    size_t count = batch->plan->value_count;
    const struct batch_text *text = batch->text + batch->item[item].row * count;
    uint32_t *id = batch->value_id + item * count;

    for (size_t i = 0; i < count; i++)
        id[i] = map_guess(&table[i].map, text[i].len, text[i].hash);
}

static void find_values(const struct batch *batch, size_t item)
{
    struct table *table = batch->item[item].set->value;
    size_t count = batch->plan->value_count;
    const struct batch_text *text = batch->text + batch->item[item].row * count;
    uint32_t *id = batch->value_id + item * count;

    for (size_t i = 0; i < count; i++) {
        struct map *map = &table[i].map;
        const char *key = batch->bytes.data + text[i].start;
        if (table[i].sketch == NULL)
            id[i] = map_id(map, map_add_guessed(map, id[i], key, text[i].len, text[i].hash));
    }
}

static size_t key_size(const struct table_plan *combination)
{
    return combination->width * sizeof(uint32_t);
}

static void fill_key(uint32_t *key, const struct table_plan *combination, const uint32_t *value_id)
{
    for (size_t i = 0; i < combination->width; i++)
        key[i] = value_id[combination->part[i]];
}

static void hash_combinations(const struct batch *batch, size_t item)
{
    const struct plan *plan = batch->plan;
    const struct table *table = batch->item[item].set->combination;
    const uint32_t *value_id = batch->value_id + item * plan->value_count;
    uint64_t *hash = batch->hash + item * plan->combination_count;
    uint32_t key[TABLE_WIDTH];

    for (size_t i = 0; i < plan->combination_count; i++) {
        fill_key(key, &plan->combination[i], value_id);
        hash[i] = map_hash(&plan->secret, key, key_size(&plan->combination[i]));
        map_prefetch(&table[i].map, hash[i]);
    }
}

static void guess_combinations(const struct batch *batch, size_t item)
{
    const struct table_plan *combination = batch->plan->combination;
    const struct table *table = batch->item[item].set->combination;
    size_t count = batch->plan->combination_count;
    const uint64_t *hash = batch->hash + item * count;
    uint32_t *id = batch->combination_id + item * count;

    for (size_t i = 0; i < count; i++)
        id[i] = map_guess(&table[i].map, key_size(&combination[i]), hash[i]);
}

static void find_combinations(const struct batch *batch, size_t item)
{
    const struct plan *plan = batch->plan;
    struct table *table = batch->item[item].set->combination;
    const uint32_t *value_id = batch->value_id + item * plan->value_count;
    const uint64_t *hash = batch->hash + item * plan->combination_count;
    uint32_t *id = batch->combination_id + item * plan->combination_count;
    uint32_t key[TABLE_WIDTH];

    for (size_t i = 0; i < plan->combination_count; i++) {
        struct map *map = &table[i].map;
        size_t size = key_size(&plan->combination[i]);
        if (table[i].sketch != NULL)
            continue;
        fill_key(key, &plan->combination[i], value_id);
        id[i] = map_id(map, map_add_guessed(map, id[i], key, size, hash[i]));
    }
}

// Hashes the texts of the rows from one item up to another, for the tables that are sketches.
static void hash_rows(struct batch *batch, size_t from, size_t to)
{
    size_t count = batch->plan->value_count;
    size_t last = batch->item[to - 1].row;

    for (size_t i = batch->item[from].row * count; i < (last + 1) * count; i++) {
        const struct batch_text *text = &batch->text[i];
        const char *data = batch->bytes.data + text->start;
        batch->word[i] =
            (struct table_word){{data, text->len}, hll_hash(data, text->len), text->hash};
    }
}

// Counts the items from one up to another in one table, where it is a sketch.
static void count_in_sketch(struct batch *batch, size_t table, size_t from, size_t to)
{
    const struct table_plan *plan = plan_table(batch->plan, table);
    struct table_word *part = batch->part;
    size_t keys = 0;

    for (size_t item = from; item < to; item++) {
        const struct batch_item *i = &batch->item[item];
        const struct table_word *word = batch->word + i->row * batch->plan->value_count;
        struct table_sketch *sketch = insight_set_table(i->set, batch->plan, table)->sketch;
        if (sketch == NULL)
            continue;
        batch->key[keys++] = (struct table_key){.sketch = sketch, .word = part, .n = 1};
        for (size_t j = 0; j < plan->width; j++)
            *part++ = word[plan->part[j]];
    }
    table_count_keys(batch->key, keys, &batch->scratch.key);
}

// Counts the items from one up to another in those tables that are sketches.
static void count_sketched(struct batch *batch, size_t from, size_t to)
{
    bool sketched = false;

    for (size_t item = from; item < to && !sketched; item++)
        sketched = batch->item[item].set->sketched;
    if (!sketched)
        return;
    hash_rows(batch, from, to);
    for (size_t table = 0; table < plan_table_count(batch->plan); table++)
        count_in_sketch(batch, table, from, to);
}

// Counts an item in those tables that are exact.
static void count(struct batch *batch, size_t item)
{
    const struct plan *plan = batch->plan;
    const struct insight_set_hits *hits = &batch->scratch.hits;
    struct insight_set *set = batch->item[item].set;
    const uint32_t *value_id = batch->value_id + item * plan->value_count;
    const uint32_t *combination_id = batch->combination_id + item * plan->combination_count;

    bool first = item == 0 || batch->item[item - 1].row != batch->item[item].row;
    if (first && batch->counting != NULL)
        batch->counting(batch->ctx, batch, &batch->item[item], value_id);
    for (size_t i = 0; i < plan->value_count; i++) {
        if (set->value[i].sketch != NULL)
            continue;
        hits->value[i] = map_at(&set->value[i].map, value_id[i]);
        hits->value[i]->count++;
    }
    for (size_t i = 0; i < plan->combination_count; i++) {
        if (set->combination[i].sketch != NULL)
            continue;
        hits->combination[i] = map_at(&set->combination[i].map, combination_id[i]);
        hits->combination[i]->count++;
    }
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->add != NULL && insight_set_table_of(in, set)->sketch == NULL)
            in->kind->add(in, set, hits, 1);
    }
}

// Does each step for all items, so that their cache misses overlap.
static void settle_together(struct batch *batch)
{
    static void (*const steps[])(const struct batch *, size_t) = {
        guess_values, find_values, hash_combinations, guess_combinations, find_combinations,
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        for (size_t item = 0; item < batch->items; item++)
            steps[i](batch, item);
    }
    for (size_t item = 0; item < batch->items; item++)
        count(batch, item);
    count_sketched(batch, 0, batch->items);
}

// Does all steps for one item, then for the next. The order of the records then decides after which
// of them a table becomes a sketch, so the same input gives the same output.
static void settle_one_by_one(struct batch *batch)
{
    for (size_t item = 0; item < batch->items; item++) {
        guess_values(batch, item);
        find_values(batch, item);
        hash_combinations(batch, item);
        guess_combinations(batch, item);
        find_combinations(batch, item);
        count(batch, item);
        count_sketched(batch, item, item + 1);
        insight_set_bound(batch->item[item].set, batch->plan);
    }
}

static bool has_room(const struct batch *batch)
{
    const struct insight_set *seen = NULL;

    for (size_t item = 0; item < batch->items; item++) {
        const struct insight_set *set = batch->item[item].set;
        if (set != seen && !insight_set_has_room(set, batch->plan, batch->items))
            return false;
        seen = set;
    }
    return true;
}

void batch_settle(struct batch *batch)
{
    if (has_room(batch))
        settle_together(batch);
    else
        settle_one_by_one(batch);
    batch->rows = batch->items = 0;
    buf_clear(&batch->bytes);
}
