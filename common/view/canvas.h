// SPDX-License-Identifier: BSD-2-Clause
//
// canvas: rows of text, in which each run of characters has a role. A screen turns the roles into
// colours, and canvas_print() leaves them out; so both show the same text.
//
// Nothing that is put on a canvas is wider than the canvas, and all of it is safe for a terminal
// (view/cells.h). Put the runs of a row from left to right, and then end the row.
//
//     struct canvas canvas = {0};
//     canvas_clear(&canvas, 80, cells_have_utf8());
//     canvas_put(&canvas, ROLE_TITLE, "Rejects");
//     canvas_go_to(&canvas, 20);
//     canvas_put_number(&canvas, ROLE_TEXT, 1234, 9); // ends in column 29
//     canvas_end_row(&canvas);
//     canvas_print(&canvas, &out);
//     canvas_release(&canvas);
#ifndef VIEW_CANVAS_H
#define VIEW_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CANVAS_SERIES 6 // colours for the parts of a bar

enum canvas_role {
    ROLE_TEXT,
    ROLE_BAR,     // the line at the top and at the bottom of the screen
    ROLE_BAR_KEY, // a key in such a line
    ROLE_TITLE,
    ROLE_QUIET, // labels, and what is less important
    ROLE_CHOSEN,
    ROLE_WARNING,
    ROLE_SERIES, // the first of CANVAS_SERIES roles
    ROLE_COUNT = ROLE_SERIES + CANVAS_SERIES,
};

struct canvas_run {
    enum canvas_role role;
    size_t start, len; // bytes of `text`
};

struct canvas_row {
    size_t first_run, run_count;
};

struct canvas {
    size_t width;
    bool utf8;
    struct buf text;
    struct canvas_run *run;
    size_t run_count, run_size;
    struct canvas_row *row; // the rows that have ended
    size_t row_count, row_size;
    size_t column; // where the next run begins in the row that has not ended
};

// Begins an empty canvas. A canvas that is used anew keeps its memory.
void canvas_clear(struct canvas *canvas, size_t width, bool utf8);
void canvas_release(struct canvas *canvas);

// Append text to the row, cut to the columns that are left; canvas_put_cut() also cuts it to `most`
// columns.
void canvas_put(struct canvas *canvas, enum canvas_role role, const char *text);
void canvas_put_cut(struct canvas *canvas, enum canvas_role role, const char *text, size_t len,
                    size_t most);

// Appends text so that it ends `width` columns after the current one. A text that is wider is cut.
void canvas_put_right(struct canvas *canvas, enum canvas_role role, const char *text, size_t width);

// Does the same with a number, as in 1,234,567. With a width of 0, takes as many columns as it
// needs.
void canvas_put_number(struct canvas *canvas, enum canvas_role role, uint64_t n, size_t width);

// Appends the same text `count` times.
void canvas_repeat(struct canvas *canvas, enum canvas_role role, const char *text, size_t count);

// Appends spaces up to a column. Does nothing if the row is there already.
void canvas_go_to(struct canvas *canvas, size_t column);
void canvas_go_to_as(struct canvas *canvas, enum canvas_role role, size_t column);

// Appends the runs of a row of another canvas, cut to what is left of the row.
void canvas_put_row(struct canvas *canvas, const struct canvas *from, size_t row);

void canvas_end_row(struct canvas *canvas);

// Removes all rows but the first `rows`.
void canvas_cut(struct canvas *canvas, size_t rows);

// Appends the rows to a buffer as lines, without their roles and without spaces at their ends.
void canvas_print(const struct canvas *canvas, struct buf *out);

// Returns the number of columns that buf_put_grouped() takes.
size_t canvas_number_width(uint64_t n);

#endif
