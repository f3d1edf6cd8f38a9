// SPDX-License-Identifier: BSD-2-Clause
#include "json/filter_memo.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/xalloc.h"

#define ENTRIES 1024
#define KEY_MAX 61 // bytes; an entry has the size of a cache line

struct entry {
    bool holds_answer;
    bool passes; // the answer
    unsigned char len;
    char key[KEY_MAX];
};

struct filter_memo {
    struct entry entry[ENTRIES];
    struct entry wanted; // what the last filter_memo_find() looked for
    bool fits;           // an entry can hold its key
};

struct filter_memo *filter_memo_new(void)
{
    return xcalloc(1, sizeof(struct filter_memo));
}

void filter_memo_free(struct filter_memo *memo)
{
    free(memo);
}

static bool key_append(struct entry *e, const void *data, size_t len)
{
    if (len > KEY_MAX - (size_t)e->len)
        return false;
    memcpy(e->key + e->len, data, len);
    e->len = (unsigned char)(e->len + len);
    return true;
}

// Appends a value in such a way that the keys of different values differ. Returns false if the
// value is an array or object, or is too long.
static bool key_append_value(struct entry *e, const struct json_value *value)
{
    const unsigned char type = (unsigned char)value->type;
    unsigned char len;

    if (!key_append(e, &type, 1))
        return false;
    switch (value->type) {
    case JSON_ABSENT:
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return key_append(e, &value->boolean, sizeof value->boolean);
    case JSON_INT:
        return key_append(e, &value->integer, sizeof value->integer);
    case JSON_UINT:
        return key_append(e, &value->uinteger, sizeof value->uinteger);
    case JSON_DOUBLE:
        return key_append(e, &value->number, sizeof value->number);
    case JSON_STRING:
        if (value->string.len > KEY_MAX)
            return false;
        len = (unsigned char)value->string.len;
        return key_append(e, &len, 1) && key_append(e, value->string.data, len);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return false;
}

static struct entry *entry_of(struct filter_memo *memo, const struct entry *wanted)
{
    return &memo->entry[XXH3_64bits(wanted->key, wanted->len) % ENTRIES];
}

bool filter_memo_find(struct filter_memo *memo, const struct json_value *values, size_t count,
                      bool *passes)
{
    struct entry *wanted = &memo->wanted;

    wanted->len = 0;
    memo->fits = true;
    for (size_t i = 0; i < count && memo->fits; i++)
        memo->fits = key_append_value(wanted, &values[i]);
    if (!memo->fits)
        return false;
    const struct entry *e = entry_of(memo, wanted);
    if (!e->holds_answer || !bytes_equal(e->key, e->len, wanted->key, wanted->len))
        return false;
    *passes = e->passes;
    return true;
}

void filter_memo_put(struct filter_memo *memo, bool passes)
{
    if (!memo->fits)
        return;
    memo->wanted.holds_answer = true;
    memo->wanted.passes = passes;
    *entry_of(memo, &memo->wanted) = memo->wanted;
}
