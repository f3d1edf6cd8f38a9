// SPDX-License-Identifier: BSD-2-Clause
#include "view/value_list.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"

#define ELLIPSIS "\xE2\x80\xA6"

void value_list_release(struct value_list *list)
{
    free(list->row);
    buf_release(&list->text);
    *list = (struct value_list)VALUE_LIST_INIT;
}

void value_list_clear(struct value_list *list)
{
    list->count = 0;
    buf_clear(&list->text);
}

// Appends the texts of a row, each behind its length.
static void put_texts(struct buf *b, const struct value_text *text, size_t texts)
{
    for (size_t i = 0; i < texts; i++) {
        size_t len = bytes_cut(text[i].data, text[i].len, VALUE_TEXT_MAX);
        bool cut = len < text[i].len;
        uint32_t stored = (uint32_t)(len + (cut ? sizeof ELLIPSIS - 1 : 0));
        buf_append(b, &stored, sizeof stored);
        buf_append(b, text[i].data, len);
        if (cut)
            buf_puts(b, ELLIPSIS);
    }
}

// Takes the first text off. Returns false if none is left.
static bool next_text(const char **at, const char *end, struct value_text *text)
{
    uint32_t len = 0;

    if (*at >= end)
        return false;
    memcpy(&len, *at, sizeof len);
    *text = (struct value_text){*at + sizeof len, len};
    *at += sizeof len + len;
    return true;
}

struct value_text value_list_text(const struct value_list *list, size_t row, size_t field)
{
    const char *at = list->text.data + list->row[row].at;
    const char *end = at + list->row[row].len;
    struct value_text text = {"", 0};

    for (size_t i = 0; i <= field; i++) {
        if (!next_text(&at, end, &text))
            return (struct value_text){"", 0};
    }
    return text;
}

// Orders two rows as they are listed.
static int compare_rows(const struct buf *text, const struct value_row *a,
                        const struct value_row *b)
{
    const char *a_at = text->data + a->at, *b_at = text->data + b->at;
    const char *a_end = a_at + a->len, *b_end = b_at + b->len;
    struct value_text x, y;
    int order = 0;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    while (order == 0 && next_text(&a_at, a_end, &x) && next_text(&b_at, b_end, &y))
        order = bytes_compare(x.data, x.len, y.data, y.len);
    return order;
}

static int compare_for_sort(const void *a, const void *b, void *text)
{
    return compare_rows(text, a, b);
}

void value_list_sort(struct value_list *list)
{
    if (list->count > 1)
        qsort_r(list->row, list->count, sizeof *list->row, compare_for_sort, &list->text);
}

static struct value_row *new_row(struct value_list *list, const struct value_row *numbers)
{
    if (list->count == list->size) {
        list->size = list->size == 0 ? 8 : 2 * list->size;
        list->row = xreallocarray(list->row, list->size, sizeof *list->row);
    }
    list->row[list->count] = *numbers;
    list->row[list->count].at = list->text.len;
    return &list->row[list->count++];
}

void value_list_add(struct value_list *list, const struct value_text *text, size_t texts,
                    const struct value_row *numbers)
{
    struct value_row *row = new_row(list, numbers);

    put_texts(&list->text, text, texts);
    row->len = list->text.len - row->at;
}

void value_list_copy(struct value_list *list, const struct value_list *from, size_t row)
{
    const struct value_row *old = &from->row[row];

    new_row(list, old);
    buf_append(&list->text, from->text.data + old->at, old->len);
}

// Moves the texts together, once those of removed rows take more than half of the memory.
static void drop_removed_texts(struct value_list *list)
{
    size_t used = 0;
    struct buf kept = BUF_INIT;

    for (size_t i = 0; i < list->count; i++)
        used += list->row[i].len;
    if (list->text.len <= 2 * used + 1024)
        return;
    buf_reserve(&kept, 2 * used + 2048);
    for (size_t i = 0; i < list->count; i++) {
        size_t at = kept.len;
        buf_append(&kept, list->text.data + list->row[i].at, list->row[i].len);
        list->row[i].at = at;
    }
    buf_clear(&list->text);
    buf_append(&list->text, kept.data, kept.len);
    buf_release(&kept);
}

void value_list_offer(struct value_list *list, size_t limit, const struct value_text *text,
                      size_t texts, const struct value_row *numbers)
{
    size_t i = 0;

    value_list_add(list, text, texts, numbers);
    struct value_row row = list->row[--list->count];
    const char *bytes = list->text.data + row.at;
    while (i < list->count &&
           !bytes_equal(list->text.data + list->row[i].at, list->row[i].len, bytes, row.len))
        i++;
    if (i < list->count) {
        list->text.len = row.at; // the texts are known already
        row.at = list->row[i].at;
    } else {
        list->count++;
    }
    list->row[i] = row;
    for (; i > 0 && compare_rows(&list->text, &list->row[i - 1], &row) > 0; i--)
        list->row[i] = list->row[i - 1];
    for (; i + 1 < list->count && compare_rows(&list->text, &list->row[i + 1], &row) < 0; i++)
        list->row[i] = list->row[i + 1];
    list->row[i] = row;
    if (list->count > limit)
        list->count = limit;
    drop_removed_texts(list);
}

uint64_t value_list_cut(struct value_list *list, size_t limit)
{
    uint64_t removed = 0;

    while (list->count > limit)
        removed += list->row[--list->count].count;
    return removed;
}
