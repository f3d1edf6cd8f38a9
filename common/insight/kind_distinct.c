// SPDX-License-Identifier: BSD-2-Clause
#include "insight/kind_distinct.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "insight/ranking.h"
#include "insight/report.h"
#include "insight/set.h"
#include "insight/windows.h"
#include "json/json_write.h"

enum part { FIELD, PER, PART_COUNT };

// The groups, for the functions of struct topk_order. A group is a value of the field PER. Its map
// entry counts the records of the group, and in one word the distinct values of FIELD.
struct groups {
    const struct map *map;
    uint32_t word;
};

static uint64_t count(const void *ctx, uint32_t id)
{
    const struct groups *groups = ctx;
    return map_at(groups->map, id)->word[groups->word];
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    return map_compare(((const struct groups *)ctx)->map, a, b);
}

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->accumulator[in->index].top, in->plan->each ? 0 : in->plan->top, 1);
}

static void add(const struct insight *in, struct insight_set *set,
                const struct insight_set_hits *hits, uint64_t n)
{
    struct insight_accumulator *acc = &set->accumulator[in->index];
    const struct map *map = &set->value[in->part[PER]].map;

    if (insight_set_hit(in, hits)->count > n) // the pair is not new
        return;
    uint32_t values = ++hits->value[in->part[PER]]->word[in->word];
    if (values > acc->max)
        acc->max = values;
    if (topk_wants(&acc->top, values, 1))
        topk_offer(&acc->top, &(struct topk_order){count, compare, &(struct groups){map, in->word}},
                   map_id(map, hits->value[in->part[PER]]), values);
}

// Lists the groups by rank. The counts are those of an exact table, or of a sample at this level.
static size_t list_groups(struct topk *top, const struct groups *groups, uint32_t level,
                          struct ranking_row **list)
{
    size_t listed = topk_sort(top, &(struct topk_order){count, compare, groups});

    *list = xcalloc(listed + 1, sizeof **list);
    for (size_t i = 0; i < listed; i++) {
        const struct map_entry *e = map_at(groups->map, top->item[i].id);
        (*list)[i] =
            (struct ranking_row){.text[PER] = {.data = map_key(groups->map, e), .len = e->len},
                                 .count = top->item[i].count << level,
                                 .records = e->count << level};
    }
    return listed;
}

// Lists the groups of a sample by rank.
static size_t list_sampled(const struct insight *in, const struct insight_set *set,
                           struct ranking_row **list)
{
    const struct distinct_sample *sample = &insight_set_table_of(in, set)->sketch->sample;
    const struct groups groups = {&sample->group[in->grouping], 0};
    struct topk top;

    topk_init(&top, in->plan->top, 1);
    for (const struct map_entry *e = map_first(groups.map); e != NULL;
         e = map_next(groups.map, e)) {
        uint64_t keys = distinct_sample_group_keys(e);
        if (keys >= top.threshold)
            topk_offer(&top, &(struct topk_order){count, compare, &groups}, map_id(groups.map, e),
                       keys);
    }
    size_t listed = list_groups(&top, &groups, sample->level, list);
    topk_release(&top);
    return listed;
}

// Appends the results of one group.
static void put_group(const struct insight *in, const struct insight_set *set,
                      const struct ranking_row *row, struct buf *b)
{
    const struct json_key *field = &in->name[FIELD];

    (void)set;
    json_put_comma(b);
    buf_putc(b, '"');
    json_put_escaped(b, field->name, field->len);
    buf_puts(b, "s\":");
    buf_put_u64(b, row->count);
    json_put_member_u64(b, "logins", row->records);
}

static void put_top(const struct insight *in, const struct insight_set *set,
                    const struct ranking_row *list, size_t count, struct report *r)
{
    struct buf *b = r->b;

    json_put_name(b, "top");
    buf_putc(b, '[');
    for (size_t i = 0; i < count; i++) {
        size_t entry = b->len;
        json_put_comma(b);
        buf_putc(b, '{');
        report_put_field(b, in, PER, &list[i].text[PER]);
        put_group(in, set, &list[i], b);
        buf_putc(b, '}');
        if (!report_fits(r, entry, REPORT_LIST))
            break;
    }
    buf_putc(b, ']');
}

// The numbers of an insight.
struct totals {
    uint64_t groups, pairs, max;
};

static uint64_t at_least(uint64_t n, uint64_t least)
{
    return n < least ? least : n;
}

