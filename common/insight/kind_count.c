// SPDX-License-Identifier: BSD-2-Clause
//
// count: how often each value of a field occurs, and how that differs from the window before: where
// windows overlap, the one that started a step earlier.
#include "insight/plan.h"

#include "json/json_write.h"

#include <stdlib.h>
#include <string.h>

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->state[in->index].top, in->plan->values, 1);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits,
                uint64_t n)
{
    const struct map_entry *e = hits->value[in->part[0]];

    if (topk_wants(&set->state[in->index].top, e->count, n))
        insight_offer(in, set, e);
}

// The count of a value in a window, or 0 when it is not known.
static uint64_t count_of(const struct insight *in, const struct insight_set *set,
                         const struct insight_bytes *text)
{
    const struct insight_table *table = insight_table_of(in, set);
    uint64_t hash = map_hash(&in->plan->secret, text->data, text->len);

    if (table->sketch != NULL) {
        const struct space_saving_item *item =
            space_saving_find(&table->sketch->heavy, text->data, text->len, hash);
        return item == NULL ? 0 : item->count;
    }
    const struct map_entry *e = map_find(&table->map, text->data, text->len, hash);
    return e == NULL ? 0 : e->count;
}

static void put_text(struct buf *b, const struct insight_bytes *text)
{
    json_put_string(b, text->data, text->len);
    buf_putc(b, ':');
}

static void put_change(const struct insight *in, const struct insight_view *view,
                       const struct insight_listed *now, size_t count, struct buf *b)
{
    struct insight_listed *before;
    size_t count_before = insight_list(in, view->previous, in->plan->values, &before);
    const char *comma = "";

    buf_puts(b, ",\"change\":{");
    for (size_t i = 0; i < count; i++, comma = ",") {
        buf_puts(b, comma);
        put_text(b, &now[i].text[0]);
        buf_put_i64(b, (int64_t)(now[i].count - count_of(in, view->previous, &now[i].text[0])));
    }
    for (size_t i = 0; i < count_before; i++) {
        if (count_of(in, view->set, &before[i].text[0]) > 0)
            continue;
        buf_puts(b, comma);
        comma = ",";
        put_text(b, &before[i].text[0]);
        buf_put_i64(b, -(int64_t)before[i].count);
    }
    buf_putc(b, '}');
    free(before);
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    struct insight_listed *list;
    size_t count = insight_list(in, view->set, in->plan->values, &list);
    uint64_t other = view->set->records;

    insight_put_number(b, "values", insight_table_keys(insight_table_of(in, view->set)));
    buf_puts(b, ",\"counts\":{");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(b, ',');
        put_text(b, &list[i].text[0]);
        buf_put_u64(b, list[i].count);
        // Counts that are not exact may be too high.
        other -= list[i].count < other ? list[i].count : other;
    }
    buf_putc(b, '}');
    // Beside the counts, where no value can have the same name.
    if (other > 0)
        insight_put_number(b, "other", other);
    if (view->previous != NULL)
        put_change(in, view, list, count, b);
    insight_put_error(b, in, view->set);
    free(list);
}

static void put_about(const struct insight *in, struct buf *b)
{
    buf_puts(b, "\"field\":");
    json_put_string(b, in->about, strlen(in->about));
    buf_putc(b, ',');
}

int insight_add_count(struct insight_plan *plan, const char *text, struct err *err)
{
    static const struct insight_kind kind = {.name = "count",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .compares = true};
    const struct json_key name = {text, strlen(text)};

    if (insight_check(plan, &kind, text, &name, 1, err) != 0)
        return -1;
    insight_needs_of(plan, insight_add(plan, &kind, text, &name, 1))->listed = true;
    return 0;
}
