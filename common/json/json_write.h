// SPDX-License-Identifier: BSD-2-Clause
//
// json_write: appends JSON text to a buffer, value by value or member by member.
//
// The functions append to what the buffer holds, and never fail. They put a comma before a member
// or element where one is needed: unless the buffer is empty or its last byte is "{" or "[". The
// caller writes the brackets. All text must be valid UTF-8; it is escaped as needed.
//
//     buf_putc(b, '{');
//     json_put_member_text(b, "tool", "loginclean");
//     json_put_member_u64(b, "in", 1000);
//     json_put_name(b, "reasons");
//     buf_putc(b, '[');
//     for (size_t i = 0; i < count; i++) {
//         json_put_comma(b);
//         json_put_string(b, reason[i], strlen(reason[i]));
//     }
//     buf_puts(b, "]}"); // {"tool":"loginclean","in":1000,"reasons":["bad_ip","empty"]}
#ifndef JSON_JSON_WRITE_H
#define JSON_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"

#ifdef __cplusplus
extern "C" {
#endif

// Appends a JSON string, quoted and escaped.
void json_put_string(struct buf *b, const char *data, size_t len);

// Appends a part of a JSON string: escaped, but not quoted.
void json_put_escaped(struct buf *b, const char *data, size_t len);

// Appends a number as the shortest text that reads back as the same double. The number must be
// finite.
void json_put_double(struct buf *b, double number);

// The same for a float: the text reads back as the same float, and may be shorter.
void json_put_float(struct buf *b, float number);

// Appends a moment, in ms since 1970, as a string: RFC 3339 in UTC, as time_format() writes it.
void json_put_time(struct buf *b, int64_t ms);

// Appends the comma between the last member or element and the next one. Appends nothing before the
// first one.
void json_put_comma(struct buf *b);

// Append a member's comma, name and colon. The caller then appends the value.
void json_put_name(struct buf *b, const char *name);
void json_put_key(struct buf *b, const struct json_key *key);

// Append a whole member. The text ends with a NUL. The time is in ms since 1970, as for
// json_put_time().
void json_put_member_string(struct buf *b, const char *name, const char *data, size_t len);
void json_put_member_text(struct buf *b, const char *name, const char *text);
void json_put_member_u64(struct buf *b, const char *name, uint64_t n);
void json_put_member_i64(struct buf *b, const char *name, int64_t n);
void json_put_member_bool(struct buf *b, const char *name, bool value);
void json_put_member_time(struct buf *b, const char *name, int64_t ms);

#ifdef __cplusplus
}
#endif

#endif
