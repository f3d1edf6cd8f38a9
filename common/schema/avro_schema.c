// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

#define PRECISION_MAX 1000 // digits of a decimal

struct avro_schema {
    struct avro_node **node; // owned
    size_t count;
    struct json **json; // owned: hold the defaults
    size_t json_count;
    const struct avro_node *root;
};

struct parser {
    struct avro_schema *schema;
    struct err *err;
};

static const char *const primitives[] = {
    [AVRO_NULL] = "null",   [AVRO_BOOLEAN] = "boolean", [AVRO_INT] = "int",
    [AVRO_LONG] = "long",   [AVRO_FLOAT] = "float",     [AVRO_DOUBLE] = "double",
    [AVRO_BYTES] = "bytes", [AVRO_STRING] = "string"};

struct avro_schema *avro_schema_new(void)
{
    return xcalloc(1, sizeof(struct avro_schema));
}

static void name_release(struct avro_name *name)
{
    free(name->text);
    buf_release(&name->quoted);
}

static void node_free(struct avro_node *node)
{
    for (size_t i = 0; node->field != NULL && i < node->count; i++)
        name_release(&node->field[i].name);
    for (size_t i = 0; node->symbol != NULL && i < node->count; i++)
        name_release(&node->symbol[i]);
    name_release(&node->name);
    free(node->field);
    free(node->symbol);
    free(node->inner);
    free(node);
}

void avro_schema_free(struct avro_schema *schema)
{
    if (schema == NULL)
        return;
    for (size_t i = 0; i < schema->count; i++)
        node_free(schema->node[i]);
    for (size_t i = 0; i < schema->json_count; i++)
        json_free(schema->json[i]);
    free(schema->node);
    free(schema->json);
    free(schema);
}

const struct avro_node *avro_schema_root(const struct avro_schema *schema)
{
    return schema->root;
}

static void name_set(struct avro_name *name, const char *text, size_t len)
{
    name->text = xstrndup(text, len);
    name->len = len;
    json_put_string(&name->quoted, text, len);
}

// --- Reading JSON ---

// Finds a member of an object. Its type is JSON_ABSENT if there is none.
static struct json_value member(const struct json_value *object, const char *name)
{
    struct json_value found = {.type = JSON_ABSENT}, key, value;
    struct json_iter it;

    json_iter_init(&it, object);
    while (json_iter_next(&it, &key, &value)) {
        if (bytes_are(key.string.data, key.string.len, name))
            found = value;
    }
    return found;
}

static bool is_text(const struct json_value *value, const char *text)
{
    return value->type == JSON_STRING && bytes_are(value->string.data, value->string.len, text);
}

static size_t count_elements(const struct json_value *array)
{
    struct json_value key, value;
    struct json_iter it;
    size_t count = 0;

    json_iter_init(&it, array);
    while (json_iter_next(&it, &key, &value))
        count++;
    return count;
}

// --- Types ---

static const struct avro_node *parse_type(struct parser *p, const struct json_value *value,
                                          const struct avro_name *space);

static struct avro_node *node_new(struct parser *p, enum avro_type type)
{
    struct avro_schema *s = p->schema;
    struct avro_node *node = xcalloc(1, sizeof *node);

    node->type = type;
    s->node = xreallocarray(s->node, s->count + 1, sizeof(struct avro_node *));
    s->node[s->count++] = node;
    return node;
}

static const struct avro_node *find_named(const struct parser *p, const char *name, size_t len)
{
    for (size_t i = 0; i < p->schema->count; i++) {
        const struct avro_node *node = p->schema->node[i];
        if ((node->type == AVRO_FIXED || node->type == AVRO_ENUM || node->type == AVRO_RECORD) &&
            bytes_equal(node->name.text, node->name.len, name, len))
            return node;
    }
    return NULL;
}

// Returns the length of the namespace in a full name.
static size_t space_len(const struct avro_name *name)
{
    const char *dot = name->len == 0 ? NULL : memrchr(name->text, '.', name->len);

    return dot == NULL ? 0 : (size_t)(dot - name->text);
}

