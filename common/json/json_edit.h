// SPDX-License-Identifier: BSD-2-Clause
//
// json_edit: finds and replaces the value of one top-level key in a JSON object, and leaves all
// other bytes of its text as they are.
//
// The text must be a valid object, as checked by json_parse(), and must be followed by JSON_PADDING
// readable bytes. The editor holds only working memory, so one editor can be used for any number of
// texts.
//
//     struct json_edit *edit = json_edit_new();
//     json_edit_set_string(edit, &out, line->data, line->len, &key, "unknown", 7);
//     json_edit_free(edit);
#ifndef JSON_JSON_EDIT_H
#define JSON_JSON_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"

#ifdef __cplusplus
extern "C" {
#endif

struct json_edit;

// If there is no memory, ends the process, as in xalloc.h.
struct json_edit *json_edit_new(void);
void json_edit_free(struct json_edit *edit);

// Where a member stands in a text: text[name] is the quote before its key, and the value is
// text[start] to text[end - 1].
struct json_span {
    size_t name, start, end;
};

// Finds the last top-level member with this key. Returns false if there is no such member.
bool json_edit_find(struct json_edit *edit, const char *text, size_t len,
                    const struct json_key *key, struct json_span *span);

// Finds the value of the last top-level member with this key. The value is text[*start] to
// text[*end - 1]. Returns false when there is no such member, or when its value is an object or
// array.
bool json_edit_locate(struct json_edit *edit, const char *text, size_t len,
                      const struct json_key *key, size_t *start, size_t *end);

// Appends the object to b, with the member set to a string. The string must be valid UTF-8. It
// replaces the value that json_edit_locate() finds. If there is none, the member is added at the
// end.
void json_edit_set_string(struct json_edit *edit, struct buf *b, const char *text, size_t len,
                          const struct json_key *key, const char *value, size_t value_len);

#ifdef __cplusplus
}
#endif

#endif
