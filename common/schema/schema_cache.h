// SPDX-License-Identifier: BSD-2-Clause
//
// schema_cache: the schemas of a registry by their ids. Each is fetched once, when it is first
// needed. That a registry has no schema with an id is remembered for a minute.
//
//     struct schema_cache *cache = schema_cache_new(registry);
//     const struct schema *schema = schema_cache_find(cache, 7, &err);
//     if (schema != NULL && schema->problem == NULL)
//         use(schema->avro);
//     schema_cache_free(cache);
#ifndef SCHEMA_SCHEMA_CACHE_H
#define SCHEMA_SCHEMA_CACHE_H

#include <stdint.h>

#include "base/err.h"
#include "schema/avro_schema.h"
#include "schema/registry.h"

struct schema {
    int32_t id;
    enum registry_type type;
    struct avro_schema *avro; // NULL unless the type is REGISTRY_AVRO
    char *problem;            // why the schema cannot be used, for a message; NULL if it can
    int64_t expires;          // private
};

struct schema_cache;

// Borrows the registry.
struct schema_cache *schema_cache_new(struct registry *registry);
void schema_cache_free(struct schema_cache *cache);

// Returns the schema with an id. It is valid until the next call. Returns NULL with *err set, as
// registry.h says, if the registry fails.
const struct schema *schema_cache_find(struct schema_cache *cache, int32_t id, struct err *err);

#endif
