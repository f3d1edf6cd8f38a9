// SPDX-License-Identifier: BSD-2-Clause
#include "insight/kind_duplicates.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "insight/ranking.h"
#include "insight/report.h"
#include "insight/set.h"
#include "insight/windows.h"
#include "json/json_write.h"

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->accumulator[in->index].top, in->plan->top, 2);
}

static void add(const struct insight *in, struct insight_set *set,
                const struct insight_set_hits *hits, uint64_t n)
{
    struct insight_accumulator *acc = &set->accumulator[in->index];
    const struct map_entry *e = insight_set_hit(in, hits);
    bool is_new = e->count - n < 2;

    if (e->count < 2)
        return;
    acc->groups += is_new;
    acc->records += is_new ? e->count : n;
    if (topk_wants(&acc->top, e->count, n))
        ranking_offer(in, set, e);
}

static void put_top(const struct insight *in, const struct insight_set *set, struct buf *b)
{
    struct ranking_row *list;
    size_t count = ranking_list(in, set, in->plan->top, &list);

    json_put_name(b, "top");
    buf_putc(b, '[');
    for (size_t i = 0; i < count && list[i].count > 1; i++) {
        json_put_comma(b);
        buf_putc(b, '{');
        for (size_t j = 0; j < in->width; j++)
            report_put_field(b, in, j, &list[i].text[j]);
        json_put_member_u64(b, "count", list[i].count);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    free(list);
}

static void put(const struct insight *in, const struct window_view *view, struct buf *b)
{
    const struct table_sketch *sketch = insight_set_table_of(in, view->set)->sketch;
    const struct insight_accumulator *acc = &view->set->accumulator[in->index];
    uint64_t groups = acc->groups, records = acc->records;

    if (sketch != NULL) {
        const struct distinct_sample *sample = &sketch->sample;
        // The keys that occur once give the best estimate, since all of them have the same count.
        uint64_t single = (sample->key.used - sample->repeated) << sample->level;
        groups = sample->repeated << sample->level;
        records = view->set->records - (single < view->set->records ? single : view->set->records);
    }
    json_put_member_u64(b, "groups", groups);
    json_put_member_u64(b, "records", records);
    put_top(in, view->set, b);
    report_put_error(b, in, view->set);
}

static void put_about(const struct insight *in, struct buf *b)
{
    json_put_name(b, "fields");
    buf_putc(b, '[');
    for (size_t i = 0; i < in->width; i++) {
        json_put_comma(b);
        json_put_string(b, in->name[i].name, in->name[i].len);
    }
    buf_putc(b, ']');
}

int kind_duplicates_add(struct plan *plan, const char *text, struct err *err)
{
    static const struct insight_kind kind = {.name = "duplicates",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .combines = true};
    struct json_key name[TABLE_WIDTH];
    size_t width = 0;

    for (const char *at = text; at != NULL; width++) {
        size_t len = strcspn(at, ",");
        if (width == TABLE_WIDTH)
            return err_set(err, EX_USAGE, "'%s' has more than %d fields", text, TABLE_WIDTH);
        if (bytes_are(at, len, "count"))
            return err_set(err, EX_USAGE, "'%s': the name count is reserved for the number", text);
        name[width] = (struct json_key){at, len};
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (plan_check(plan, &kind, text, name, width, err) != 0)
        return -1;
    struct table_needs *needs = plan_needs(plan, plan_add(plan, &kind, text, name, width));
    needs->listed = needs->sampled = true;
    return 0;
}
