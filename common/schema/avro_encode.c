// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_encode.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "schema/avro_scalar.h"

#define DATA_MAX ((size_t)64 << 20)

struct avro_encoder {
    bool tagged;
    struct buf *data;
    struct avro_fault *fault;
    bool raw;         // within a default
    const char *text; // the value
    size_t len;
    bool judged;
    unsigned digits; // once it is judged: the bits of json_digits()
    unsigned depth;
    // A stack: the values of the fields of the records that are being encoded.
    struct json_value *slot;
    size_t used, size;
};

struct avro_encoder *avro_encoder_new(bool tagged)
{
    struct avro_encoder *e = xcalloc(1, sizeof *e);

    e->tagged = tagged;
    return e;
}

void avro_encoder_free(struct avro_encoder *e)
{
    if (e == NULL)
        return;
    free(e->slot);
    free(e);
}

// Returns how exactly a value is known: the bits of json_digits(). A default is taken as it is.
static unsigned digits_of(struct avro_encoder *e, const struct json_value *value)
{
    if (value->type != JSON_DOUBLE || e->raw)
        return 0;
    if (!e->judged)
        e->digits = json_digits(e->text, e->len);
    e->judged = true;
    return e->digits;
}

// Appends a value that is neither record nor array, map or union.
static int put_scalar(struct avro_encoder *e, const struct avro_node *node,
                      const struct json_value *value)
{
    return avro_scalar_put(e->data, node, value, e->raw, digits_of(e, value));
}

static const char *kind_of(const struct json_value *value)
{
    static const char *const names[] = {
        [JSON_ABSENT] = "nothing",     [JSON_NULL] = "null",        [JSON_BOOL] = "a boolean",
        [JSON_INT] = "an integer",     [JSON_UINT] = "an integer",  [JSON_DOUBLE] = "a number",
        [JSON_STRING] = "this string", [JSON_ARRAY] = "this array", [JSON_OBJECT] = "this object"};

    return names[value->type];
}

static int does_not_fit(struct avro_encoder *e, const struct avro_node *node,
                        const struct json_value *value)
{
    if (value->type == JSON_STRING)
        return avro_fault_set(e->fault, "the string '%.*s' does not fit %s",
                              (int)bytes_cut(value->string.data, value->string.len, 60),
                              value->string.data, node->name.text);
    if (value->type == JSON_INT)
        return avro_fault_set(e->fault, "%lld does not fit %s", (long long)value->integer,
                              node->name.text);
    bool exact = node->type == AVRO_INT || node->type == AVRO_LONG || node->logical == AVRO_DECIMAL;

    if (exact && digits_of(e, value) != 0)
        return avro_fault_set(e->fault,
                              "a number does not fit %s; the text has a number of more than 15 "
                              "digits: write it as a string",
                              node->name.text);
    return avro_fault_set(e->fault, "%s does not fit %s", kind_of(value), node->name.text);
}

static int encode(struct avro_encoder *e, const struct avro_node *node,
                  const struct json_value *value);

// --- Records ---

// Returns the index of a field. Members mostly have the order of the fields, so it is mostly
// `expected`. Returns the number of fields if there is none of that name.
static size_t find_field(const struct avro_node *record, const struct json_value *name,
                         size_t expected)
{
    for (size_t i = 0; i < record->count; i++) {
        const size_t index = (expected + i) % record->count;
        const struct avro_name *field = &record->field[index].name;
        if (bytes_equal(field->text, field->len, name->string.data, name->string.len))
            return index;
    }
    return record->count;
}

// Finds the values of all fields, and takes room for them from the stack. Sets *unknown to a member
// that is no field, if there is one. Returns the place of the values in the stack.
static size_t find_values(struct avro_encoder *e, const struct avro_node *record,
                          const struct json_value *value, struct json_value *unknown)
{
    const size_t base = e->used;
    struct json_value key, member;
    struct json_iter it;
    size_t expected = 0;

    if (e->size - e->used < record->count) {
        e->size = e->size * 2 + record->count;
        e->slot = xreallocarray(e->slot, e->size, sizeof *e->slot);
    }
    e->used += record->count;
    for (size_t i = 0; i < record->count; i++)
        e->slot[base + i].type = JSON_ABSENT;
    unknown->type = JSON_ABSENT;
    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &member)) {
        const size_t i = find_field(record, &key, expected);
        if (i == record->count) {
            *unknown = key;
        } else {
            e->slot[base + i] = member;
            expected = i + 1;
        }
    }
    return base;
}

// Returns whether an object has the members of a record, whatever their values are.
static bool has_fields(struct avro_encoder *e, const struct avro_node *record,
                       const struct json_value *value)
{
    struct json_value unknown;
    const size_t base = find_values(e, record, value, &unknown);
    bool fits = unknown.type == JSON_ABSENT;

    for (size_t i = 0; i < record->count; i++)
        fits = fits && (e->slot[base + i].type != JSON_ABSENT ||
                        record->field[i].value.type != JSON_ABSENT);
    e->used = base;
    return fits;
}

static int put_field(struct avro_encoder *e, const struct avro_field *field,
                     const struct json_value *value)
{
    const bool raw = e->raw;

    if (value->type != JSON_ABSENT)
        return encode(e, field->node, value);
    if (field->value.type == JSON_ABSENT)
        return avro_fault_set(e->fault, "is missing, and has no default");
    e->raw = true;
    int status = encode(e, field->node, &field->value);
    e->raw = raw;
    return status;
}