// Appends the full name that a name has within the namespace of the type `outer`.
static void put_full_name(struct buf *b, const struct json_value *name,
                          const struct json_value *space, const struct avro_name *outer)
{
    if (memchr(name->string.data, '.', name->string.len) == NULL) {
        if (space->type == JSON_STRING)
            buf_append(b, space->string.data, space->string.len);
        else if (outer != NULL)
            buf_append(b, outer->text, space_len(outer));
        if (b->len > 0)
            buf_putc(b, '.');
    }
    buf_append(b, name->string.data, name->string.len);
}

// Returns the type that a name stands for.
static const struct avro_node *parse_name(struct parser *p, const struct json_value *name,
                                          const struct avro_name *outer)
{
    const struct json_value none = {.type = JSON_ABSENT};
    struct buf full = BUF_INIT;
    const struct avro_node *node;

    for (size_t i = 0; i < sizeof primitives / sizeof *primitives; i++) {
        if (!is_text(name, primitives[i]))
            continue;
        struct avro_node *primitive = node_new(p, (enum avro_type)i);
        name_set(&primitive->name, primitives[i], strlen(primitives[i]));
        return primitive;
    }
    put_full_name(&full, name, &none, outer);
    node = find_named(p, full.data, full.len);
    if (node == NULL)
        node = find_named(p, name->string.data, name->string.len);
    if (node == NULL)
        err_set(p->err, EX_CONFIG, "unknown type %.100s", name->string.data);
    buf_release(&full);
    return node;
}

// Sets the full name of a new type. Returns 0, or -1 if it has none or it is taken.
static int parse_own_name(struct parser *p, struct avro_node *node, const struct json_value *value,
                          const struct avro_name *outer)
{
    const struct json_value name = member(value, "name"), space = member(value, "namespace");
    struct buf full = BUF_INIT;
    int status = 0;

    if (name.type != JSON_STRING || name.string.len == 0)
        return err_set(p->err, EX_CONFIG, "a record, enum or fixed without a name");
    put_full_name(&full, &name, &space, outer);
    if (find_named(p, full.data, full.len) != NULL)
        status = err_set(p->err, EX_CONFIG, "two types have the name %.100s", name.string.data);
    else
        name_set(&node->name, full.data, full.len);
    buf_release(&full);
    return status;
}

static int parse_field(struct parser *p, struct avro_node *record, const struct json_value *value)
{
    struct avro_field *field = &record->field[record->count];
    struct json_value name, type;

    if (value->type != JSON_OBJECT || (name = member(value, "name")).type != JSON_STRING)
        return err_set(p->err, EX_CONFIG, "%.100s: a field without a name", record->name.text);
    for (size_t i = 0; i < record->count; i++) {
        if (bytes_equal(record->field[i].name.text, record->field[i].name.len, name.string.data,
                        name.string.len))
            return err_set(p->err, EX_CONFIG, "%.100s: two fields have the name %.100s",
                           record->name.text, name.string.data);
    }
    name_set(&field->name, name.string.data, name.string.len);
    record->count++;
    field->value = member(value, "default");
    type = member(value, "type");
    field->node = parse_type(p, &type, &record->name);
    return field->node == NULL ? -1 : 0;
}

static int parse_record(struct parser *p, struct avro_node *record, const struct json_value *value)
{
    const struct json_value fields = member(value, "fields");
    struct json_value key, field;
    struct json_iter it;

    if (fields.type != JSON_ARRAY)
        return err_set(p->err, EX_CONFIG, "%.100s: a record without fields", record->name.text);
    record->field = xcalloc(count_elements(&fields), sizeof *record->field);
    json_iter_init(&it, &fields);
    while (json_iter_next(&it, &key, &field)) {
        if (parse_field(p, record, &field) != 0)
            return -1;
    }
    return 0;
}

