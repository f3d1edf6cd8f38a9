// SPDX-License-Identifier: BSD-2-Clause
#include "insight/each.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "insight/report.h"
#include "insight/set.h"
#include "json/json_write.h"
#include "sketch/map.h"

static const struct map *groups_of(const struct each *each)
{
    size_t table = each->in->kind->groups->table(each->in);

    return &insight_set_table(each->view->set, each->in->plan, table)->map;
}

static const struct map *values_of(const struct each *each)
{
    return &each->view->set->value[each->in->part[0]].map;
}

// Returns the position of the insight's field i in the keys of the table of the groups.
static size_t place_of(const struct insight *in, size_t i)
{
    return in->kind->groups->first == 0 ? in->place[i] : 0;
}

static int compare_groups(const void *left, const void *right, void *ctx)
{
    const struct each_group *a = left, *b = right;
    const struct each *each = ctx;
    const struct insight *in = each->in;
    size_t table = in->kind->groups->table(in);
    int order = 0;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    for (size_t i = in->kind->groups->first; i < in->width && order == 0; i++) {
        size_t place = place_of(in, i);
        order = map_compare(&each->view->set->value[in->part[i]].map,
                            insight_set_part_id(each->view->set, in->plan, table, a->id, place),
                            insight_set_part_id(each->view->set, in->plan, table, b->id, place));
    }
    return order;
}

// Makes the array of the groups that have changed, in the order of the map. What is printed now is
// remembered, unless the window closes.
static void find_groups(struct each *each)
{
    const struct insight_groups *groups = each->in->kind->groups;
    struct insight_accumulator *acc = &each->view->set->accumulator[each->in->index];
    const struct map *map = groups_of(each);
    size_t i = 0;

    each->group = xcalloc(map->used + 1, sizeof *each->group);
    if (!each->view->final)
        acc->printed = xreallocarray(acc->printed, map->used + 1, sizeof *acc->printed);
    for (const struct map_entry *e = map_first(map); e != NULL; e = map_next(map, e), i++) {
        uint64_t count = groups->count(each->in, e);
        bool changed = i >= acc->printed_count || acc->printed[i] != (uint32_t)e->count;
        if (count > 0 && (changed || each->view->final))
            each->group[each->count++] = (struct each_group){count, map_id(map, e)};
        if (!each->view->final)
            acc->printed[i] = (uint32_t)e->count;
    }
    if (!each->view->final)
        acc->printed_count = i;
}

static int compare_pairs(const void *left, const void *right, void *ctx)
{
    const struct each_pair *a = left, *b = right;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return map_compare(ctx, a->value, b->value);
}

// Returns a set of bits, by id, of the groups to print.
static unsigned char *mark_groups(const struct each *each)
{
    unsigned char *marked = xcalloc(groups_of(each)->len / MAP_UNIT / 8 + 1, 1);

    for (size_t i = 0; i < each->count; i++)
        marked[each->group[i].id / 8] |= (unsigned char)(1u << each->group[i].id % 8);
    return marked;
}

// Makes the sorted array of the pairs of the groups to print.
static void find_pairs(struct each *each)
{
    const struct insight *in = each->in;
    const struct map *map = &insight_set_table_of(in, each->view->set)->map;
    unsigned char *marked = mark_groups(each);
    size_t size = 0;

    for (size_t i = 0; i < each->count; i++)
        size += each->group[i].count;
    each->pair = xcalloc(size + 1, sizeof *each->pair);
    for (const struct map_entry *e = map_first(map); e != NULL; e = map_next(map, e)) {
        const uint32_t *id = (const uint32_t *)(const void *)map_key(map, e);
        uint32_t value = id[in->place[0]], group = id[in->place[1]];
        if ((marked[group / 8] >> group % 8 & 1) != 0 && each->pairs < size)
            each->pair[each->pairs++] = (struct each_pair){e->count, group, value};
    }
    free(marked);
    qsort_r(each->pair, each->pairs, sizeof *each->pair, compare_pairs, (void *)values_of(each));
}

void each_init(struct each *each, const struct insight *in, const struct window_view *view)
{
    const struct insight_groups *groups = in->kind->groups;

    *each = (struct each){.in = in, .view = view};
    if (insight_set_table_of(in, view->set)->sketch != NULL) {
        each->count = groups->list_sketched(in, view->set, &each->row);
        return;
    }
    find_groups(each);
    if (groups->lists_values)
        find_pairs(each);
    qsort_r(each->group, each->count, sizeof *each->group, compare_groups, each);
}

void each_release(struct each *each)
{
    free(each->group);
    free(each->pair);
    free(each->row);
}

// Fills in the row of a group of an exact table.
static void make_row(const struct each *each, const struct each_group *group,
                     struct ranking_row *row)
{
    const struct insight *in = each->in;
    size_t table = in->kind->groups->table(in);

    row->count = group->count;
    row->records = map_at(groups_of(each), group->id)->count;
    for (size_t i = in->kind->groups->first; i < in->width; i++)
        row->text[i] =
            insight_set_part(each->view->set, in->plan, table, group->id, place_of(in, i));
}

// Returns the index of the first pair of a group.
static size_t first_pair(const struct each *each, uint32_t group)
{
    size_t low = 0, high = each->pairs;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (each->pair[middle].group < group)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void put_values(const struct each *each, uint32_t group, struct report *r)
{
    const struct map *values = values_of(each);

    json_put_name(r->b, "values");
    buf_putc(r->b, '[');
    for (size_t i = first_pair(each, group); i < each->pairs && each->pair[i].group == group; i++) {
        const struct map_entry *e = map_at(values, each->pair[i].value);
        size_t entry = r->b->len;
        json_put_comma(r->b);
        json_put_string(r->b, map_key(values, e), e->len);
        if (!report_fits(r, entry, REPORT_LIST))
            break;
    }
    buf_putc(r->b, ']');
}

bool each_next(struct each *each, struct buf *b)
{
    const struct insight *in = each->in;
    const struct insight_groups *groups = in->kind->groups;
    struct ranking_row exact;
    const struct ranking_row *row = &exact;
    struct report r;

    if (each->next == each->count)
        return false;
    if (each->group == NULL)
        row = &each->row[each->next];
    else
        make_row(each, &each->group[each->next], &exact);
    report_begin(&r, b, in, each->view, groups->first, row->text);
    for (size_t i = groups->first; i < in->width; i++)
        report_put_field(b, in, i, &row->text[i]);
    groups->put(in, each->view->set, row, b);
    if (groups->lists_values && each->group != NULL)
        put_values(each, each->group[each->next].id, &r);
    report_put_window(&r, each->view);
    report_end(&r, in, each->view);
    each->next++;
    return true;
}