// Makes estimates agree with each other and with the list.
static void reconcile(struct totals *t, const struct ranking_row *list, size_t count)
{
    t->max = count == 0 ? 1 : list[0].count;
    t->groups = at_least(t->groups, count == 0 ? 1 : count);
    t->pairs = at_least(t->pairs, at_least(t->groups, t->max));
    t->max = at_least(t->max, (t->pairs - 1) / t->groups + 1);
}

static void put(const struct insight *in, const struct window_view *view, struct report *r)
{
    struct insight_accumulator *acc = &view->set->accumulator[in->index];
    const struct table *table = insight_set_table_of(in, view->set);
    const struct table *per = &view->set->value[in->part[PER]];
    struct totals t = {table_keys(per), table_keys(table), acc->max};
    struct ranking_row *list;
    size_t count;

    if (table->sketch != NULL) {
        count = list_sampled(in, view->set, &list);
        reconcile(&t, list, count);
    } else {
        count = list_groups(&acc->top, &(struct groups){&per->map, in->word}, 0, &list);
    }
    // In hundredths, rounded half up.
    uint64_t mean = t.groups == 0 ? 0 : (t.pairs * 100 + t.groups / 2) / t.groups;
    json_put_member_u64(r->b, "groups", t.groups);
    json_put_member_u64(r->b, "pairs", t.pairs);
    json_put_member_u64(r->b, "max", t.max);
    json_put_name(r->b, "mean");
    buf_printf(r->b, "%llu.%02llu", (unsigned long long)(mean / 100),
               (unsigned long long)(mean % 100));
    if (!in->plan->each)
        put_top(in, view->set, list, count, r);
    free(list);
}

static size_t group_table(const struct insight *in)
{
    return in->part[PER];
}

static uint64_t group_count(const struct insight *in, const struct map_entry *e)
{
    return e->word[in->word];
}

static void put_about(const struct insight *in, struct buf *b)
{
    json_put_member_string(b, "field", in->name[FIELD].name, in->name[FIELD].len);
    json_put_member_string(b, "per", in->name[PER].name, in->name[PER].len);
}

// Returns whether two members of a row of the list, or of the line of a group, would have the same
// name.
static bool names_collide(const struct plan *plan, const struct json_key *field,
                          const struct json_key *per)
{
    static const char *const taken[] = {"insight", "key",   "field", "per",   "values",
                                        "window",  "final", "cut",   "approx"};
    bool per_is_logins = bytes_are(per->name, per->len, "logins");
    bool field_is_login = bytes_are(field->name, field->len, "login");

    for (size_t i = 0; plan->each && i < sizeof taken / sizeof *taken; i++) {
        if (bytes_are(per->name, per->len, taken[i]))
            return true;
    }
    if (plan->each && bytes_are(field->name, field->len, "value"))
        return true;
    return per_is_logins || field_is_login ||
           (per->len == field->len + 1 && memcmp(per->name, field->name, field->len) == 0 &&
            per->name[field->len] == 's');
}

int kind_distinct_add(struct plan *plan, const char *text, struct err *err)
{
    static const struct insight_groups groups = {.first = PER,
                                                 .table = group_table,
                                                 .count = group_count,
                                                 .list_sketched = list_sampled,
                                                 .put = put_group,
                                                 .lists_values = true};
    static const struct insight_kind kind = {.name = "distinct",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .groups = &groups,
                                             .separator = '/',
                                             .combines = true};
    const char *slash = strchr(text, '/');

    if (slash == NULL)
        return err_set(err, EX_USAGE, "'%s' is not FIELD/PER, as in ip/user_id", text);
    const struct json_key name[PART_COUNT] = {
        [FIELD] = {text, (size_t)(slash - text)}, [PER] = {slash + 1, strlen(slash + 1)}};
    if (plan_check(plan, &kind, text, name, PART_COUNT, err) != 0)
        return -1;
    if (names_collide(plan, &name[FIELD], &name[PER]))
        return err_set(err, EX_USAGE, "'%s' would give two members the same name", text);
    struct insight *in = plan_add(plan, &kind, text, name, PART_COUNT);
    in->word = plan->value[in->part[PER]].table.words++;
    // A pair of fields has at most two of these insights: a/b and b/a.
    struct table_needs *needs = plan_needs(plan, in);
    in->grouping = needs->groupings++;
    needs->grouping[in->grouping] = in->place[PER];
    needs->sampled = true;
    return 0;
}