static int put_record(struct avro_encoder *e, const struct avro_node *record,
                      const struct json_value *value)
{
    struct json_value unknown;

    if (value->type != JSON_OBJECT)
        return does_not_fit(e, record, value);
    const size_t base = find_values(e, record, value, &unknown);
    if (unknown.type != JSON_ABSENT) {
        avro_fault_set(e->fault, "%s has no such field", record->name.text);
        return avro_fault_in_field(e->fault, unknown.string.data);
    }
    for (size_t i = 0; i < record->count; i++) {
        const struct json_value member = e->slot[base + i]; // the stack may move
        if (put_field(e, &record->field[i], &member) != 0)
            return avro_fault_in_field(e->fault, record->field[i].name.text);
    }
    e->used = base;
    return 0;
}

// --- Unions ---

static bool fits(struct avro_encoder *e, const struct avro_node *node,
                 const struct json_value *value)
{
    const size_t before = e->data->len;

    switch (node->type) {
    case AVRO_RECORD:
        return value->type == JSON_OBJECT && has_fields(e, node, value);
    case AVRO_MAP:
        return value->type == JSON_OBJECT;
    case AVRO_ARRAY:
        return value->type == JSON_ARRAY;
    default:
        if (put_scalar(e, node, value) != 0)
            return false;
        e->data->len = before;
        return true;
    }
}

static int put_plain_union(struct avro_encoder *e, const struct avro_node *node,
                           const struct json_value *value)
{
    for (size_t i = 0; i < node->count; i++) {
        if (fits(e, node->inner[i], value)) {
            avro_put_long(e->data, (int64_t)i);
            return encode(e, node->inner[i], value);
        }
    }
    return avro_fault_set(e->fault, "%s fits no branch of the union", kind_of(value));
}

// Finds the branch for null, or for an object whose only member is the name of the branch.
static int put_tagged_union(struct avro_encoder *e, const struct avro_node *node,
                            const struct json_value *value)
{
    struct json_value tag = {.type = JSON_STRING, .string = {"null", 4}}, member = *value, more;
    struct json_iter it;

    if (value->type == JSON_OBJECT) {
        json_iter_init(&it, value);
        if (!json_iter_next(&it, &tag, &member) || json_iter_next(&it, &more, &more))
            return avro_fault_set(e->fault, "is not an object with the name of a type");
    } else if (value->type != JSON_NULL) {
        return avro_fault_set(e->fault, "%s is not tagged with the name of its type",
                              kind_of(value));
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct avro_name *name = &node->inner[i]->name;
        if (!bytes_equal(name->text, name->len, tag.string.data, tag.string.len))
            continue;
        avro_put_long(e->data, (int64_t)i);
        return encode(e, node->inner[i], &member);
    }
    return avro_fault_set(e->fault, "the union has no type %.100s", tag.string.data);
}

// --- Arrays and maps ---

static size_t count_items(const struct json_value *container)
{
    struct json_value key, value;
    struct json_iter it;
    size_t count = 0;

    json_iter_init(&it, container);
    while (json_iter_next(&it, &key, &value))
        count++;
    return count;
}

static int put_items(struct avro_encoder *e, const struct avro_node *node,
                     const struct json_value *value)
{
    const bool map = node->type == AVRO_MAP;
    struct json_value key, item;
    struct json_iter it;
    size_t index = 0;

    if (value->type != (map ? JSON_OBJECT : JSON_ARRAY))
        return does_not_fit(e, node, value);
    const size_t count = count_items(value);
    if (count > 0)
        avro_put_long(e->data, (int64_t)count);
    json_iter_init(&it, value);
    for (; json_iter_next(&it, &key, &item); index++) {
        if (map)
            avro_put_string(e->data, key.string.data, key.string.len);
        if (encode(e, node->inner[0], &item) != 0)
            return map ? avro_fault_in_field(e->fault, key.string.data)
                       : avro_fault_in_item(e->fault, index);
    }
    avro_put_long(e->data, 0);
    return 0;
}

// Encodes a type that contains others. Defaults may be nested without end.
static int encode_inner(struct avro_encoder *e, const struct avro_node *node,
                        const struct json_value *value)
{
    int status;

    if (++e->depth > 2 * JSON_DEPTH_MAX)
        return avro_fault_set(e->fault, "nested too deep");
    if (node->type == AVRO_RECORD)
        status = put_record(e, node, value);
    else if (node->type != AVRO_UNION)
        status = put_items(e, node, value);
    else if (e->tagged && !e->raw)
        status = put_tagged_union(e, node, value);
    else
        status = put_plain_union(e, node, value);
    e->depth--;
    return status;
}

static int encode(struct avro_encoder *e, const struct avro_node *node,
                  const struct json_value *value)
{
    // Defaults within defaults may double the data at each level.
    if (e->data->len > DATA_MAX)
        return avro_fault_set(e->fault, "more than 64 MiB of Avro");
    if (node->type >= AVRO_ARRAY)
        return encode_inner(e, node, value);
    if (put_scalar(e, node, value) != 0)
        return does_not_fit(e, node, value);
    return 0;
}

int avro_encode(struct avro_encoder *e, const struct avro_node *root,
                const struct json_value *value, const char *text, size_t len, struct buf *data,
                struct avro_fault *fault)
{
    e->text = text;
    e->len = len;
    e->judged = false;
    e->data = data;
    e->fault = fault;
    e->used = 0;
    e->depth = 0;
    e->raw = false;
    return encode(e, root, value);
}
