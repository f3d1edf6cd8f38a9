// SPDX-License-Identifier: BSD-2-Clause
#include "schema/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

#define REFERENCES_MAX 1000 // schemas that one schema may need
#define REFERENCES_DEPTH 32

void registry_schema_release(struct registry_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        buf_release(&schema->text[i]);
    free(schema->text);
    *schema = (struct registry_schema){0};
}

int registry_reach(struct registry *r, struct err *err)
{
    struct buf path = BUF_INIT;

    buf_puts(&path, "/schemas/types");
    enum registry_outcome outcome = registry_ask(r, &path, NULL, err);
    buf_release(&path);
    // Other servers of the API do not all know this path, and a login may not be allowed to use it.
    const long status = registry_status(r);
    if (outcome == REGISTRY_FAILED && (status == 404 || status == 403 || status == 405))
        return 0;
    return outcome == REGISTRY_FAILED ? -1 : 0;
}

static void add_text(struct registry_schema *schema, const struct json_value *text)
{
    struct buf copy = BUF_INIT;

    buf_append(&copy, text->string.data, text->string.len);
    schema->text = xreallocarray(schema->text, schema->count + 1, sizeof *schema->text);
    schema->text[schema->count++] = copy;
}

static enum registry_type type_of(const struct json_value *type)
{
    static const char *const names[] = {
        [REGISTRY_AVRO] = "AVRO", [REGISTRY_JSON] = "JSON", [REGISTRY_PROTOBUF] = "PROTOBUF"};

    if (type->type == JSON_ABSENT)
        return REGISTRY_AVRO;
    for (size_t i = 0; type->type == JSON_STRING && i < sizeof names / sizeof *names; i++) {
        if (bytes_are(type->string.data, type->string.len, names[i]))
            return (enum registry_type)i;
    }
    return REGISTRY_OTHER;
}

static void put_reference_path(struct buf *path, const char *subject, int64_t version)
{
    buf_puts(path, "/subjects/");
    http_put_encoded(path, subject);
    buf_printf(path, "/versions/%lld", (long long)version);
}

// Appends the path of each schema that the answer refers to, each ended by a NUL. Returns how many,
// or -1 if the list is malformed.
static int list_references(struct registry *r, struct buf *paths)
{
    static const char *const names[] = {"subject", "version"};
    const struct json_value list = registry_member(r, "references");
    struct json_value key, reference, name, value;
    struct json_iter it, members;
    int count = 0;

    if (list.type == JSON_ABSENT || list.type == JSON_NULL)
        return 0;
    if (list.type != JSON_ARRAY)
        return -1;
    json_iter_init(&it, &list);
    while (json_iter_next(&it, &key, &reference)) {
        struct json_value found[2] = {{.type = JSON_ABSENT}, {.type = JSON_ABSENT}};
        if (reference.type != JSON_OBJECT)
            return -1;
        json_iter_init(&members, &reference);
        while (json_iter_next(&members, &name, &value)) {
            for (size_t i = 0; i < 2; i++) {
                if (bytes_are(name.string.data, name.string.len, names[i]))
                    found[i] = value;
            }
        }
        if (found[0].type != JSON_STRING || found[1].type != JSON_INT)
            return -1;
        put_reference_path(paths, found[0].string.data, found[1].integer);
        buf_putc(paths, '\0');
        count++;
    }
    return count;
}

// Gets the schema at a path, after those that it refers to. `done` holds the paths that were
// fetched, each ended by a NUL.
static enum registry_outcome get_texts(struct registry *r, const struct buf *path, unsigned depth,
                                       struct buf *done, struct registry_schema *schema,
                                       struct err *err);

static bool is_listed(const struct buf *list, const char *path)
{
    for (const char *at = list->data; at < list->data + list->len; at += strlen(at) + 1) {
        if (strcmp(at, path) == 0)
            return true;
    }
    return false;
}

static enum registry_outcome get_references(struct registry *r, const struct buf *paths,
                                            unsigned depth, struct buf *done,
                                            struct registry_schema *schema, struct err *err)
{
    enum registry_outcome outcome = REGISTRY_FOUND;

