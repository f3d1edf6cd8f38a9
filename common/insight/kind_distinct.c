// SPDX-License-Identifier: BSD-2-Clause
//
// distinct: how many different values of one field come together with each value of another, as
// in `ip/user_id`: how many addresses each user came from.
#include "insight/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

enum part { FIELD, PER, PART_COUNT };

// A group is a value of the field PER. Its entry in the table of that field has the records of
// the group as its count, and a word of this insight with how many values of FIELD came with it.
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
    topk_init(&set->state[in->index].top, in->plan->top, 1);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits,
                uint64_t n)
{
    struct insight_state *state = &set->state[in->index];
    const struct map *map = &set->value[in->part[PER]].map;

    if (insight_hit(in, hits)->count > n) // the pair was there already
        return;
    uint32_t values = ++hits->value[in->part[PER]]->word[in->word];
    if (values > state->max)
        state->max = values;
    if (topk_wants(&state->top, values, 1))
        topk_offer(&state->top,
                   &(struct topk_order){count, compare, &(struct groups){map, in->word}},
                   map_id(map, hits->value[in->part[PER]]), values);
}

// The groups in order, by the counts in a table or in that of a sample.
static size_t list_groups(struct topk *top, const struct groups *groups, uint32_t level,
                          struct insight_listed **list)
{
    size_t listed = topk_sort(top, &(struct topk_order){count, compare, groups});

    *list = xcalloc(listed + 1, sizeof **list);
    for (size_t i = 0; i < listed; i++) {
        const struct map_entry *e = map_at(groups->map, top->item[i].id);
        (*list)[i] =
            (struct insight_listed){.text[PER] = {.data = map_key(groups->map, e), .len = e->len},
                                    .count = top->item[i].count << level,
                                    .records = e->count << level};
    }
    return listed;
}

static size_t list_sampled(const struct insight *in, const struct distinct_sample *sample,
                           uint64_t *max, struct insight_listed **list)
{
    const struct groups groups = {&sample->group[in->grouping], 0};
    struct topk top;

    *max = 0;
    topk_init(&top, in->plan->top, 1);
    for (const struct map_entry *e = map_first(groups.map); e != NULL;
         e = map_next(groups.map, e)) {
        uint64_t keys = distinct_sample_group_keys(e);
        *max = keys << sample->level > *max ? keys << sample->level : *max;
        if (keys >= top.threshold)
            topk_offer(&top, &(struct topk_order){count, compare, &groups}, map_id(groups.map, e),
                       keys);
    }
    size_t listed = list_groups(&top, &groups, sample->level, list);
    topk_release(&top);
    return listed;
}

static void put_top(const struct insight *in, const struct insight_listed *list, size_t count,
                    struct buf *b)
{
    const struct json_key *field = &in->name[FIELD];

    buf_puts(b, ",\"top\":[");
    for (size_t i = 0; i < count; i++) {
        buf_puts(b, i > 0 ? ",{" : "{");
        insight_put_field(b, in, PER, &list[i].text[PER]);
        buf_putc(b, ',');
        json_put_string(b, field->name, field->len);
        b->data[b->len - 1] = 's'; // in place of the quote
        buf_puts(b, "\":");
        buf_put_u64(b, list[i].count);
        insight_put_number(b, "logins", list[i].records);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    struct insight_state *state = &view->set->state[in->index];
    const struct insight_table *table = insight_table_of(in, view->set);
    const struct insight_table *per = &view->set->value[in->part[PER]];
    uint64_t groups = insight_table_keys(per), pairs = insight_table_keys(table);
    uint64_t max = state->max;
    struct insight_listed *list;
    size_t count;

    if (table->sketch != NULL)
        count = list_sampled(in, &table->sketch->sample, &max, &list);
    else
        count = list_groups(&state->top, &(struct groups){&per->map, in->word}, 0, &list);
    if (pairs < groups) // both are estimates
        pairs = groups;
    uint64_t mean = (pairs * 100 + groups / 2) / groups; // in hundredths, rounded half up
    insight_put_number(b, "groups", groups);
    insight_put_number(b, "pairs", pairs);
    insight_put_number(b, "max", max);
    buf_printf(b, ",\"mean\":%llu.%02llu", (unsigned long long)(mean / 100),
               (unsigned long long)(mean % 100));
    put_top(in, list, count, b);
    free(list);
}

static void put_about(const struct insight *in, struct buf *b)
{
    buf_puts(b, "\"field\":");
    json_put_string(b, in->name[FIELD].name, in->name[FIELD].len);
    buf_puts(b, ",\"per\":");
    json_put_string(b, in->name[PER].name, in->name[PER].len);
    buf_putc(b, ',');
}

// Whether a member of the top list would have the name of another one.
static bool names_collide(const struct json_key *field, const struct json_key *per)
{
    bool per_is_logins = bytes_are(per->name, per->len, "logins");
    bool field_is_login = bytes_are(field->name, field->len, "login");

    return per_is_logins || field_is_login ||
           (per->len == field->len + 1 && memcmp(per->name, field->name, field->len) == 0 &&
            per->name[field->len] == 's');
}

int insight_add_distinct(struct insight_plan *plan, const char *text, struct err *err)
{
    static const struct insight_kind kind = {.name = "distinct",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .combines = true};
    const char *slash = strchr(text, '/');

    if (slash == NULL)
        return err_set(err, EX_USAGE, "'%s' is not FIELD/PER, as in ip/user_id", text);
    const struct json_key name[PART_COUNT] = {
        [FIELD] = {text, (size_t)(slash - text)}, [PER] = {slash + 1, strlen(slash + 1)}};
    if (insight_check(plan, &kind, text, name, PART_COUNT, err) != 0)
        return -1;
    if (names_collide(&name[FIELD], &name[PER]))
        return err_set(err, EX_USAGE, "'%s' would give two members of the list one name", text);
    struct insight *in = insight_add(plan, &kind, text, name, PART_COUNT);
    in->word = plan->value[in->part[PER]].table.words++;
    // A pair of fields has at most two of these: one, and the other way round.
    struct insight_needs *needs = insight_needs_of(plan, in);
    in->grouping = needs->groupings++;
    needs->grouping[in->grouping] = in->place[PER];
    needs->sampled = true;
    return 0;
}
