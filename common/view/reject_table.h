// SPDX-License-Identifier: BSD-2-Clause
//
// reject_table: how many records were rejected, by reason, field and stage, with an example of
// each.
//
//     struct reject_table t = REJECT_TABLE_INIT;
//     if (reject_table_take(&t, json) == 0) // the line that json holds is a reject
//         ...
//     reject_table_sort(&t);
//     for (size_t i = 0; i < t.count; i++)
//         use(t.row[i].reason, t.row[i].field, t.row[i].count);
//     reject_table_release(&t);
//
// The texts come from the data, and may hold any character but NUL: whoever shows them must escape
// them. They are cut after REJECT_TEXT_MAX bytes.
#ifndef VIEW_REJECT_TABLE_H
#define VIEW_REJECT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

#define REJECT_ROWS_MAX 200
#define REJECT_TEXT_MAX 300

struct reject_row {
    uint64_t count;
    char *reason, *field, *stage; // field and stage are empty if the rejects have none
    char *detail;                 // of the first of them; empty if there was none
};

struct reject_table {
    struct reject_row *row;
    size_t count, size;
    uint64_t total; // rejects
    uint64_t late;  // of these, those that were late
    uint64_t other; // of these, those that have no row, because there are too many rows
};

#define REJECT_TABLE_INIT                                                                          \
    {                                                                                              \
        NULL, 0, 0, 0, 0, 0                                                                        \
    }

void reject_table_release(struct reject_table *t);

// Counts a reject. Returns 0, or -1 if its reason is not a string.
int reject_table_take(struct reject_table *t, const struct json *json);

// Sorts the rows: the highest count first.
void reject_table_sort(struct reject_table *t);

#endif
