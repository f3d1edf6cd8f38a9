// SPDX-License-Identifier: BSD-2-Clause
#include "view/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "view/cells.h"

void canvas_clear(struct canvas *canvas, size_t width, bool utf8)
{
    buf_clear(&canvas->text);
    canvas->run_count = canvas->row_count = canvas->column = 0;
    canvas->width = width;
    canvas->utf8 = utf8;
}

void canvas_release(struct canvas *canvas)
{
    buf_release(&canvas->text);
    free(canvas->run);
    free(canvas->row);
    *canvas = (struct canvas){0};
}

// Returns the index of the first run of the row that has not ended.
static size_t row_start(const struct canvas *canvas)
{
    if (canvas->row_count == 0)
        return 0;
    const struct canvas_row *last = &canvas->row[canvas->row_count - 1];
    return last->first_run + last->run_count;
}

// Makes a run of what was appended to the text after `start`.
static void end_run(struct canvas *canvas, enum canvas_role role, size_t start)
{
    if (canvas->text.len == start)
        return;
    if (canvas->run_count == canvas->run_size) {
        canvas->run_size = canvas->run_size > 0 ? 2 * canvas->run_size : 64;
        canvas->run = xreallocarray(canvas->run, canvas->run_size, sizeof *canvas->run);
    }
    canvas->run[canvas->run_count++] = (struct canvas_run){role, start, canvas->text.len - start};
}

static size_t room(const struct canvas *canvas)
{
    return canvas->width - canvas->column;
}

void canvas_put_cut(struct canvas *canvas, enum canvas_role role, const char *text, size_t len,
                    size_t most)
{
    size_t start = canvas->text.len;

    if (most > room(canvas))
        most = room(canvas);
    canvas->column += cells_put(&canvas->text, text, len, most, canvas->utf8);
    end_run(canvas, role, start);
}

void canvas_put(struct canvas *canvas, enum canvas_role role, const char *text)
{
    canvas_put_cut(canvas, role, text, strlen(text), SIZE_MAX);
}

void canvas_go_to_as(struct canvas *canvas, enum canvas_role role, size_t column)
{
    size_t start = canvas->text.len;

    for (; canvas->column < column && canvas->column < canvas->width; canvas->column++)
        buf_putc(&canvas->text, ' ');
    end_run(canvas, role, start);
}

void canvas_go_to(struct canvas *canvas, size_t column)
{
    canvas_go_to_as(canvas, ROLE_TEXT, column);
}

void canvas_put_right(struct canvas *canvas, enum canvas_role role, const char *text, size_t width)
{
    size_t len = strlen(text);

    canvas_go_to(canvas, canvas->column + width - cells_width(text, len, width, canvas->utf8));
    canvas_put_cut(canvas, role, text, len, width);
}

void canvas_put_number(struct canvas *canvas, enum canvas_role role, uint64_t n, size_t width)
{
    struct buf text = BUF_INIT;

    buf_put_grouped(&text, n);
    buf_putc(&text, '\0');
    canvas_put_right(canvas, role, text.data, width == 0 ? text.len - 1 : width);
    buf_release(&text);
}

void canvas_repeat(struct canvas *canvas, enum canvas_role role, const char *text, size_t count)
{
    size_t start = canvas->text.len;
    size_t len = strlen(text);

    for (size_t i = 0; i < count && room(canvas) > 0; i++)
        canvas->column += cells_put(&canvas->text, text, len, room(canvas), canvas->utf8);
    end_run(canvas, role, start);
}

void canvas_put_row(struct canvas *canvas, const struct canvas *from, size_t row)
{
    const struct canvas_row *r = &from->row[row];

    for (size_t i = r->first_run; i < r->first_run + r->run_count; i++) {
        const struct canvas_run *run = &from->run[i];
        canvas_put_cut(canvas, run->role, from->text.data + run->start, run->len, SIZE_MAX);
    }
}

void canvas_end_row(struct canvas *canvas)
{
    size_t first = row_start(canvas);

    if (canvas->row_count == canvas->row_size) {
        canvas->row_size = canvas->row_size > 0 ? 2 * canvas->row_size : 32;
        canvas->row = xreallocarray(canvas->row, canvas->row_size, sizeof *canvas->row);
    }
    canvas->row[canvas->row_count++] = (struct canvas_row){first, canvas->run_count - first};
    canvas->column = 0;
}

void canvas_cut(struct canvas *canvas, size_t rows)
{
    if (canvas->row_count > rows)
        canvas->row_count = rows;
    canvas->run_count = row_start(canvas);
}

void canvas_print(const struct canvas *canvas, struct buf *out)
{
    for (size_t i = 0; i < canvas->row_count; i++) {
        const struct canvas_row *row = &canvas->row[i];
        size_t start = out->len;
        for (size_t j = row->first_run; j < row->first_run + row->run_count; j++)
            buf_append(out, canvas->text.data + canvas->run[j].start, canvas->run[j].len);
        while (out->len > start && out->data[out->len - 1] == ' ')
            out->len--;
        buf_putc(out, '\n');
    }
}

size_t canvas_number_width(uint64_t n)
{
    size_t digits = 1;

    while ((n /= 10) > 0)
        digits++;
    return digits + (digits - 1) / 3;
}
