// SPDX-License-Identifier: BSD-2-Clause
#include "login/infer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "login/fields.h"
#include "sketch/map.h"

// The device types of devices or of users. The count of an entry is the id of the type in `types`,
// or 0 if the type could not be remembered.
struct memory {
    struct map young, old;
};

struct infer {
    struct map_secret secret;
    struct memory devices, users;
    size_t generation;       // the number of keys in a full generation
    struct map types;        // each device type once
    bool types_are_too_many; // a warning has been logged
};

static void memory_init(struct memory *m)
{
    map_init(&m->young, 0);
    map_init(&m->old, 0);
}

static void memory_release(struct memory *m)
{
    map_release(&m->young);
    map_release(&m->old);
}

struct infer *infer_new(size_t keys, struct err *err)
{
    struct infer *in = xcalloc(1, sizeof *in);

    if (map_secret_init(&in->secret, err) != 0) {
        free(in);
        return NULL;
    }
    memory_init(&in->devices);
    memory_init(&in->users);
    map_init(&in->types, 0);
    // The young generation always has room for one more key, so both never exceed `keys` together.
    in->generation = keys / 2 + keys % 2;
    return in;
}

void infer_free(struct infer *in)
{
    if (in == NULL)
        return;
    memory_release(&in->devices);
    memory_release(&in->users);
    map_release(&in->types);
    free(in);
}

// Stores the type in the young generation. If this is now full, it becomes the old generation.
static void memory_put(const struct infer *in, struct memory *m, const struct json_value *key,
                       uint64_t hash, uint64_t type)
{
    map_add(&m->young, key->string.data, key->string.len, hash)->count = type;
    if (m->young.used < in->generation)
        return;
    struct map full = m->young;
    m->young = m->old;
    m->old = full;
    map_clear(&m->young);
}

// Returns the id of the type that is known for the key, or 0.
static uint32_t memory_get(const struct infer *in, struct memory *m, const struct json_value *key)
{
    uint64_t hash = map_hash(&in->secret, key->string.data, key->string.len);
    const struct map_entry *e = map_find(&m->young, key->string.data, key->string.len, hash);

    if (e != NULL)
        return (uint32_t)e->count;
    e = map_find(&m->old, key->string.data, key->string.len, hash);
    if (e == NULL)
        return 0;
    uint64_t type = e->count; // memory_put() may free the entry
    memory_put(in, m, key, hash, type);
    return (uint32_t)type;
}

static bool is_key(const struct json_value *value)
{
    return value->type == JSON_STRING && value->string.len <= INFER_KEY_LEN_MAX;
}

// Returns the id of the type in `types`, and adds the type if it is new. Returns 0 if the type
// cannot be remembered.
static uint32_t type_id(struct infer *in, const char *type, size_t len)
{
    if (len > INFER_TYPE_LEN_MAX)
        return 0;
    uint64_t hash = map_hash(&in->secret, type, len);
    const struct map_entry *e = map_find(&in->types, type, len, hash);
    if (e == NULL && in->types.used < INFER_TYPES_MAX)
        e = map_add(&in->types, type, len, hash);
    if (e == NULL && !in->types_are_too_many) {
        in->types_are_too_many = true;
        log_warn("more than %d device types; further ones are not inferred", INFER_TYPES_MAX);
    }
    return e == NULL ? 0 : map_id(&in->types, e);
}

static bool is_unknown(const char *type, size_t len)
{
    return len == strlen("unknown") && strncasecmp(type, "unknown", len) == 0;
}

void infer_learn(struct infer *in, const struct json_value *value)
{
    const struct json_value *type = &value[FIELD_DEVICE_TYPE];
    const struct json_value *device = &value[FIELD_DEVICE_ID], *user = &value[FIELD_USER_ID];

    if (is_unknown(type->string.data, type->string.len))
        return;
    uint32_t id = type_id(in, type->string.data, type->string.len);
    if (is_key(device))
        memory_put(in, &in->devices, device,
                   map_hash(&in->secret, device->string.data, device->string.len), id);
    if (is_key(user))
        memory_put(in, &in->users, user, map_hash(&in->secret, user->string.data, user->string.len),
                   id);
}

int infer_device_type(struct infer *in, struct json_value *value)
{
    const struct json_value *device = &value[FIELD_DEVICE_ID], *user = &value[FIELD_USER_ID];
    int from = FIELD_DEVICE_ID;
    uint32_t id = is_key(device) ? memory_get(in, &in->devices, device) : 0;

    if (id == 0) {
        from = FIELD_USER_ID;
        id = is_key(user) ? memory_get(in, &in->users, user) : 0;
    }
    if (id == 0)
        return -1;
    const struct map_entry *e = map_at(&in->types, id);
    value[FIELD_DEVICE_TYPE] =
        (struct json_value){.type = JSON_STRING, .string = {map_key(&in->types, e), e->len}};
    return from;
}
