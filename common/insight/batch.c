// SPDX-License-Identifier: BSD-2-Clause
#include "insight/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "json/json_write.h"
#include "sketch/hll.h"
#include "sketch/map.h"

#define UNKNOWN "unknown"
#define ROWS 64          // few enough to stay in the cache
#define ITEMS (4 * ROWS) // a record is counted in several sets when windows overlap
#define APART 3          // items between two steps: in that time memory comes into the cache
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
    batch->hashed = xcalloc(plan->value_count, sizeof *batch->hashed);
    batch->lacking = xcalloc(plan->value_count, sizeof *batch->lacking);
    batch->adder = xcalloc(plan->insight_count, sizeof(const struct insight *));
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->add != NULL)
            batch->adder[batch->adders++] = &plan->insight[i];
    }
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
    free(batch->hashed);
    free(batch->lacking);
    free(batch->adder);
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
    batch->items_size = size;
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

// The key of a combination is inline, and so is what is done with it: most combinations have two
// fields, and with a constant width it takes half of the time.
static inline size_t fill_key(uint32_t *key, const struct table_plan *combination, size_t width,
                              const uint32_t *value_id)
{
    for (size_t i = 0; i < width; i++)
        key[i] = value_id[combination->part[i]];
    return width * sizeof *key;
}

static inline uint64_t hash_key(const struct batch *batch, const struct table_plan *combination,
                                size_t width, const uint32_t *value_id)
{
    uint32_t key[TABLE_WIDTH];
    size_t size = fill_key(key, combination, width, value_id);

    return map_hash(&batch->plan->secret, key, size);
}

static void hash_combinations(const struct batch *batch, size_t item)
{
    const struct plan *plan = batch->plan;
    const struct table *table = batch->item[item].set->combination;
    const uint32_t *value_id = batch->value_id + item * plan->value_count;
    uint64_t *hash = batch->hash + item * plan->combination_count;

    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct table_plan *combination = &plan->combination[i];
        if (table[i].sketch != NULL)
            continue;
        hash[i] = combination->width == 2
                      ? hash_key(batch, combination, 2, value_id)
                      : hash_key(batch, combination, combination->width, value_id);
        map_prefetch(&table[i].map, hash[i]);
    }
}

static void find_values_and_hash(const struct batch *batch, size_t item)
{
    find_values(batch, item);
    hash_combinations(batch, item);
}

static void guess_combinations(const struct batch *batch, size_t item)
{
    const struct table_plan *combination = batch->plan->combination;
    const struct table *table = batch->item[item].set->combination;
    size_t count = batch->plan->combination_count;
    const uint64_t *hash = batch->hash + item * count;
    uint32_t *id = batch->combination_id + item * count;

    for (size_t i = 0; i < count; i++) {
        if (table[i].sketch == NULL)
            id[i] = map_guess(&table[i].map, combination[i].width * sizeof(uint32_t), hash[i]);
    }
}

static inline struct map_entry *find_key(struct map *map, const struct table_plan *combination,
                                         size_t width, const uint32_t *value_id, uint32_t guess,
                                         uint64_t hash)
{
    uint32_t key[TABLE_WIDTH];
    size_t size = fill_key(key, combination, width, value_id);

    return map_add_guessed(map, guess, key, size, hash);
}

static void find_combinations(const struct batch *batch, size_t item)
{
    const struct plan *plan = batch->plan;
    struct table *table = batch->item[item].set->combination;
    const uint32_t *value_id = batch->value_id + item * plan->value_count;
    const uint64_t *hash = batch->hash + item * plan->combination_count;
    uint32_t *id = batch->combination_id + item * plan->combination_count;

    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct table_plan *combination = &plan->combination[i];
        struct map *map = &table[i].map;
        if (table[i].sketch != NULL)
            continue;
        id[i] = map_id(
            map, combination->width == 2
                     ? find_key(map, combination, 2, value_id, id[i], hash[i])
                     : find_key(map, combination, combination->width, value_id, id[i], hash[i]));
    }
}

// Does the steps of the lookup for each item before one item, as far as they are not done yet.
static void look_up(struct batch *batch, size_t step, size_t before)
{
    static void (*const steps[BATCH_STEPS])(const struct batch *, size_t) = {
        guess_values, find_values_and_hash, guess_combinations, find_combinations};

    while (batch->done[step] < before)
        steps[step](batch, batch->done[step]++);
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
    // A set gets at most one item for each row.
    if (set != batch->checked && !insight_set_has_room(set, batch->plan, ROWS))
        batch->tight = true;
    batch->checked = set;
    for (size_t i = 0; i < BATCH_STEPS && !batch->tight; i++) {
        if (batch->items > (i + 1) * APART)
            look_up(batch, i, batch->items - (i + 1) * APART);
    }
}

