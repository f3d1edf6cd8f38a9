// SPDX-License-Identifier: BSD-2-Clause
#include <cstring>
#include <new>
#include <string>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

extern "C" {
#include "base/buf.h"
#include "base/xalloc.h"
}
#include "json/json.h"
#include "json/json_relax.h"

namespace dom = simdjson::dom;

static_assert(JSON_PADDING >= simdjson::SIMDJSON_PADDING, "lines need more padding");
static_assert(JSON_DEPTH_MAX == 1024, "json_error() says 1024");

#define HINTS 256

struct json {
    dom::parser parser;
    dom::element root;
    simdjson::error_code error = simdjson::SUCCESS;
    struct buf copy = BUF_INIT;       // of a text that simdjson cannot represent
    mutable uint8_t hint[HINTS] = {}; // by hash of a name: where json_fields() last found the name
};

// An element is a pointer to the document and an index into its tape; json_value stores both in
// node.
static_assert(sizeof(dom::element) <= sizeof(((json_value *)nullptr)->node), "element grew");
static_assert(std::is_trivially_copyable<dom::element>::value, "element cannot be carried");

static void put_value(json_value *out, dom::element element)
{
    switch (element.type()) {
    case dom::element_type::NULL_VALUE:
        out->type = JSON_NULL;
        break;
    case dom::element_type::BOOL:
        out->type = JSON_BOOL;
        out->boolean = element.get_bool().value_unsafe();
        break;
    case dom::element_type::INT64:
        out->type = JSON_INT;
        out->integer = element.get_int64().value_unsafe();
        break;
    case dom::element_type::UINT64:
        out->type = JSON_UINT;
        out->uinteger = element.get_uint64().value_unsafe();
        break;
    case dom::element_type::DOUBLE:
        out->type = JSON_DOUBLE;
        out->number = element.get_double().value_unsafe();
        break;
    case dom::element_type::STRING: {
        std::string_view text = element.get_string().value_unsafe();
        out->type = JSON_STRING;
        out->string.data = text.data();
        out->string.len = text.size();
        break;
    }
    case dom::element_type::ARRAY:
    case dom::element_type::OBJECT:
        out->type = element.is_object() ? JSON_OBJECT : JSON_ARRAY;
        memcpy((void *)out->node, &element, sizeof element);
        break;
    }
}

json *json_new(void)
{
    json *fresh = new (std::nothrow) json;
    // simdjson refuses the level that reaches its limit, so the limit is one more.
    if (fresh == nullptr || fresh->parser.allocate(0, JSON_DEPTH_MAX + 1) != simdjson::SUCCESS)
        xalloc_die(sizeof(json));
    return fresh;
}

void json_free(json *json)
{
    if (json == nullptr)
        return;
    buf_release(&json->copy);
    delete json;
}

static void parse_into(json *json, const char *text, size_t len)
{
    // Newer versions of simdjson skip a byte order mark. RFC 8259, section 8.1, forbids it, and
    // other readers of the same bytes may fail on it.
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        json->error = simdjson::TAPE_ERROR;
        return;
    }
    json->error = json->parser.parse(text, len, false).get(json->root);
    if (json->error == simdjson::MEMALLOC)
        xalloc_die(len);
}

int json_parse(json *json, const char *text, size_t len)
{
    parse_into(json, text, len);
    if (json->error != simdjson::SUCCESS) {
        // For what it cannot represent, simdjson reports errors that differ between its versions.
        // So every text that fails is tried again.
        simdjson::error_code first = json->error;
        buf_clear(&json->copy);
        json_relax(&json->copy, text, len);
        parse_into(json, json->copy.data, json->copy.len);
        if (json->error != simdjson::SUCCESS)
            json->error = first;
    }
    return json->error == simdjson::SUCCESS ? 0 : -1;
}

const char *json_error(const json *json)
{
    switch (json->error) {
    case simdjson::EMPTY:
        return "empty";
    case simdjson::UTF8_ERROR:
        return "not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
        return "a control character in a string";
    case simdjson::UNCLOSED_STRING:
        return "a string without its closing quote";
    case simdjson::STRING_ERROR:
        return "a bad escape in a string";
    case simdjson::NUMBER_ERROR:
        return "a malformed number";
    case simdjson::DEPTH_ERROR:
        return "nested more than 1024 levels deep";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
        return "a misspelt true, false or null";
    case simdjson::CAPACITY:
        return "too large";
    default:
        return "malformed JSON";
    }
}

json_value json_root(const json *json)
{
    json_value value = {};
    put_value(&value, json->root);
    return value;
}

enum json_type json_type(const json *json)
{
    return json_root(json).type;
}

