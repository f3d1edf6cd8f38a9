// SPDX-License-Identifier: BSD-2-Clause
#include "view/reject_table.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"

enum { REASON, FIELD, STAGE, DETAIL, MEMBERS };

static const struct json_key members[MEMBERS] = {JSON_KEY("reject"), JSON_KEY("field"),
                                                 JSON_KEY("stage"), JSON_KEY("detail")};

void reject_table_release(struct reject_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->row[i].reason);
        free(t->row[i].field);
        free(t->row[i].stage);
        free(t->row[i].detail);
    }
    free(t->row);
    *t = (struct reject_table)REJECT_TABLE_INIT;
}

// Returns how many bytes of a text are kept: up to the first NUL.
static size_t kept(const struct json_value *text)
{
    if (text->type != JSON_STRING)
        return 0;
    size_t len = bytes_cut(text->string.data, text->string.len, REJECT_TEXT_MAX);
    return strnlen(text->string.data, len);
}

static bool is_text(const char *known, const struct json_value *text)
{
    size_t len = kept(text);

    return strlen(known) == len && (len == 0 || memcmp(known, text->string.data, len) == 0);
}

static char *copy_of(const struct json_value *text)
{
    size_t len = kept(text);

    return xstrndup(len == 0 ? "" : text->string.data, len);
}

// Returns the row of a reject, which is added if it is new; or NULL if there are too many.
static struct reject_row *find_row(struct reject_table *t, const struct json_value *m)
{
    for (size_t i = 0; i < t->count; i++) {
        struct reject_row *row = &t->row[i];
        if (is_text(row->reason, &m[REASON]) && is_text(row->field, &m[FIELD]) &&
            is_text(row->stage, &m[STAGE]))
            return row;
    }
    if (t->count == REJECT_ROWS_MAX)
        return NULL;
    if (t->count == t->size) {
        t->size = t->size == 0 ? 8 : 2 * t->size;
        t->row = xreallocarray(t->row, t->size, sizeof *t->row);
    }
    t->row[t->count] = (struct reject_row){.reason = copy_of(&m[REASON]),
                                           .field = copy_of(&m[FIELD]),
                                           .stage = copy_of(&m[STAGE]),
                                           .detail = copy_of(&m[DETAIL])};
    return &t->row[t->count++];
}

int reject_table_take(struct reject_table *t, const struct json *json)
{
    struct json_value m[MEMBERS];

    json_fields(json, members, MEMBERS, m);
    if (m[REASON].type != JSON_STRING)
        return -1;
    struct reject_row *row = find_row(t, m);
    t->total++;
    if (bytes_are(m[REASON].string.data, m[REASON].string.len, "late"))
        t->late++;
    if (row != NULL)
        row->count++;
    else
        t->other++;
    return 0;
}

static int compare_rows(const void *left, const void *right)
{
    const struct reject_row *a = left, *b = right;
    int order = 0;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    order = strcmp(a->reason, b->reason);
    if (order == 0)
        order = strcmp(a->field, b->field);
    return order != 0 ? order : strcmp(a->stage, b->stage);
}

void reject_table_sort(struct reject_table *t)
{
    if (t->count > 1)
        qsort(t->row, t->count, sizeof *t->row, compare_rows);
}
