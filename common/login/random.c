// SPDX-License-Identifier: BSD-2-Clause
#include "login/random.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define ONE (UINT64_C(1) << 32) // the mean weight, once scaled

// Scales the weights so that their mean is ONE, or slightly less because of rounding.
static void scale(uint64_t *weight, size_t count)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += weight[i];
    for (size_t i = 0; i < count; i++)
        weight[i] = (uint64_t)(((wide)weight[i] * count << 32) / sum);
}

void random_alias_init(struct random_alias *a, uint64_t *weight, size_t count)
{
    // The columns that are not done. The list of small ones (below ONE) grows from the front of the
    // array, and the list of large ones from its back.
    uint32_t *todo = xreallocarray(NULL, count, sizeof *todo);
    size_t small = 0, large = count;

    scale(weight, count);
    a->count = count;
    a->column = xreallocarray(NULL, count, sizeof *a->column);
    for (size_t i = 0; i < count; i++) {
        a->column[i].threshold = 0; // with itself as alias: always means the column itself
        a->column[i].alias = (uint32_t)i;
        if (weight[i] < ONE)
            todo[small++] = (uint32_t)i;
        else
            todo[--large] = (uint32_t)i;
    }
    // Each small column is filled up from a large one, which may thereby become small. The columns
    // that are left at the end are full, except for rounding.
    while (small > 0 && large < count) {
        uint32_t low = todo[--small], high = todo[large];
        a->column[low].threshold = (uint32_t)weight[low];
        a->column[low].alias = high;
        weight[high] -= ONE - weight[low];
        if (weight[high] < ONE) {
            large++;
            todo[small++] = high;
        }
    }
    free(todo);
}

void random_alias_release(struct random_alias *a)
{
    free(a->column);
    *a = (struct random_alias){0};
}
