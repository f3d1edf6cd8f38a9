// SPDX-License-Identifier: BSD-2-Clause
//
// distinct: how many different values of one field come together with each value of another, as
// in `ip/user_id`: how many addresses each user came from.
#include "insight.h"

#include <string.h>

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
    top_init(&set->state[in->index].top, in->plan->top, 1);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits)
{
    struct insight_state *state = &set->state[in->index];
    const struct map *map = &set->value[in->part[PER]];

    if (insight_hit(in, hits)->count > 1) // the pair was there already
        return;
    uint32_t values = ++hits->value[in->part[PER]]->word[in->word];
    if (values > state->max)
        state->max = values;
    if (top_wants(&state->top, values))
        top_offer(&state->top, &(struct top_order){count, compare, &(struct groups){map, in->word}},
                  map_id(map, hits->value[in->part[PER]]), values);
}

static void put_top(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    const struct map *map = &view->set->value[in->part[PER]];
    const struct top *top = &view->set->state[in->index].top;
    const struct json_key *field = &in->name[FIELD], *per = &in->name[PER];

    buf_puts(b, ",\"top\":[");
    for (size_t i = 0; i < top->used; i++) {
        buf_puts(b, i > 0 ? ",{" : "{");
        json_put_string(b, per->name, per->len);
        buf_putc(b, ':');
        insight_put_value(b, map, top->item[i].id);
        buf_putc(b, ',');
        json_put_string(b, field->name, field->len);
        b->data[b->len - 1] = 's'; // in place of the quote
        buf_puts(b, "\":");
        buf_put_u64(b, top->item[i].count);
        insight_put_number(b, "logins", map_at(map, top->item[i].id)->count);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    struct insight_state *state = &view->set->state[in->index];
    const struct map *map = &view->set->value[in->part[PER]];
    uint64_t groups = map->used, pairs = insight_map(in, view->set)->used;
    uint64_t mean = (pairs * 100 + groups / 2) / groups; // in hundredths, rounded half up

    insight_put_number(b, "groups", groups);
    insight_put_number(b, "pairs", pairs);
    insight_put_number(b, "max", state->max);
    buf_printf(b, ",\"mean\":%llu.%02llu", (unsigned long long)(mean / 100),
               (unsigned long long)(mean % 100));
    top_sort(&state->top, &(struct top_order){count, compare, &(struct groups){map, in->word}});
    put_top(in, view, b);
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
    bool per_is_logins = per->len == 6 && memcmp(per->name, "logins", 6) == 0;
    bool field_is_login = field->len == 5 && memcmp(field->name, "login", 5) == 0;

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
    in->word = plan->value[in->part[PER]].words++;
    return 0;
}
