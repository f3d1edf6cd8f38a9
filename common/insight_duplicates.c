// SPDX-License-Identifier: BSD-2-Clause
//
// duplicates: what combinations of values of some fields occur more than once.
#include "insight.h"

#include <string.h>

static uint64_t count(const void *ctx, uint32_t id)
{
    const struct insight_ranks *ranks = ctx;
    return map_at(insight_map(ranks->in, ranks->set), id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const struct insight_ranks *ranks = ctx;
    int order = 0;

    for (size_t i = 0; i < ranks->in->width && order == 0; i++)
        order = map_compare(&ranks->set->value[ranks->in->part[i]], insight_part_id(ranks, a, i),
                            insight_part_id(ranks, b, i));
    return order;
}

static void init(const struct insight *in, struct insight_set *set)
{
    top_init(&set->state[in->index].top, in->plan->top, 2);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits)
{
    struct insight_state *state = &set->state[in->index];
    const struct map_entry *e = insight_hit(in, hits);

    if (e->count < 2)
        return;
    state->groups += e->count == 2;
    state->records += e->count == 2 ? 2 : 1;
    if (top_wants(&state->top, e->count))
        top_offer(&state->top,
                  &(struct top_order){count, compare, &(struct insight_ranks){in, set}},
                  map_id(insight_map(in, set), e), e->count);
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    struct insight_state *state = &view->set->state[in->index];
    const struct insight_ranks ranks = {in, view->set};

    insight_put_number(b, "groups", state->groups);
    insight_put_number(b, "records", state->records);
    buf_puts(b, ",\"top\":[");
    size_t listed = top_sort(&state->top, &(struct top_order){count, compare, &ranks});
    for (size_t i = 0; i < listed; i++) {
        buf_puts(b, i > 0 ? ",{" : "{");
        for (size_t j = 0; j < in->width; j++) {
            if (j > 0)
                buf_putc(b, ',');
            insight_put_field(b, &ranks, state->top.item[i].id, j);
        }
        insight_put_number(b, "count", state->top.item[i].count);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

static void put_about(const struct insight *in, struct buf *b)
{
    buf_puts(b, "\"fields\":[");
    for (size_t i = 0; i < in->width; i++) {
        if (i > 0)
            buf_putc(b, ',');
        json_put_string(b, in->name[i].name, in->name[i].len);
    }
    buf_puts(b, "],");
}

int insight_add_duplicates(struct insight_plan *plan, const char *text, struct err *err)
{
    static const struct insight_kind kind = {.name = "duplicates",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .combines = true};
    struct json_key name[INSIGHT_WIDTH];
    size_t width = 0;

    for (const char *at = text; at != NULL; width++) {
        size_t len = strcspn(at, ",");
        if (width == INSIGHT_WIDTH)
            return err_set(err, EX_USAGE, "'%s' has more than %d fields", text, INSIGHT_WIDTH);
        if (len == 5 && memcmp(at, "count", 5) == 0)
            return err_set(err, EX_USAGE, "'%s': count is what the number is called", text);
        name[width] = (struct json_key){at, len};
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (insight_check(plan, &kind, text, name, width, err) != 0)
        return -1;
    insight_add(plan, &kind, text, name, width);
    return 0;
}
