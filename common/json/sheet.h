// SPDX-License-Identifier: BSD-2-Clause
//
// sheet: rows of the same kind, as a table for people or as JSON lines for programs.
//
// As JSON, each row is an object under the name of its kind. A cell without a value is left out.
//
//     {"broker":{"id":1,"host":"kafka-1","port":9092}}
//
// The table has a line of titles and a line for each row. A cell without a value is a hyphen, and a
// column without any value is left out. Without rows nothing is printed. An empty line comes
// before the table if the output already holds something.
//
//     ID  HOST     PORT
//      1  kafka-1  9092
//
//     static const char *const columns[] = {"id", "host", "port", NULL};
//     struct sheet s;
//     sheet_init(&s, "broker", columns, json);
//     sheet_int(&s, 1); // the cells of a row, in the order of the columns
//     sheet_text(&s, "kafka-1");
//     sheet_int(&s, 9092);
//     sheet_print(&s, &out);
//     sheet_release(&s);
#ifndef JSON_SHEET_H
#define JSON_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define SHEET_COLUMNS_MAX 16

struct sheet {
    const char *kind;
    const char *const *columns;
    size_t column_count;
    bool json;
    // Private:
    struct buf cells; // the texts of all cells, each with a NUL; an empty text is no value
    size_t cell_count;
    struct {
        size_t width; // of the widest cell, in characters; 0 if no cell has a value
        bool number;  // the column holds numbers
    } column[SHEET_COLUMNS_MAX];
};

// `columns` are names of JSON members, ended by NULL; a title is the name in capitals, with
// hyphens for underscores. Kind and columns are borrowed.
void sheet_init(struct sheet *s, const char *kind, const char *const *columns, bool json);
void sheet_release(struct sheet *s);

// Append a cell. A text is copied; NULL and an empty text are a cell without a value. In a table,
// control characters become question marks, and so do bytes that are not ASCII in a text that is
// not UTF-8.
void sheet_text(struct sheet *s, const char *text);
void sheet_int(struct sheet *s, int64_t n);
void sheet_ints(struct sheet *s, const int32_t *n, size_t count);
void sheet_flag(struct sheet *s, bool value);
void sheet_none(struct sheet *s);

// Appends the rows to `out`.
void sheet_print(const struct sheet *s, struct buf *out);

#endif
