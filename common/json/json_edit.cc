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

// Sets *text to the text of a value, without white space after it.
static simdjson::error_code get_text(simdjson::ondemand::value value, std::string_view *text)
{
    simdjson::ondemand::object object;
    simdjson::ondemand::array array;
    simdjson::error_code error = simdjson::SUCCESS;

    *text = value.raw_json_token();
    if ((*text)[0] == '{' && (error = value.get_object().get(object)) == simdjson::SUCCESS)
        error = object.raw_json().get(*text);
    else if ((*text)[0] == '[' && (error = value.get_array().get(array)) == simdjson::SUCCESS)
        error = array.raw_json().get(*text);
    while (is_space(text->back()))
        text->remove_suffix(1);
    return error;
}

bool json_edit_find(json_edit *edit, const char *text, size_t len, const json_key *key,
                    json_span *span)
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
        std::string_view name, value;
        if (std::move(result).get(field) != simdjson::SUCCESS)
            return false;
        const char *raw = field.key().raw();
        // A key with a lone surrogate cannot be unescaped, and cannot be the wanted one.
        if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
            name != std::string_view(key->name, key->len))
            continue;
        if (get_text(field.value(), &value) != simdjson::SUCCESS)
            return false;
        span->name = (size_t)(raw - text) - 1;
        span->start = (size_t)(value.data() - text);
        span->end = span->start + value.size();
        found = true;
    }
    return found;
}

bool json_edit_locate(json_edit *edit, const char *text, size_t len, const json_key *key,
                      size_t *start, size_t *end)
{
    json_span span;

    if (!json_edit_find(edit, text, len, key, &span) || text[span.start] == '{' ||
        text[span.start] == '[')
        return false;
    *start = span.start;
    *end = span.end;
    return true;
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
