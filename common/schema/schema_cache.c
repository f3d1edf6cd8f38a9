// SPDX-License-Identifier: BSD-2-Clause
#include "schema/schema_cache.h"

#include <stdlib.h>

#include "base/datetime.h"
#include "base/xalloc.h"

#define UNKNOWN_TIME MS_MINUTE // that an unknown id is remembered
#define UNKNOWN_MAX 1000       // ids; more are unlikely, unless the data is not of a registry
#define SECOND_LOOK 500        // ms after which an unknown id is asked for once more
#define SECOND_LOOK_EVERY (10 * MS_SECOND)

struct schema_cache {
    struct registry *registry;
    struct schema **item; // in the order of their ids
    size_t count, unknown;
    const struct schema *last;
    int64_t next_look; // when an unknown id may be asked for twice again
};

struct schema_cache *schema_cache_new(struct registry *registry)
{
    struct schema_cache *cache = xcalloc(1, sizeof *cache);

    cache->registry = registry;
    return cache;
}

static void schema_free(struct schema *schema)
{
    avro_schema_free(schema->avro);
    free(schema->problem);
    free(schema);
}

void schema_cache_free(struct schema_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->count; i++)
        schema_free(cache->item[i]);
    free(cache->item);
    free(cache);
}

// Returns the index of the schema with this id, or of the first one with a higher id.
static size_t place_of(const struct schema_cache *cache, int32_t id)
{
    size_t low = 0, high = cache->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cache->item[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Removes what is known about unknown ids.
static void forget_unknown(struct schema_cache *cache)
{
    size_t kept = 0;

    for (size_t i = 0; i < cache->count; i++) {
        if (cache->item[i]->expires != 0)
            schema_free(cache->item[i]);
        else
            cache->item[kept++] = cache->item[i];
    }
    cache->count = kept;
    cache->unknown = 0;
    cache->last = NULL;
}

static void insert(struct schema_cache *cache, struct schema *schema)
{
    size_t place = place_of(cache, schema->id);

    cache->item = xreallocarray(cache->item, cache->count + 1, sizeof(struct schema *));
    for (size_t i = cache->count; i > place; i--)
        cache->item[i] = cache->item[i - 1];
    cache->item[place] = schema;
    cache->count++;
    cache->unknown += schema->expires != 0;
}

static void parse_texts(struct schema *schema, const struct registry_schema *found)
{
    struct err err;

    schema->avro = avro_schema_new();
    for (size_t i = 0; i < found->count && schema->problem == NULL; i++) {
        if (avro_schema_parse(schema->avro, found->text[i].data, found->text[i].len, &err) != 0)
            schema->problem = xasprintf("schema %d: %s", (int)schema->id, err.text);
    }
}

// Asks for an id. A registry of several servers may take a moment until each of them knows a new
// id, so one that is unknown is asked for once more. In data that is not of a registry every id may
// be another one, so this is done only now and then.
static enum registry_outcome ask(struct schema_cache *cache, int32_t id,
                                 struct registry_schema *found, struct err *err)
{
    enum registry_outcome outcome = registry_by_id(cache->registry, id, found, err);

    if (outcome != REGISTRY_UNKNOWN || time_monotonic() < cache->next_look)
        return outcome;
    cache->next_look = time_monotonic() + SECOND_LOOK_EVERY;
    if (registry_pause(cache->registry, SECOND_LOOK, err) != 0)
        return REGISTRY_FAILED;
    return registry_by_id(cache->registry, id, found, err);
}

static const struct schema *fetch(struct schema_cache *cache, int32_t id, struct err *err)
{
    struct registry_schema found = {0};
    struct schema *schema = NULL;
    enum registry_outcome outcome = ask(cache, id, &found, err);

    if (outcome != REGISTRY_FAILED) {
        schema = xcalloc(1, sizeof *schema);
        schema->id = id;
        schema->type = found.type;
    }
    if (outcome == REGISTRY_FOUND && found.type == REGISTRY_AVRO)
        parse_texts(schema, &found);
    if (outcome == REGISTRY_UNKNOWN) {
        schema->problem = xasprintf("schema %d: the registry has no such schema", (int)id);
        schema->expires = time_monotonic() + UNKNOWN_TIME;
    }
    registry_schema_release(&found);
    if (schema != NULL)
        insert(cache, schema);
    return schema;
}

const struct schema *schema_cache_find(struct schema_cache *cache, int32_t id, struct err *err)
{
    if (cache->last != NULL && cache->last->id == id && cache->last->expires == 0)
        return cache->last;
    size_t place = place_of(cache, id);
    if (place < cache->count && cache->item[place]->id == id &&
        (cache->item[place]->expires == 0 || cache->item[place]->expires > time_monotonic()))
        return cache->last = cache->item[place];
    if (cache->unknown >= UNKNOWN_MAX || (place < cache->count && cache->item[place]->id == id))
        forget_unknown(cache);
    return cache->last = fetch(cache, id, err);
}
