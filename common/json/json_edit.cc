// SPDX-License-Identifier: BSD-2-Clause
#include <cstring>
#include <new>

#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

extern "C" {
#include "base/buf.h"
#include "base/xalloc.h"
}
#include "json/json_edit.h"
#include "json/json_write.h"

struct json_edit {
    simdjson::ondemand::parser parser;
};

json_edit *json_edit_new(void)
{
    json_edit *fresh = new (std::nothrow) json_edit;
    if (fresh == nullptr)
        xalloc_die(sizeof(json_edit));
    return fresh;
}

void json_edit_free(json_edit *edit)
{
    delete edit;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool json_edit_locate(json_edit *edit, const char *text, size_t len, const json_key *key,
                      size_t *start, size_t *end)
{
    namespace ondemand = simdjson::ondemand;
    ondemand::document document;
    ondemand::object object;
    bool found = false;

    if (edit->parser.iterate(text, len, len + BUF_PADDING).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS)
        return false;
    for (auto result : object) {
        ondemand::field field;
        std::string_view name;
        if (std::move(result).get(field) != simdjson::SUCCESS)
            return false;
        // A key with a lone surrogate cannot be unescaped, and cannot be the wanted one.
        if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
            name != std::string_view(key->name, key->len))
            continue;
        std::string_view token = field.value().raw_json_token();
        found = token[0] != '{' && token[0] != '[';
        if (!found)
            continue;
        while (is_space(token.back()))
            token.remove_suffix(1);
        *start = (size_t)(token.data() - text);
        *end = *start + token.size();
    }
    return found;
}

void json_edit_set_string(json_edit *edit, struct buf *b, const char *text, size_t len,
                          const json_key *key, const char *value, size_t value_len)
{
    size_t start, end;

    if (json_edit_locate(edit, text, len, key, &start, &end)) {
        buf_append(b, text, start);
        json_put_string(b, value, value_len);
        buf_append(b, text + end, len - end);
        return;
    }
    size_t brace = len - 1;
    while (text[brace] != '}')
        brace--;
    size_t last = brace; // the end of the last member, or of the opening brace
    while (is_space(text[last - 1]))
        last--;
    buf_append(b, text, last);
    json_put_key(b, key);
    json_put_string(b, value, value_len);
    buf_append(b, text + last, len - last);
}