static int parse_enum(struct parser *p, struct avro_node *node, const struct json_value *value)
{
    const struct json_value symbols = member(value, "symbols");
    struct json_value key, symbol;
    struct json_iter it;

    if (symbols.type != JSON_ARRAY)
        return err_set(p->err, EX_CONFIG, "%.100s: an enum without symbols", node->name.text);
    node->symbol = xcalloc(count_elements(&symbols), sizeof *node->symbol);
    json_iter_init(&it, &symbols);
    while (json_iter_next(&it, &key, &symbol)) {
        if (symbol.type != JSON_STRING)
            return err_set(p->err, EX_CONFIG, "%.100s: a symbol that is not a string",
                           node->name.text);
        name_set(&node->symbol[node->count++], symbol.string.data, symbol.string.len);
    }
    return 0;
}

static int parse_fixed(struct parser *p, struct avro_node *node, const struct json_value *value)
{
    const struct json_value size = member(value, "size");

    if (!json_is_count(&size, INT32_MAX))
        return err_set(p->err, EX_CONFIG, "%.100s: a fixed without a size", node->name.text);
    node->size = (size_t)size.integer;
    return 0;
}

static const struct avro_node *parse_container(struct parser *p, enum avro_type type,
                                               const struct json_value *value,
                                               const struct avro_name *outer)
{
    struct avro_node *node = node_new(p, type);
    const struct json_value items = member(value, type == AVRO_MAP ? "values" : "items");

    name_set(&node->name, type == AVRO_MAP ? "map" : "array", type == AVRO_MAP ? 3 : 5);
    node->inner = xcalloc(1, sizeof(struct avro_node *));
    node->inner[0] = parse_type(p, &items, outer);
    return node->inner[0] == NULL ? NULL : node;
}

// Returns whether a union may not have both branches: without names, it has one of each type.
static bool are_same(const struct avro_node *a, const struct avro_node *b)
{
    return a->type == b->type && bytes_equal(a->name.text, a->name.len, b->name.text, b->name.len);
}

static const struct avro_node *parse_union(struct parser *p, const struct json_value *value,
                                           const struct avro_name *outer)
{
    struct avro_node *node = node_new(p, AVRO_UNION);
    struct json_value key, branch;
    struct json_iter it;

    name_set(&node->name, "union", 5);
    node->inner = xcalloc(count_elements(value), sizeof(struct avro_node *));
    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &branch)) {
        const struct avro_node *inner = parse_type(p, &branch, outer);
        if (inner == NULL)
            return NULL;
        if (inner->type == AVRO_UNION) {
            err_set(p->err, EX_CONFIG, "a union within a union");
            return NULL;
        }
        for (size_t i = 0; i < node->count; i++) {
            if (are_same(node->inner[i], inner)) {
                err_set(p->err, EX_CONFIG, "a union that has %.100s twice", inner->name.text);
                return NULL;
            }
        }
        node->inner[node->count++] = inner;
    }
    return node;
}

// --- Logical types ---

static bool is_decimal(struct avro_node *node, const struct json_value *value)
{
    const struct json_value precision = member(value, "precision"), scale = member(value, "scale");

    if (!json_is_count(&precision, PRECISION_MAX) || precision.integer == 0 ||
        (scale.type != JSON_ABSENT && !json_is_count(&scale, precision.integer)))
        return false;
    node->precision = (unsigned)precision.integer;
    node->scale = scale.type == JSON_ABSENT ? 0 : (unsigned)scale.integer;
    return node->type == AVRO_BYTES || node->type == AVRO_FIXED;
}

