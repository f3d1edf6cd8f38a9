// SPDX-License-Identifier: BSD-2-Clause
//
// html: appends text, numbers and times to an HTML page, so that nothing in the data becomes part
// of the page's markup.
//
// All text must be valid UTF-8. The functions escape it, so what they append may stand in an
// element, in the title of an SVG shape, and in an attribute in double quotes.
//
//     buf_puts(b, "<td title=\"");
//     html_put_value(b, value, 200);
//     buf_puts(b, "\"><bdi>");
//     html_put_value(b, value, 40);
//     buf_puts(b, "</bdi><td>");
//     buf_put_grouped(b, 1234567); // 1,234,567
#ifndef VIEW_HTML_H
#define VIEW_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "view/value_list.h"

// Appends a text of ours, or one that a user has given.
void html_put_text(struct buf *b, const char *text);

// Appends a value from the data: at most `most` characters, and then an ellipsis. Characters that
// nobody can see, or that change how others are shown, are replaced with a sign or with their
// number: control characters, direction marks, characters without width. An empty value becomes
// "(empty)". Put it into <bdi>, so that its direction does not affect its neighbours.
void html_put_value(struct buf *b, struct value_text value, size_t most);

// The same in <bdi>. If the value is cut, more of it is in the element's title.
void html_put_bdi(struct buf *b, struct value_text value, size_t most);

// Returns the number of characters of a text.
size_t html_characters(struct value_text text);

// Appends "12.3 %".
void html_put_share(struct buf *b, uint64_t part, uint64_t whole);

// Appends a moment in UTC: "2023-09-12 00:45", with seconds unless they are 0, or only the date if
// `day` is true and it is midnight.
void html_put_moment(struct buf *b, int64_t ms, bool day);

// Appends a span of time in UTC: "2023-09-12 00:00 to 01:00". Days are those from the first to the
// last.
void html_put_span(struct buf *b, int64_t start, int64_t end);

// Appends "1 window" or "7 windows"; many is the plural.
void html_put_counted(struct buf *b, uint64_t n, const char *one, const char *many);

#endif
