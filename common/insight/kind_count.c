// SPDX-License-Identifier: BSD-2-Clause
#include "insight/kind_count.h"

#include <stdlib.h>
#include <string.h>

#include "insight/ranking.h"
#include "insight/report.h"
#include "insight/set.h"
#include "insight/windows.h"
#include "json/json_write.h"

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->accumulator[in->index].top, in->plan->values, 1);
}

static void add(const struct insight *in, struct insight_set *set,
                const struct insight_set_hits *hits, uint64_t n)
{
    const struct map_entry *e = hits->value[in->part[0]];

    if (topk_wants(&set->accumulator[in->index].top, e->count, n))
        ranking_offer(in, set, e);
}

// Returns the count of a value in a set, or 0 when the set does not have it.
static uint64_t count_of(const struct insight *in, const struct insight_set *set,
                         const struct table_text *text)
{
    const struct table *table = insight_set_table_of(in, set);
    uint64_t hash = map_hash(&in->plan->secret, text->data, text->len);

    if (table->sketch != NULL) {
        const struct space_saving_item *item =
            space_saving_find(&table->sketch->highest, text->data, text->len, hash);
        return item == NULL ? 0 : item->count;
    }
    const struct map_entry *e = map_find(&table->map, text->data, text->len, hash);
    return e == NULL ? 0 : e->count;
}

static void put_name(struct buf *b, const struct table_text *text)
{
    json_put_key(b, &(struct json_key){text->data, text->len});
}

// Appends a member of "change". Returns false if the line is full.
static bool put_difference(struct report *r, const struct table_text *text, uint64_t now,
                           uint64_t before)
{
    size_t entry = r->b->len;

    put_name(r->b, text);
    buf_put_i64(r->b, (int64_t)(now - before));
    return report_fits(r, entry, REPORT_LIST);
}

static void put_change(const struct insight *in, const struct window_view *view,
                       const struct ranking_row *now, size_t count, struct report *r)
{
    struct ranking_row *before;
    size_t count_before = ranking_list(in, view->previous, in->plan->values, &before);
    bool fits = true;

    json_put_name(r->b, "change");
    buf_putc(r->b, '{');
    for (size_t i = 0; i < count && fits; i++)
        fits = put_difference(r, &now[i].text[0], now[i].count,
                              count_of(in, view->previous, &now[i].text[0]));
    for (size_t i = 0; i < count_before && fits; i++) {
        if (count_of(in, view->set, &before[i].text[0]) == 0)
            fits = put_difference(r, &before[i].text[0], 0, before[i].count);
    }
    buf_putc(r->b, '}');
    free(before);
}

static void put(const struct insight *in, const struct window_view *view, struct report *r)
{
    struct ranking_row *list;
    size_t count = ranking_list(in, view->set, in->plan->values, &list);
    uint64_t values = table_keys(insight_set_table_of(in, view->set));
    uint64_t other = view->set->records;
    struct buf *b = r->b;

    // The number of a sketch is an estimate.
    json_put_member_u64(b, "values", values < count ? count : values);
    json_put_name(b, "counts");
    buf_putc(b, '{');
    for (size_t i = 0; i < count; i++) {
        size_t entry = b->len;
        put_name(b, &list[i].text[0]);
        buf_put_u64(b, list[i].count);
        if (!report_fits(r, entry, REPORT_LIST / 2)) { // "change" may be as long
            count = i;
            break;
        }
        // The counts of a sketch may be too high.
        other -= list[i].count < other ? list[i].count : other;
    }
    buf_putc(b, '}');
    // "other" is not in "counts", because there it could be the name of a value.
    if (other > 0)
        json_put_member_u64(b, "other", other);
    if (view->previous != NULL)
        put_change(in, view, list, count, r);
    report_put_error(b, in, view->set);
    free(list);
}

static void put_about(const struct insight *in, struct buf *b)
{
    json_put_member_text(b, "field", in->about);
}

int kind_count_add(struct plan *plan, const char *field, struct err *err)
{
    static const struct insight_kind kind = {.name = "count",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .separator = '/',
                                             .compares = true};
    const struct json_key name = {field, strlen(field)};

    if (plan_check(plan, &kind, field, &name, 1, err) != 0)
        return -1;
    plan_needs(plan, plan_add(plan, &kind, field, &name, 1))->listed = true;
    return 0;
}
