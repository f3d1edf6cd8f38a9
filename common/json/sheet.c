// SPDX-License-Identifier: BSD-2-Clause
#include "json/sheet.h"

#include <ctype.h>
#include <string.h>

#include "json/json.h"
#include "json/json_write.h"

#define GAP 2 // spaces between columns

void sheet_init(struct sheet *s, const char *kind, const char *const *columns, bool json)
{
    *s = (struct sheet){.kind = kind, .columns = columns, .json = json};
    while (columns[s->column_count] != NULL)
        s->column_count++;
}

void sheet_release(struct sheet *s)
{
    buf_release(&s->cells);
}

// Returns how many characters of UTF-8 a text has.
static size_t characters(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

// Ends the cell whose text begins at this place in the buffer.
static void end_cell(struct sheet *s, size_t begin)
{
    const size_t column = s->cell_count++ % s->column_count;

    buf_putc(&s->cells, '\0');
    const size_t width = characters(s->cells.data + begin);
    if (width > s->column[column].width)
        s->column[column].width = width;
}

static bool is_shown(char c, bool utf8)
{
    return (unsigned char)c < 0x80 ? !iscntrl((unsigned char)c) : utf8;
}

void sheet_none(struct sheet *s)
{
    end_cell(s, s->cells.len);
}

void sheet_text(struct sheet *s, const char *text)
{
    const size_t begin = s->cells.len, len = text == NULL ? 0 : strlen(text);
    struct buf clean = BUF_INIT;

    if (len == 0) {
        sheet_none(s);
        return;
    }
    const bool utf8 = json_utf8_valid(text, len);
    for (size_t i = 0; i < len; i++)
        buf_putc(&clean, is_shown(text[i], utf8) || (s->json && utf8) ? text[i] : '?');
    if (s->json)
        json_put_string(&s->cells, clean.data, clean.len);
    else
        buf_append(&s->cells, clean.data, clean.len);
    buf_release(&clean);
    end_cell(s, begin);
}

void sheet_int(struct sheet *s, int64_t n)
{
    const size_t begin = s->cells.len;

    s->column[s->cell_count % s->column_count].number = true;
    buf_put_i64(&s->cells, n);
    end_cell(s, begin);
}

void sheet_ints(struct sheet *s, const int32_t *n, size_t count)
{
    const size_t begin = s->cells.len;

    if (s->json)
        buf_putc(&s->cells, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(&s->cells, ',');
        buf_put_i64(&s->cells, n[i]);
    }
    if (s->json)
        buf_putc(&s->cells, ']');
    end_cell(s, begin);
}

void sheet_flag(struct sheet *s, bool value)
{
    const size_t begin = s->cells.len;

    if (s->json)
        buf_puts(&s->cells, value ? "true" : "false");
    else if (value)
        buf_puts(&s->cells, "yes");
    end_cell(s, begin);
}

// Appends a cell of the table, and the space before it. The last cell is not padded.
static void put_cell(const struct sheet *s, size_t column, bool first, bool last, const char *text,
                     struct buf *out)
{
    const size_t gap = first ? 0 : GAP, title = strlen(s->columns[column]);
    const size_t wide = s->column[column].width > title ? s->column[column].width : title;
    const size_t pad = wide - characters(text);
    const bool number = s->column[column].number;

    buf_printf(out, "%*s%s%*s", (int)(gap + (number ? pad : 0)), "", text,
               (int)(number || last ? 0 : pad), "");
}

static void put_title(const struct sheet *s, size_t column, bool first, bool last, struct buf *out)
{
    char title[64];
    size_t len = 0;

    for (const char *name = s->columns[column]; *name != '\0' && len < sizeof title - 1; name++)
        title[len++] = *name == '_' ? '-' : (char)toupper((unsigned char)*name);
    title[len] = '\0';
    put_cell(s, column, first, last, title, out);
}

static void print_table(const struct sheet *s, struct buf *out)
{
    const char *cell = s->cells.data;
    size_t first = s->column_count, last = 0;

    if (s->cell_count == 0)
        return;
    for (size_t i = 0; i < s->column_count; i++) {
        if (s->column[i].width == 0)
            continue;
        first = first < i ? first : i;
        last = i;
    }
    if (out->len > 0)
        buf_putc(out, '\n');
    for (size_t i = 0; i < s->column_count; i++) {
        if (s->column[i].width > 0)
            put_title(s, i, i == first, i == last, out);
    }
    buf_putc(out, '\n');
    for (size_t i = 0; i < s->cell_count; i++, cell += strlen(cell) + 1) {
        const size_t column = i % s->column_count;
        if (s->column[column].width > 0)
            put_cell(s, column, column == first, column == last, *cell == '\0' ? "-" : cell, out);
        if (column + 1 == s->column_count)
            buf_putc(out, '\n');
    }
}

static void print_json(const struct sheet *s, struct buf *out)
{
    const char *cell = s->cells.data;

    for (size_t i = 0; i < s->cell_count; i++, cell += strlen(cell) + 1) {
        const size_t column = i % s->column_count;
        if (column == 0)
            buf_printf(out, "{\"%s\":{", s->kind);
        if (*cell != '\0') {
            json_put_name(out, s->columns[column]);
            buf_puts(out, cell);
        }
        if (column + 1 == s->column_count)
            buf_puts(out, "}}\n");
    }
}

void sheet_print(const struct sheet *s, struct buf *out)
{
    if (s->json)
        print_json(s, out);
    else
        print_table(s, out);
}
