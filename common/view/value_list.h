// SPDX-License-Identifier: BSD-2-Clause
//
// value_list: values, or combinations of values, with their counts, the highest count first.
//
// A row has one text for each field: one for "android", two for a user and an address. A text is
// UTF-8 and may hold any character, NUL and control characters too: whoever shows it must escape
// it. The list copies the texts. It cuts a text after VALUE_TEXT_MAX bytes and puts an ellipsis
// there. A list that is cleared and filled again keeps its memory.
//
//     struct value_list list = VALUE_LIST_INIT;
//     const struct value_text texts[] = {{"ann", 3}, {"192.0.2.1", 9}};
//     value_list_add(&list, texts, 2, &(struct value_row){.count = 5});
//     value_list_sort(&list);
//     for (size_t i = 0; i < list.count; i++)
//         use(value_list_text(&list, i, 0), value_list_text(&list, i, 1), list.row[i].count);
//     value_list_release(&list);
#ifndef VIEW_VALUE_LIST_H
#define VIEW_VALUE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define VALUE_TEXT_MAX 1100 // bytes; loginagg cuts a value before that
#define VALUE_TEXTS_MAX 16  // in a row

struct value_text {
    const char *data;
    size_t len;
};

struct value_row {
    uint64_t count;
    uint64_t records; // that have the value; 0 if only the count is known
    size_t window;    // in a total of series_total(): the index of the window with this count
    size_t at, len;   // private: the row's texts in `text`
};

struct value_list {
    struct value_row *row;
    size_t count, size;
    struct buf text;
};

#define VALUE_LIST_INIT                                                                            \
    {                                                                                              \
        NULL, 0, 0, BUF_INIT                                                                       \
    }

void value_list_release(struct value_list *list);

// Removes all rows and keeps the memory.
void value_list_clear(struct value_list *list);

// Returns the text of a field in a row. It is valid until the list changes. If the row has fewer
// texts, returns an empty one.
struct value_text value_list_text(const struct value_list *list, size_t row, size_t field);

// Appends a row with its numbers. Its texts must not be in the list.
void value_list_add(struct value_list *list, const struct value_text *text, size_t texts,
                    const struct value_row *numbers);

// Appends a copy of a row of another list.
void value_list_copy(struct value_list *list, const struct value_list *from, size_t row);

// Sets the numbers of a row with these texts, or adds the row, and keeps the list sorted. If the
// list then has more than `limit` rows, removes the last one. As long as counts only grow, the list
// has the rows with the highest counts that were ever offered.
void value_list_offer(struct value_list *list, size_t limit, const struct value_text *text,
                      size_t texts, const struct value_row *numbers);

// Sorts the rows: the highest count first, equal counts in the order of the bytes.
void value_list_sort(struct value_list *list);

// Removes all rows but the first `limit`. Returns the sum of the counts of those that it removed.
uint64_t value_list_cut(struct value_list *list, size_t limit);

#endif