static void parse_logical(struct avro_node *node, const struct json_value *value)
{
    static const struct {
        const char *name;
        enum avro_logical logical;
        enum avro_type type;
    } table[] = {
        {"uuid", AVRO_UUID, AVRO_STRING},
        {"date", AVRO_DATE, AVRO_INT},
        {"time-millis", AVRO_TIME_MILLIS, AVRO_INT},
        {"time-micros", AVRO_TIME_MICROS, AVRO_LONG},
        {"timestamp-millis", AVRO_TIMESTAMP_MILLIS, AVRO_LONG},
        {"timestamp-micros", AVRO_TIMESTAMP_MICROS, AVRO_LONG},
        {"timestamp-nanos", AVRO_TIMESTAMP_NANOS, AVRO_LONG},
        {"local-timestamp-millis", AVRO_LOCAL_MILLIS, AVRO_LONG},
        {"local-timestamp-micros", AVRO_LOCAL_MICROS, AVRO_LONG},
        {"local-timestamp-nanos", AVRO_LOCAL_NANOS, AVRO_LONG},
    };
    const struct json_value name = member(value, "logicalType");

    if (is_text(&name, "decimal") && is_decimal(node, value))
        node->logical = AVRO_DECIMAL;
    if (is_text(&name, "duration") && node->type == AVRO_FIXED && node->size == 12)
        node->logical = AVRO_DURATION;
    if (is_text(&name, "uuid") && node->type == AVRO_FIXED && node->size == 16)
        node->logical = AVRO_UUID;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (is_text(&name, table[i].name) && node->type == table[i].type)
            node->logical = table[i].logical;
    }
}

// --- All types ---

static const struct avro_node *parse_definition(struct parser *p, enum avro_type type,
                                                const struct json_value *value,
                                                const struct avro_name *outer)
{
    static int (*const parse[])(struct parser *, struct avro_node *, const struct json_value *) = {
        [AVRO_FIXED] = parse_fixed, [AVRO_ENUM] = parse_enum, [AVRO_RECORD] = parse_record};
    struct avro_node *node = node_new(p, type);

    if (parse_own_name(p, node, value, outer) != 0 || parse[type](p, node, value) != 0)
        return NULL;
    parse_logical(node, value);
    return node;
}

static const struct avro_node *parse_object(struct parser *p, const struct json_value *value,
                                            const struct avro_name *outer)
{
    const struct json_value type = member(value, "type");

    if (is_text(&type, "record") || is_text(&type, "error"))
        return parse_definition(p, AVRO_RECORD, value, outer);
    if (is_text(&type, "enum"))
        return parse_definition(p, AVRO_ENUM, value, outer);
    if (is_text(&type, "fixed"))
        return parse_definition(p, AVRO_FIXED, value, outer);
    if (is_text(&type, "array") || is_text(&type, "map"))
        return parse_container(p, is_text(&type, "map") ? AVRO_MAP : AVRO_ARRAY, value, outer);
    size_t before = p->schema->count;
    const struct avro_node *node = parse_type(p, &type, outer);
    // A primitive type that this object has made may have a logical type.
    if (node != NULL && type.type == JSON_STRING && p->schema->count > before)
        parse_logical(p->schema->node[before], value);
    return node;
}

static const struct avro_node *parse_type(struct parser *p, const struct json_value *value,
                                          const struct avro_name *outer)
{
    if (value->type == JSON_STRING)
        return parse_name(p, value, outer);
    if (value->type == JSON_OBJECT)
        return parse_object(p, value, outer);
    if (value->type == JSON_ARRAY)
        return parse_union(p, value, outer);
    err_set(p->err, EX_CONFIG, "%s",
            value->type == JSON_ABSENT ? "a type is missing"
                                       : "a type that is no JSON string, "
                                         "object or array");
    return NULL;
}

int avro_schema_parse(struct avro_schema *schema, const char *text, size_t len, struct err *err)
{
    struct parser p = {schema, err};
    struct json *json = json_new();
    struct buf copy = BUF_INIT;

    schema->json = xreallocarray(schema->json, schema->json_count + 1, sizeof(struct json *));
    schema->json[schema->json_count++] = json;
    buf_append(&copy, text, len); // with the padding that json_parse() needs
    buf_reserve(&copy, 1);
    int status = json_parse(json, copy.data, len);
    buf_release(&copy);
    if (status != 0)
        return err_set(err, EX_CONFIG, "not JSON: %s", json_error(json));
    const struct json_value root = json_root(json);
    schema->root = parse_type(&p, &root, NULL);
    return schema->root == NULL ? -1 : 0;
}
