// SPDX-License-Identifier: BSD-2-Clause
//
// registry: the schemas of a Schema Registry, which speaks the API that Confluent documents.
//
//     struct registry *registry = registry_new(&settings, &err);
//     struct registry_schema schema = {0};
//     if (registry_reach(registry, &err) == 0 &&
//         registry_by_id(registry, 7, &schema, &err) == REGISTRY_FOUND)
//         use(schema.text, schema.count);
//     registry_schema_release(&schema);
//     registry_free(registry);
//
// registry_request.h says which errors there are.
#ifndef SCHEMA_REGISTRY_H
#define SCHEMA_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "schema/registry_request.h"

enum registry_type { REGISTRY_AVRO, REGISTRY_JSON, REGISTRY_PROTOBUF, REGISTRY_OTHER };

// Initialise it with zeros. It can be used again and again.
struct registry_schema {
    int32_t id;
    enum registry_type type;
    struct buf *text; // the schemas that it refers to, each after those that it needs; then itself
    size_t count;     // of texts
};

void registry_schema_release(struct registry_schema *schema);

// Waits until the registry answers. Returns 0, or -1 with *err set.
int registry_reach(struct registry *registry, struct err *err);

// Get a schema by its id, or the latest one of a subject.
enum registry_outcome registry_by_id(struct registry *registry, int32_t id,
                                     struct registry_schema *schema, struct err *err);
enum registry_outcome registry_latest(struct registry *registry, const char *subject,
                                      struct registry_schema *schema, struct err *err);

// Finds the id that a schema has in a subject. If it has none and `add` is set, registers it.
enum registry_outcome registry_find(struct registry *registry, const char *subject,
                                    enum registry_type type, const struct buf *text, bool add,
                                    int32_t *id, struct err *err);

#endif
