// SPDX-License-Identifier: BSD-2-Clause
//
// ranking: the keys of an insight's table that have the highest counts.
//
// While the table is exact, the insight's kind offers keys as their counts grow, and the ranking is
// exact; when the table is a sketch, the ranking comes from its space_saving. Keys are ordered by
// descending count, and ties by the bytes of their texts in the order of the insight's fields.
//
//     if (topk_wants(&set->accumulator[in->index].top, e->count, n))
//         ranking_offer(in, set, e);
//     ...
//     struct ranking_row *rows;
//     size_t count = ranking_list(in, set, 10, &rows);
//     ...
//     free(rows);
#ifndef INSIGHT_RANKING_H
#define INSIGHT_RANKING_H

#include <stddef.h>
#include <stdint.h>

#include "insight/plan.h"
#include "insight/set.h"
#include "insight/table.h"
#include "sketch/map.h"

struct ranking_row {
    struct table_text text[TABLE_WIDTH]; // by the insight's fields; the hashes are 0
    uint64_t count;                      // decides the rank
    uint64_t records;                    // for kinds that rank by something else than records
};

// Offers an entry of the insight's exact table, whose count has grown, to the topk of its
// accumulator.
void ranking_offer(const struct insight *in, struct insight_set *set, const struct map_entry *e);

// Lists the highest keys in a new array, which the caller frees, and returns their number. There
// are at most as many as the limit of the topk or, from a sketch, `limit`. The texts are valid
// until the set changes. The topk is sorted in place.
size_t ranking_list(const struct insight *in, const struct insight_set *set, size_t limit,
                    struct ranking_row **rows);

#endif