// Returns a hash of a name. It is cheap, and differs for most names of the same record.
static size_t hash_name(std::string_view name)
{
    // The parser has put NUL after the name.
    unsigned char first = (unsigned char)name.data()[0];
    unsigned char last = name.empty() ? 0 : (unsigned char)name.back();
    uint32_t mixed = (uint32_t)name.size() << 16 | (uint32_t)first << 8 | last;

    return mixed * UINT32_C(2654435769) >> 24;
}

static bool is_key(const json_key &key, std::string_view name)
{
    return key.len == name.size() && bytes_same(key.name, name.data(), key.len);
}

// Returns the index of the key with that name, or count if there is none. Records have the same
// names again and again, so the key is nearly always where one with the same hash was last found.
static size_t find_key(const json *json, const json_key *keys, size_t count, std::string_view name)
{
    uint8_t &hint = json->hint[hash_name(name)];
    size_t i = 0;

    if (hint < count && is_key(keys[hint], name))
        return hint;
    while (i < count && !is_key(keys[i], name))
        i++;
    if (i < count && i <= UINT8_MAX)
        hint = (uint8_t)i;
    return i;
}

void json_fields(const json *json, const json_key *keys, size_t count, json_value *field)
{
    dom::object object;

    for (size_t i = 0; i < count; i++)
        field[i].type = JSON_ABSENT;
    if (json->root.get(object) != simdjson::SUCCESS)
        return;
    for (auto it = object.begin(); it != object.end(); ++it) {
        size_t i = find_key(json, keys, count, it.key());
        if (i < count)
            put_value(&field[i], it.value());
    }
}

// Finds the last member of that name. Returns false if there is none.
static bool find_member(dom::element parent, std::string_view name, dom::element *member)
{
    dom::object object;
    bool found = false;

    if (parent.get(object) != simdjson::SUCCESS)
        return false;
    for (auto it = object.begin(); it != object.end(); ++it) {
        if (it.key() == name) {
            *member = it.value();
            found = true;
        }
    }
    return found;
}

void json_path(const json *json, const json_key *path, json_value *value)
{
    std::string_view rest(path->name, path->len);
    dom::element at = json->root;

    value->type = JSON_ABSENT;
    if (find_member(json->root, rest, &at)) {
        put_value(value, at);
        return;
    }
    for (;;) {
        size_t len = rest.find('.');
        if (!find_member(at, rest.substr(0, len), &at))
            return;
        if (len == std::string_view::npos)
            break;
        rest.remove_prefix(len + 1);
    }
    put_value(value, at);
}

// An iterator is a position on the tape and the end position. Both are trivially copyable, so
// json_iter can store them in node.
struct object_range {
    dom::object::iterator at, end;
};
struct array_range {
    dom::array::iterator at, end;
};
static_assert(sizeof(object_range) <= sizeof(((json_iter *)nullptr)->node), "iterator grew");
static_assert(sizeof(array_range) <= sizeof(((json_iter *)nullptr)->node), "iterator grew");

static dom::element element_of(const json_value *value)
{
    dom::element element;
    memcpy((void *)&element, value->node, sizeof element);
    return element;
}

void json_iter_init(json_iter *it, const json_value *container)
{
    dom::element element = element_of(container);

    it->object = container->type == JSON_OBJECT;
    if (it->object) {
        dom::object object = element.get_object().value_unsafe();
        new (it->node) object_range{object.begin(), object.end()};
    } else {
        dom::array array = element.get_array().value_unsafe();
        new (it->node) array_range{array.begin(), array.end()};
    }
}

bool json_iter_next(json_iter *it, json_value *key, json_value *value)
{
    if (it->object) {
        object_range *range = reinterpret_cast<object_range *>(it->node);
        if (!(range->at != range->end))
            return false;
        std::string_view name = range->at.key();
        key->type = JSON_STRING;
        key->string.data = name.data();
        key->string.len = name.size();
        put_value(value, range->at.value());
        ++range->at;
        return true;
    }
    array_range *range = reinterpret_cast<array_range *>(it->node);
    if (!(range->at != range->end))
        return false;
    put_value(value, *range->at);
    ++range->at;
    return true;
}

bool json_each(const json_value *list, bool (*visit)(void *ctx, const json_value *element),
               void *ctx)
{
    json_iter it;
    json_value key, element;

    if (list->type != JSON_ARRAY)
        return false;
    json_iter_init(&it, list);
    while (json_iter_next(&it, &key, &element)) {
        if (!visit(ctx, &element))
            return false;
    }
    return true;
}

bool json_is_count(const json_value *value, int64_t most)
{
    return value->type == JSON_INT && value->integer >= 0 && value->integer <= most;
}

bool json_utf8_valid(const char *data, size_t len)
{
    return simdjson::validate_utf8(data, len);
}

const char *json_version(void)
{
    static const std::string version = std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." +
                                       std::to_string(simdjson::SIMDJSON_VERSION_MINOR) + "." +
                                       std::to_string(simdjson::SIMDJSON_VERSION_REVISION) +
                                       " (when built)";

    return version.c_str();
}
