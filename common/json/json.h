// SPDX-License-Identifier: BSD-2-Clause
//
// json: a C interface to the JSON parser simdjson.
//
// A parser holds one text at a time. json_parse() checks the whole text (RFC 8259, valid UTF-8).
// The other calls read values from the result until the next json_parse(). The text is not changed,
// but up to JSON_PADDING bytes after it are read, so they must exist. struct buf and struct line
// have them. String values are unescaped copies in the parser's memory and are valid until the next
// json_parse().
//
// Valid text that simdjson cannot represent (integers over 64 bits, numbers beyond the range of a
// double, lone surrogates) is parsed from a copy. In the copy, json_relax() replaces such values
// with the ones that jq would use: the nearest double, and U+FFFD.
//
// One pass over an object finds all the fields that a tool wants:
//
//     static const struct json_key keys[] = {JSON_KEY("user_id"), JSON_KEY("ip")};
//     struct json_value field[2];
//     if (json_parse(json, line.data, line.len) == 0 && json_type(json) == JSON_OBJECT)
//         json_fields(json, keys, 2, field);
//     if (field[0].type == JSON_STRING) ...
//
// If a key occurs twice, the last value counts, as in jq.
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

#define JSON_PADDING BUF_PADDING
#define JSON_DEPTH_MAX 1024 // levels of nesting; an empty array or object is not a level

enum json_type {
    JSON_ABSENT, // no such key
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,    // fits int64_t
    JSON_UINT,   // over INT64_MAX, fits uint64_t
    JSON_DOUBLE, // written with a fraction or an exponent, or does not fit 64 bits
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_value {
    enum json_type type;
    union {
        bool boolean;
        int64_t integer;
        uint64_t uinteger;
        double number;
        struct {
            const char *data; // UTF-8; may hold NUL
            size_t len;
        } string;
    };
    const void *node[2]; // of an array or object, for json_iter_init()
};

struct json_key {
    const char *name;
    size_t len;
};

#define JSON_KEY(literal)                                                                          \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

// Returns the index of the key with that name, or count if there is none.
static inline size_t json_key_find(const struct json_key *keys, size_t count, const char *name,
                                   size_t len)
{
    size_t i = 0;

    while (i < count && !bytes_equal(keys[i].name, keys[i].len, name, len))
        i++;
    return i;
}

struct json;

struct json *json_new(void);
void json_free(struct json *json);

// Parses a text. Returns 0, or -1 if it is not exactly one JSON value; json_error() then gives the
// reason. If there is no memory, ends the process, as in xalloc.h.
int json_parse(struct json *json, const char *text, size_t len);

// Returns why the last json_parse() failed, as a constant string for a message.
const char *json_error(const struct json *json);

// Return the value that was parsed last, or only its type.
enum json_type json_type(const struct json *json);
struct json_value json_root(const struct json *json);

// Finds the values of `count` keys in the top-level object. Sets field[i] to the value of keys[i].
// Its type is JSON_ABSENT if the object has no such key, or if the parsed value is not an object.
void json_fields(const struct json *json, const struct json_key *keys, size_t count,
                 struct json_value *field);

// Finds a value by its path. A path is a list of keys separated by dots: geo.country is the member
// country of the object geo. A top-level key that equals the whole path takes precedence.
// value->type is JSON_ABSENT if there is no such value.
void json_path(const struct json *json, const struct json_key *path, struct json_value *value);

// Iterates over an array or object. json_iter_next() stores the next value and, for objects, its
// key. It returns false at the end. `key` may be NULL for arrays.
//
//     json_iter_init(&it, &value);
//     while (json_iter_next(&it, &key, &member)) ...
struct json_iter {
    const void *node[4];
    bool object;
};

void json_iter_init(struct json_iter *it, const struct json_value *container);
bool json_iter_next(struct json_iter *it, struct json_value *key, struct json_value *value);

// Calls visit() for each element of an array until it returns false. Returns whether the value is
// an array, and visit() has always returned true.
bool json_each(const struct json_value *list,
               bool (*visit)(void *ctx, const struct json_value *element), void *ctx);

// Returns whether the value is an integer from 0 to `most`.
bool json_is_count(const struct json_value *value, int64_t most);

// Returns the version of simdjson. It knows only the version for which this program was built.
const char *json_version(void);

// Returns whether the bytes are valid UTF-8.
bool json_utf8_valid(const char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
