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
#include "sketch/space_saving.h"

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->accumulator[in->index].top, in->plan->each ? 0 : in->plan->top, 2);
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

// Lists the combinations with the highest counts that occur more than once. A count of a sketch may
// be too high by its error; then the combination is not listed.
static size_t list_highest(const struct insight *in, const struct insight_set *set,
                           struct ranking_row **list)
{
    const struct table_sketch *sketch = insight_set_table_of(in, set)->sketch;
    size_t count = ranking_list(in, set, in->plan->top, list), listed = 0;
    uint64_t error = sketch == NULL ? 0 : space_saving_error(&sketch->highest);

    while (listed < count && (*list)[listed].count > error + 1)
        listed++;
    return listed;
}

static void put_top(const struct insight *in, const struct ranking_row *list, size_t count,
                    struct report *r)
{
    struct buf *b = r->b;

    json_put_name(b, "top");
    buf_putc(b, '[');
    for (size_t i = 0; i < count; i++) {
        size_t entry = b->len;
        json_put_comma(b);
        buf_putc(b, '{');
        for (size_t j = 0; j < in->width; j++)
            report_put_field(b, in, j, &list[i].text[j]);
        json_put_member_u64(b, "count", list[i].count);
        buf_putc(b, '}');
        if (!report_fits(r, entry, REPORT_LIST))
            break;
    }
    buf_putc(b, ']');
}

// The numbers of an insight.
struct totals {
    uint64_t groups, records;
};

// Estimates the numbers from a sample. The result agrees with the list.
static struct totals estimate(const struct distinct_sample *sample, uint64_t records,
                              const struct ranking_row *list, size_t count)
{
    // The keys that occur once give the best estimate, since all of them have the same count.
    uint64_t single = (sample->key.used - sample->repeated) << sample->level;
    struct totals t = {sample->repeated << sample->level, single < records ? records - single : 0};
    uint64_t listed = 0;

    for (size_t i = 0; i < count; i++)
        listed += list[i].count;
    if (t.groups < count)
        t.groups = count;
    if (t.records < listed)
        t.records = listed;
    if (t.records < 2 * t.groups)
        t.records = 2 * t.groups;
    if (t.records > records) {
        t.records = records;
        t.groups = t.groups > records / 2 ? records / 2 : t.groups;
    }
    if (t.groups == 0) // then there is nothing that could have these records
        t.records = 0;
    return t;
}

static void put(const struct insight *in, const struct window_view *view, struct report *r)
{
    const struct table_sketch *sketch = insight_set_table_of(in, view->set)->sketch;
    const struct insight_accumulator *acc = &view->set->accumulator[in->index];
    struct totals t = {acc->groups, acc->records};
    struct ranking_row *list;
    size_t count = list_highest(in, view->set, &list);

    if (sketch != NULL)
        t = estimate(&sketch->sample, view->set->records, list, count);
    json_put_member_u64(r->b, "groups", t.groups);
    json_put_member_u64(r->b, "records", t.records);
    if (!in->plan->each)
        put_top(in, list, count, r);
    report_put_error(r->b, in, view->set);
    free(list);
}

static uint64_t group_count(const struct insight *in, const struct map_entry *e)
{
    (void)in;
    return e->count < 2 ? 0 : e->count;
}

static void put_group(const struct insight *in, const struct insight_set *set,
                      const struct ranking_row *row, struct buf *b)
{
    json_put_member_u64(b, "count", row->count);
    report_put_error(b, in, set);
}

// Returns whether two members of the line of a group would have the same name.
static bool name_collides(const struct plan *plan, const char *name, size_t len)
{
    static const char *const taken[] = {"insight", "key",   "fields", "error",
                                        "window",  "final", "cut",    "approx"};

    for (size_t i = 0; plan->each && i < sizeof taken / sizeof *taken; i++) {
        if (bytes_are(name, len, taken[i]))
            return true;
    }
    return false;
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
    static const struct insight_groups groups = {.table = plan_table_number,
                                                 .count = group_count,
                                                 .list_sketched = list_highest,
                                                 .put = put_group};
    static const struct insight_kind kind = {.name = "duplicates",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .groups = &groups,
                                             .separator = ',',
                                             .combines = true};
    struct json_key name[TABLE_WIDTH];
    size_t width = 0;

    for (const char *at = text; at != NULL; width++) {
        size_t len = strcspn(at, ",");
        if (width == TABLE_WIDTH)
            return err_set(err, EX_USAGE, "'%s' has more than %d fields", text, TABLE_WIDTH);
        if (bytes_are(at, len, "count"))
            return err_set(err, EX_USAGE, "'%s': the name count is reserved for the number", text);
        if (name_collides(plan, at, len))
            return err_set(err, EX_USAGE, "'%s' would give two members the same name", text);
        name[width] = (struct json_key){at, len};
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (plan_check(plan, &kind, text, name, width, err) != 0)
        return -1;
    struct table_needs *needs = plan_needs(plan, plan_add(plan, &kind, text, name, width));
    needs->listed = needs->sampled = true;
    return 0;
}
