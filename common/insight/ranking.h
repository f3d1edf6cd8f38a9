// SPDX-License-Identifier: BSD-2-Clause
//
// ranking: the keys of an insight's table that have the highest counts.
//
// While the table is exact, the insight's kind offers keys as their counts grow, and the ranking is
// exact. When the table is a sketch, the ranking comes from its space_saving. Keys are ordered by
// descending count. Keys with equal counts are ordered by the bytes of their texts, in the order of
// the insight's fields.
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
    struct table_text text[TABLE_WIDTH]; // by the insight's fields
    uint64_t count;                      // decides the rank
    uint64_t records;                    // set by kinds that do not rank by the number of records
};

// Offers an entry whose count has grown to the topk of the insight's accumulator. The entry is in
// the insight's exact table.
void ranking_offer(const struct insight *in, struct insight_set *set, const struct map_entry *e);

// Lists the keys with the highest counts in a new array, which the caller frees. Returns their
// number. While the table is exact, this is at most the limit of the topk; for a sketch, it is at
// most `limit`. The texts are valid until the set changes. Sorts the topk in place.
size_t ranking_list(const struct insight *in, const struct insight_set *set, size_t limit,
                    struct ranking_row **rows);

#endif
