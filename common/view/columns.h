// SPDX-License-Identifier: BSD-2-Clause
//
// columns: lists of values, with columns of numbers that end at the right edge of a canvas.
//
//     const struct column columns[] = {column_of_counts("addresses", &list),
//                                      column_of_records(&list)};
//     columns_put_heading(&canvas, "Top users by addresses", columns, 2);
//     columns_put_list(&canvas, &list, 1, columns, 2);
#ifndef VIEW_COLUMNS_H
#define VIEW_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "view/canvas.h"
#include "view/value_list.h"

#define COLUMNS_ROWS_MAX 10 // rows of a list that are shown

// A column of numbers, as wide as its name and its numbers.
struct column {
    const char *name; // borrowed
    size_t width;     // with the space before it
};

// Makes a column for numbers up to `most`.
struct column column_make(const char *name, uint64_t most);

// Make columns for the counts and for the records of a list that is sorted.
struct column column_of_counts(const char *name, const struct value_list *list);
struct column column_of_records(const struct value_list *list);

// Returns where in a row the first of the columns begins.
size_t columns_start(const struct canvas *canvas, const struct column *columns, size_t count);

// Put a title with the names of the columns, and the numbers of a row, and end the row.
void columns_put_heading(struct canvas *canvas, const char *title, const struct column *columns,
                         size_t count);
void columns_put_numbers(struct canvas *canvas, const struct column *columns, size_t count,
                         const uint64_t *n);

// Puts the first rows of a list: their texts, and one or two numbers.
void columns_put_list(struct canvas *canvas, const struct value_list *list, size_t texts,
                      const struct column *columns, size_t count);

#endif