static void add_hashed(const struct batch *batch, const struct insight_set *set)
{
    for (size_t i = 0; i < plan_table_count(batch->plan); i++) {
        const struct table_plan *plan = plan_table(batch->plan, i);
        if (insight_set_table(set, batch->plan, i)->sketch == NULL)
            continue;
        for (size_t j = 0; j < plan->width; j++)
            batch->hashed[plan->part[j]] = true;
    }
}

// Finds the values of which sketches need the words, for the items from one up to another. Returns
// whether there are any.
static bool find_hashed(const struct batch *batch, size_t from, size_t to)
{
    const struct insight_set *seen = NULL;
    bool found = false;

    for (size_t item = from; item < to; item++) {
        const struct insight_set *set = batch->item[item].set;
        if (!set->sketched || set == seen)
            continue;
        if (!found)
            memset(batch->hashed, 0, batch->plan->value_count * sizeof *batch->hashed);
        add_hashed(batch, set);
        seen = set;
        found = true;
    }
    return found;
}

// Hashes the texts of the rows from one item up to another, as far as sketches need it.
static void hash_rows(const struct batch *batch, size_t from, size_t to)
{
    size_t count = batch->plan->value_count;

    for (size_t row = batch->item[from].row; row <= batch->item[to - 1].row; row++) {
        for (size_t i = 0; i < count; i++) {
            const struct batch_text *text = &batch->text[row * count + i];
            const char *data = batch->bytes.data + text->start;
            if (batch->hashed[i])
                batch->word[row * count + i] =
                    (struct table_word){{data, text->len}, hll_hash(data, text->len), text->hash};
        }
    }
}

// Counts the items from one up to another in one table, where it is a sketch.
static void count_in_sketch(struct batch *batch, size_t table, size_t from, size_t to)
{
    const size_t *part = plan_table(batch->plan, table)->part;
    size_t keys = 0;

    for (size_t item = from; item < to; item++) {
        const struct batch_item *i = &batch->item[item];
        const struct table_word *word = batch->word + i->row * batch->plan->value_count;
        struct table_sketch *sketch = insight_set_table(i->set, batch->plan, table)->sketch;
        if (sketch != NULL)
            batch->key[keys++] = (struct table_key){sketch, word, part, .n = 1};
    }
    table_count_keys(batch->key, keys, &batch->scratch.key);
}

// Counts the items from one up to another in those tables that are sketches.
static void count_sketched(struct batch *batch, size_t from, size_t to)
{
    if (!find_hashed(batch, from, to))
        return;
    hash_rows(batch, from, to);
    for (size_t table = 0; table < plan_table_count(batch->plan); table++)
        count_in_sketch(batch, table, from, to);
}

static struct map_entry *count_one(const struct table *table, uint32_t id)
{
    struct map_entry *e = map_at(&table->map, id);

    e->count++;
    return e;
}

// Counts an item in those tables that are exact.
static void count(const struct batch *batch, size_t item)
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
        if (set->value[i].sketch == NULL)
            hits->value[i] = count_one(&set->value[i], value_id[i]);
    }
    for (size_t i = 0; i < plan->combination_count; i++) {
        if (set->combination[i].sketch == NULL)
            hits->combination[i] = count_one(&set->combination[i], combination_id[i]);
    }
    for (size_t i = 0; i < batch->adders; i++) {
        const struct insight *in = batch->adder[i];
        if (!set->sketched || insight_set_table_of(in, set)->sketch == NULL)
            in->kind->add(in, set, hits, 1);
    }
}

static void settle_together(struct batch *batch)
{
    for (size_t i = 0; i < BATCH_STEPS; i++)
        look_up(batch, i, batch->items);
    for (size_t item = 0; item < batch->items; item++)
        count(batch, item);
    count_sketched(batch, 0, batch->items);
}

// Does all steps for one item, then for the next. The order of the records then decides after which
// of them a table becomes a sketch, so the same input gives the same output.
static void settle_one_by_one(struct batch *batch)
{
    for (size_t item = 0; item < batch->items; item++) {
        for (size_t i = 0; i < BATCH_STEPS; i++)
            look_up(batch, i, item + 1);
        count(batch, item);
        count_sketched(batch, item, item + 1);
        insight_set_bound(batch->item[item].set, batch->plan);
    }
}

void batch_settle(struct batch *batch)
{
    if (batch->tight)
        settle_one_by_one(batch);
    else
        settle_together(batch);
    batch->rows = batch->items = 0;
    memset(batch->done, 0, sizeof batch->done);
    batch->checked = NULL;
    batch->tight = false;
    buf_clear(&batch->bytes);
}
