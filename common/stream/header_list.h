// SPDX-License-Identifier: BSD-2-Clause
//
// header_list: reads the headers of a message from JSON.
//
//     struct header_list list = {0};
//     struct buf bytes = BUF_INIT;
//     buf_reserve(&bytes, HEADER_LIST_ROOM(text_len));
//     if (header_list_read(&list, &value, &bytes)) // [["h","v"],["null",null]]
//         use(list.header, list.count);
//     header_list_release(&list);
//
// A name is a string, and a value a string or null. Either may also be {"b64":"..."}, for bytes
// that are not UTF-8. The list borrows strings from the parser, and decoded bytes from `bytes`.
#ifndef STREAM_HEADER_LIST_H
#define STREAM_HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "json/json.h"
#include "stream/origin.h"

// Bytes that are enough for the headers in a JSON text. Decoded bytes are shorter than their text.
// A number of 3 characters and a comma may become 25.
#define HEADER_LIST_ROOM(text_len) (8 * (text_len) + 32)

struct header_list {
    bool takes_scalars; // a value may also be a number or a boolean: its JSON text
    struct origin_header *header;
    size_t count;
    size_t size; // private
};

void header_list_release(struct header_list *list);

// Read a list of pairs or, as kcat writes it, of names and values in turn; or the members of an
// object. Absent and null stand for no headers. `bytes` must have room for what is not in the
// parser, so that it does not move: HEADER_LIST_ROOM. Both return false if the value is something
// else.
bool header_list_read(struct header_list *list, const struct json_value *value, struct buf *bytes);
bool header_list_read_object(struct header_list *list, const struct json_value *value,
                             struct buf *bytes);

// Appends a header.
void header_list_add(struct header_list *list, const struct origin_header *header);

#endif
