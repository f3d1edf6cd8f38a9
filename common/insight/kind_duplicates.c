// SPDX-License-Identifier: BSD-2-Clause
//
// duplicates: what combinations of values of some fields occur more than once.
#include "insight/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "json/json_write.h"

static void init(const struct insight *in, struct insight_set *set)
{
    topk_init(&set->state[in->index].top, in->plan->top, 2);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits,
                uint64_t n)
{
    struct insight_state *state = &set->state[in->index];
    const struct map_entry *e = insight_hit(in, hits);
    bool is_new = e->count - n < 2;

    if (e->count < 2)
        return;
    state->groups += is_new;
    state->records += is_new ? e->count : n;
    if (topk_wants(&state->top, e->count, n))
        insight_offer(in, set, e);
}

static void put_top(const struct insight *in, const struct insight_set *set, struct buf *b)
{
    struct insight_listed *list;
    size_t count = insight_list(in, set, in->plan->top, &list);

    buf_puts(b, ",\"top\":[");
    for (size_t i = 0; i < count && list[i].count > 1; i++) {
        buf_puts(b, i > 0 ? ",{" : "{");
        for (size_t j = 0; j < in->width; j++) {
            if (j > 0)
                buf_putc(b, ',');
            insight_put_field(b, in, j, &list[i].text[j]);
        }
        insight_put_number(b, "count", list[i].count);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    free(list);
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    const struct insight_sketch *sketch = insight_table_of(in, view->set)->sketch;
    const struct insight_state *state = &view->set->state[in->index];
    uint64_t groups = state->groups, records = state->records;

    if (sketch != NULL) {
        const struct distinct_sample *sample = &sketch->sample;
        // Those that occur once are sampled best: no count among them is far above the others'.
        uint64_t single = (sample->key.used - sample->repeated) << sample->level;
        groups = sample->repeated << sample->level;
        records = view->set->records - (single < view->set->records ? single : view->set->records);
    }
    insight_put_number(b, "groups", groups);
    insight_put_number(b, "records", records);
    put_top(in, view->set, b);
    insight_put_error(b, in, view->set);
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
        if (bytes_are(at, len, "count"))
            return err_set(err, EX_USAGE, "'%s': count is what the number is called", text);
        name[width] = (struct json_key){at, len};
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (insight_check(plan, &kind, text, name, width, err) != 0)
        return -1;
    struct insight_needs *needs =
        insight_needs_of(plan, insight_add(plan, &kind, text, name, width));
    needs->listed = needs->sampled = true;
    return 0;
}
