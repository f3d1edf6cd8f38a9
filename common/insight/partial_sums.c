// SPDX-License-Identifier: BSD-2-Clause
#include "insight/partial_sums.h"

#include <stdlib.h>

#include "base/xalloc.h"

uint64_t *partial_sums_texts(const struct partial_sums *sums, size_t table, size_t part)
{
    return &sums->texts[table * TABLE_WIDTH + part];
}

void partial_sums_keep(struct partial_sums *sums, size_t table, const struct table_text *text,
                       uint64_t hash)
{
    struct partial_values *values = &sums->value[table];

    if (values->count == values->size) {
        values->size = values->size == 0 ? 16 : 2 * values->size;
        values->row = xreallocarray(values->row, values->size, sizeof *values->row);
    }
    values->row[values->count++] = (struct partial_value){sums->bytes.len, text->len, hash};
    buf_append(&sums->bytes, text->data, text->len);
}

const struct partial_value *partial_sums_value(const struct partial_sums *sums, size_t table,
                                               uint64_t row, struct table_text *text)
{
    const struct partial_values *values = &sums->value[table];

    if (row >= values->count)
        return NULL;
    *text = (struct table_text){.data = sums->bytes.data + values->row[row].start,
                                .len = values->row[row].len};
    return &values->row[row];
}

void partial_sums_init(struct partial_sums *sums, const struct plan *plan)
{
    *sums = (struct partial_sums){
        .tables = plan->value_count,
        .value = xcalloc(plan->value_count, sizeof *sums->value),
        .bytes = BUF_INIT,
        .rows = xcalloc(plan_table_count(plan), sizeof *sums->rows),
        .sketch = xcalloc(plan_table_count(plan), sizeof *sums->sketch),
        .texts = xcalloc(plan_table_count(plan) * TABLE_WIDTH, sizeof *sums->texts)};
}

void partial_sums_release(struct partial_sums *sums)
{
    for (size_t i = 0; i < sums->tables; i++)
        free(sums->value[i].row);
    free(sums->value);
    buf_release(&sums->bytes);
    free(sums->rows);
    free(sums->sketch);
    free(sums->texts);
}

// Returns whether an exact table of combinations has the values that the tables of its fields have.
static bool same_texts(const struct partial_sums *sums, const struct plan *plan, size_t table)
{
    const struct table_plan *t = plan_table(plan, table);

    for (size_t i = 0; i < t->width; i++) {
        if (sums->sketch[t->part[i]] > 0 ||
            *partial_sums_texts(sums, table, i) != *partial_sums_texts(sums, t->part[i], 0))
            return false;
    }
    return true;
}

int partial_sums_check(const struct partial_sums *sums, const struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan_table_count(plan); i++) {
        uint64_t rows = sums->rows[i], sketch = sums->sketch[i];
        if (sketch == 0 ? rows != sums->records || !same_texts(sums, plan, i)
                        : sketch > 1 || rows > 0)
            return err_set(err, EX_DATAERR, "its tables do not add up to its records");
    }
    return 0;
}