    for (const char *at = paths->data;
         outcome == REGISTRY_FOUND && at != NULL && at < paths->data + paths->len;
         at += strlen(at) + 1) {
        struct buf path = BUF_INIT;
        if (done->len > 0 && is_listed(done, at))
            continue;
        buf_append(done, at, strlen(at) + 1);
        buf_puts(&path, at);
        outcome = get_texts(r, &path, depth + 1, done, schema, err);
        buf_release(&path);
    }
    return outcome;
}

static enum registry_outcome get_texts(struct registry *r, const struct buf *path, unsigned depth,
                                       struct buf *done, struct registry_schema *schema,
                                       struct err *err)
{
    enum registry_outcome outcome = registry_ask(r, path, NULL, err);
    struct buf paths = BUF_INIT;

    if (outcome != REGISTRY_FOUND)
        return outcome;
    if (depth > REFERENCES_DEPTH || schema->count > REFERENCES_MAX)
        return registry_bad_answer(r, "refers to too many other schemas", err);
    const struct json_value text = registry_member(r, "schema"),
                            type = registry_member(r, "schemaType");
    if (text.type != JSON_STRING || list_references(r, &paths) < 0) {
        outcome = registry_bad_answer(r, "has no schema", err);
    } else {
        struct buf own = BUF_INIT;
        const struct json_value id = registry_member(r, "id");
        buf_append(&own, text.string.data, text.string.len);
        enum registry_type own_type = type_of(&type);
        int32_t own_id = json_is_count(&id, INT32_MAX) ? (int32_t)id.integer : -1;
        outcome = get_references(r, &paths, depth, done, schema, err);
        const struct json_value copy = {.type = JSON_STRING,
                                        .string = {own.data == NULL ? "" : own.data, own.len}};
        add_text(schema, &copy);
        schema->type = own_type;
        schema->id = own_id;
        buf_release(&own);
    }
    buf_release(&paths);
    return outcome;
}

static enum registry_outcome get_schema(struct registry *r, struct buf *path,
                                        struct registry_schema *schema, struct err *err)
{
    struct buf done = BUF_INIT;

    registry_schema_release(schema);
    enum registry_outcome outcome = get_texts(r, path, 0, &done, schema, err);
    buf_release(&done);
    buf_release(path);
    return outcome;
}

enum registry_outcome registry_by_id(struct registry *r, int32_t id, struct registry_schema *schema,
                                     struct err *err)
{
    struct buf path = BUF_INIT;

    buf_printf(&path, "/schemas/ids/%d", (int)id);
    enum registry_outcome outcome = get_schema(r, &path, schema, err);
    schema->id = id;
    return outcome;
}

enum registry_outcome registry_latest(struct registry *r, const char *subject,
                                      struct registry_schema *schema, struct err *err)
{
    struct buf path = BUF_INIT;

    buf_puts(&path, "/subjects/");
    http_put_encoded(&path, subject);
    buf_puts(&path, "/versions/latest");
    enum registry_outcome outcome = get_schema(r, &path, schema, err);
    if (outcome == REGISTRY_FOUND && schema->id < 0)
        return registry_bad_answer(r, "has no id", err);
    return outcome;
}

enum registry_outcome registry_find(struct registry *r, const char *subject,
                                    enum registry_type type, const struct buf *text, bool add,
                                    int32_t *id, struct err *err)
{
    struct buf path = BUF_INIT, body = BUF_INIT;

    buf_puts(&path, "/subjects/");
    http_put_encoded(&path, subject);
    buf_putc(&body, '{');
    json_put_member_string(&body, "schema", text->data, text->len);
    if (type == REGISTRY_JSON)
        json_put_member_text(&body, "schemaType", "JSON");
    buf_putc(&body, '}');
    enum registry_outcome outcome = registry_ask(r, &path, &body, err);
    if (outcome == REGISTRY_UNKNOWN && add) {
        buf_puts(&path, "/versions");
        outcome = registry_ask(r, &path, &body, err);
    }
    buf_release(&path);
    buf_release(&body);
    if (outcome != REGISTRY_FOUND)
        return outcome;
    const struct json_value value = registry_member(r, "id");
    if (!json_is_count(&value, INT32_MAX))
        return registry_bad_answer(r, "has no id", err);
    *id = (int32_t)value.integer;
    return REGISTRY_FOUND;
}
