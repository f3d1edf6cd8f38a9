// SPDX-License-Identifier: BSD-2-Clause
#include "stream/header_list.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

void header_list_release(struct header_list *list)
{
    free(list->header);
    *list = (struct header_list){0};
}

void header_list_add(struct header_list *list, const struct origin_header *header)
{
    if (list->count == list->size) {
        list->size = list->size == 0 ? 8 : 2 * list->size;
        list->header = xreallocarray(list->header, list->size, sizeof *list->header);
    }
    list->header[list->count++] = *header;
}

// Decodes {"b64":"..."}. Returns false if the value is something else.
static bool decode(const struct json_value *v, struct buf *bytes, const char **data, size_t *len)
{
    struct json_value key, b64;
    struct json_iter it;
    size_t start = bytes->len;

    if (v->type != JSON_OBJECT)
        return false;
    json_iter_init(&it, v);
    if (!json_iter_next(&it, &key, &b64) || !bytes_are(key.string.data, key.string.len, "b64") ||
        b64.type != JSON_STRING || buf_put_decoded(bytes, b64.string.data, b64.string.len) != 0)
        return false;
    *data = bytes->data + start;
    *len = bytes->len - start;
    return true;
}

// Reads the name or the value of a header.
static bool read_element(const struct json_value *v, struct buf *bytes, const char **data,
                         size_t *len)
{
    if (v->type != JSON_STRING)
        return decode(v, bytes, data, len);
    *data = v->string.data;
    *len = v->string.len;
    return true;
}

// Reads a number or a boolean. Returns false if the value is something else.
static bool read_scalar(const struct json_value *v, struct buf *bytes, const char **data,
                        size_t *len)
{
    size_t start = bytes->len;

    if (v->type == JSON_INT)
        buf_put_i64(bytes, v->integer);
    else if (v->type == JSON_UINT)
        buf_put_u64(bytes, v->uinteger);
    else if (v->type == JSON_DOUBLE)
        json_put_double(bytes, v->number);
    else if (v->type == JSON_BOOL)
        buf_puts(bytes, v->boolean ? "true" : "false");
    else
        return false;
    *data = bytes->data + start;
    *len = bytes->len - start;
    return true;
}

static bool read_header(struct header_list *list, const struct json_value *name,
                        const struct json_value *value, struct buf *bytes)
{
    struct origin_header h = {0};

    if (!read_element(name, bytes, &h.name, &h.name_len))
        return false;
    if (value->type != JSON_NULL && !read_element(value, bytes, &h.value, &h.value_len) &&
        !(list->takes_scalars && read_scalar(value, bytes, &h.value, &h.value_len)))
        return false;
    header_list_add(list, &h);
    return true;
}

// Starts a list. Returns false if the value stands for no headers.
static bool begin(struct header_list *list, const struct json_value *value)
{
    list->count = 0;
    return value->type != JSON_ABSENT && value->type != JSON_NULL;
}

bool header_list_read(struct header_list *list, const struct json_value *value, struct buf *bytes)
{
    struct json_value first, second;
    struct json_iter it, pair;

    if (!begin(list, value))
        return true;
    if (value->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, value);
    while (json_iter_next(&it, NULL, &first)) {
        bool is_pair = first.type == JSON_ARRAY;
        if (is_pair) {
            json_iter_init(&pair, &first);
            if (!json_iter_next(&pair, NULL, &first) || !json_iter_next(&pair, NULL, &second))
                return false;
        } else if (!json_iter_next(&it, NULL, &second)) {
            return false;
        }
        if (!read_header(list, &first, &second, bytes) ||
            (is_pair && json_iter_next(&pair, NULL, &first)))
            return false;
    }
    return true;
}

bool header_list_read_object(struct header_list *list, const struct json_value *value,
                             struct buf *bytes)
{
    struct json_value name, member;
    struct json_iter it;

    if (!begin(list, value))
        return true;
    if (value->type != JSON_OBJECT)
        return false;
    json_iter_init(&it, value);
    while (json_iter_next(&it, &name, &member)) {
        if (!read_header(list, &name, &member, bytes))
            return false;
    }
    return true;
}
