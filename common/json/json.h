// SPDX-License-Identifier: BSD-2-Clause
//
// json: parsing by simdjson, behind a C interface.
//
// A parser takes one text at a time, checks all of it (RFC 8259, valid UTF-8), and answers
// questions about the result until the next parse. It reads the text in place and never changes
// it, but reads up to JSON_PADDING bytes behind it, which must be there (struct buf and struct
// line have them). Strings are unescaped into the parser's memory and die with the next parse.
//
// Valid text that simdjson cannot represent (integers over 64 bits, numbers beyond the range of a
// double, lone surrogates) is parsed from a copy in which json_relax() has replaced those by what
// jq makes of them: the nearest double, and U+FFFD.
//
// One walk over an object finds all the fields that a tool knows:
//
//     static const struct json_key keys[] = {JSON_KEY("user_id"), JSON_KEY("ip")};
//     struct json_value field[2];
//     if (json_parse(json, line.data, line.len) == 0 && json_type(json) == JSON_OBJECT)
//         json_fields(json, keys, 2, field);
//     if (field[0].type == JSON_STRING) ...
//
// Where a key occurs twice the last one counts, as in jq.
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

enum json_type {
    JSON_ABSENT, // no such key
    JSON_NULL,
    JSON_BOOL,
    JSON_INT,    // fits int64_t
    JSON_UINT,   // over INT64_MAX, fits uint64_t
    JSON_DOUBLE, // written with a fraction or an exponent, or beyond 64 bits
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
            const char *data; // UTF-8, may hold NUL
            size_t len;
        } string;
    };
    const void *node[2]; // for json_iter
};

struct json_key {
    const char *name;
    size_t len;
};

#define JSON_KEY(literal)                                                                          \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

// The index of the key with this name, or count.
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

// Returns 0, or -1 when the text is not one JSON value; json_error() then says why. Running out
// of memory ends the process, as xalloc does.
int json_parse(struct json *json, const char *text, size_t len);

const char *json_error(const struct json *json);

// Of the value that was parsed last.
enum json_type json_type(const struct json *json);
struct json_value json_root(const struct json *json);

// Finds count keys of the top-level object; field[i].type is JSON_ABSENT where there is none.
void json_fields(const struct json *json, const struct json_key *keys, size_t count,
                 struct json_value *field);

// Finds a value by a path of keys with dots between them: geo.country is the country of the object
// geo. A top-level key that is written like the whole path comes before that. value->type is
// JSON_ABSENT where there is none.
void json_path(const struct json *json, const struct json_key *path, struct json_value *value);

// Steps through an array or object. For arrays *key is left alone.
struct json_iter {
    const void *node[4];
    bool object;
};

void json_iter_init(struct json_iter *it, const struct json_value *container);
bool json_iter_next(struct json_iter *it, struct json_value *key, struct json_value *value);

// Whether the bytes are valid UTF-8.
bool json_utf8_valid(const char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
