// SPDX-License-Identifier: BSD-2-Clause
#include "insight/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "login/fields.h"
#include "json/json_write.h"

static size_t find_field(struct insight_plan *plan, const struct json_key *name)
{
    size_t found = json_key_find(plan->field, plan->field_count, name->name, name->len);

    if (found < plan->field_count)
        return found;
    plan->field = xreallocarray(plan->field, plan->field_count + 1, sizeof *plan->field);
    plan->field[plan->field_count] = *name;
    plan->paths |= memchr(name->name, '.', name->len) != NULL;
    return plan->field_count++;
}

int insight_plan_init(struct insight_plan *plan, const char *time_field, struct err *err)
{
    *plan = (struct insight_plan){.field = NULL};
    if (map_secret_init(&plan->secret, err) != 0)
        return -1;
    // The order in which producers write them is the one that json_fields() finds fastest.
    for (size_t i = 0; i < FIELD_COUNT; i++)
        find_field(plan, &field_keys[i]);
    plan->time_field = find_field(plan, &(struct json_key){time_field, strlen(time_field)});
    return 0;
}

void insight_plan_release(struct insight_plan *plan)
{
    free(plan->field);
    free(plan->value);
    free(plan->combination);
    free(plan->insight);
}

uint64_t insight_plan_id(const struct insight_plan *plan)
{
    uint64_t id = 0, name[INSIGHT_WIDTH];

    for (size_t i = 0; i < plan->value_count; i++) {
        const struct json_key *field = &plan->field[plan->value[i].field];
        id ^= hll_hash(field->name, field->len);
    }
    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct insight_table_plan *c = &plan->combination[i];
        for (size_t j = 0; j < c->width; j++) {
            const struct json_key *field = &plan->field[plan->value[c->part[c->order[j]]].field];
            name[j] = hll_hash(field->name, field->len);
        }
        id ^= hll_hash(name, c->width * sizeof *name);
    }
    return id;
}

void insight_read_fields(const struct insight_plan *plan, const struct json *json,
                         struct json_value *value)
{
    json_fields(json, plan->field, plan->field_count, value);
    for (size_t i = 0; plan->paths && i < plan->field_count; i++) {
        if (value[i].type == JSON_ABSENT)
            json_path(json, &plan->field[i], &value[i]);
    }
}

static size_t find_value(struct insight_plan *plan, size_t field)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (plan->value[i].field == field)
            return i;
    }
    plan->value = xreallocarray(plan->value, plan->value_count + 1, sizeof *plan->value);
    plan->value[plan->value_count] =
        (struct insight_value){.field = field, .table = {.width = 1, .part[0] = plan->value_count}};
    return plan->value_count++;
}

static int compare_names(const struct json_key *a, const struct json_key *b)
{
    return bytes_compare(a->name, a->len, b->name, b->len);
}

static void order_by_name(const struct insight_plan *plan, struct insight_table_plan *combination)
{
    for (size_t i = 0; i < combination->width; i++) {
        size_t place = 0;
        for (size_t j = 0; j < combination->width; j++)
            place += compare_names(&plan->field[plan->value[combination->part[j]].field],
                                   &plan->field[plan->value[combination->part[i]].field]) < 0;
        combination->order[place] = i;
    }
}

// One table serves all insights that combine the same fields, in whatever order they name them.
static size_t find_combination(struct insight_plan *plan, struct insight *in)
{
    struct insight_table_plan new = {.width = in->width};

    for (size_t i = 0; i < in->width; i++) {
        for (size_t j = 0; j < in->width; j++)
            in->place[i] += in->part[j] < in->part[i];
        new.part[in->place[i]] = in->part[i];
    }
    order_by_name(plan, &new);
    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct insight_table_plan *old = &plan->combination[i];
        if (old->width == new.width && memcmp(old->part, new.part, sizeof new.part) == 0)
            return i;
    }
    plan->combination =
        xreallocarray(plan->combination, plan->combination_count + 1, sizeof *plan->combination);
    plan->combination[plan->combination_count] = new;
    return plan->combination_count++;
}

struct insight *insight_add(struct insight_plan *plan, const struct insight_kind *kind,
                            const char *about, const struct json_key *name, size_t width)
{
    size_t count = plan->insight_count++;

    plan->insight = xreallocarray(plan->insight, count + 1, sizeof *plan->insight);
    struct insight *in = &plan->insight[count];
    *in = (struct insight){
        .plan = plan, .kind = kind, .index = count, .about = about, .width = width};
    for (size_t i = 0; i < width; i++) {
        in->name[i] = name[i];
        in->part[i] = find_value(plan, find_field(plan, &name[i]));
    }
    if (kind->combines && width > 1)
        in->combination = find_combination(plan, in);
    return in;
}

int insight_check(const struct insight_plan *plan, const struct insight_kind *kind,
                  const char *about, const struct json_key *name, size_t width, struct err *err)
{
    if (!json_utf8_valid(about, strlen(about)))
        return err_set(err, EX_USAGE, "the name is not UTF-8");
    for (size_t i = 0; i < width; i++) {
        if (name[i].len == 0)
            return err_set(err, EX_USAGE, "'%s' has an empty name in it", about);
        if (json_key_find(name, i, name[i].name, name[i].len) < i)
            return err_set(err, EX_USAGE, "'%s' names a field twice", about);
    }
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind == kind && in->about != NULL && strcmp(in->about, about) == 0)
            return err_set(err, EX_USAGE, "'%s' is given twice", about);
    }
    return 0;
}

struct insight_needs *insight_needs_of(struct insight_plan *plan, const struct insight *in)
{
    return in->width == 1 ? &plan->value[in->part[0]].table.needs
                          : &plan->combination[in->combination].needs;
}

bool insight_is_approximate(const struct insight *in, const struct insight_set *set)
{
    if (!set->sketched)
        return false;
    for (size_t i = 0; i < in->width; i++) {
        if (!in->kind->combines && set->value[in->part[i]].sketch != NULL)
            return true;
    }
    return in->kind->combines && insight_table_of(in, set)->sketch != NULL;
}

static void put_key(struct buf *b, const struct insight *in, const struct insight_view *view)
{
    buf_puts(b, ",\"key\":\"");
    window_put_key(b, view->spec, view->start);
    buf_putc(b, '/');
    buf_puts(b, in->kind->name);
    if (in->about == NULL) {
        buf_putc(b, '"');
        return;
    }
    // It comes with quotes; the first one gives way and the last one ends the key.
    size_t quote = b->len;
    json_put_string(b, in->about, strlen(in->about));
    b->data[quote] = '/';
}

void insight_put(struct buf *b, const struct insight_plan *plan, size_t i,
                 const struct insight_view *view)
{
    const struct insight *in = &plan->insight[i];

    buf_puts(b, "{\"insight\":\"");
    buf_puts(b, in->kind->name);
    buf_putc(b, '"');
    put_key(b, in, view);
    buf_putc(b, ',');
    if (in->kind->put_about != NULL)
        in->kind->put_about(in, b);
    buf_puts(b, "\"window\":");
    window_put_json(b, view->spec, view->start, view->set->first, view->set->last);
    buf_puts(b, view->final ? ",\"final\":true" : ",\"final\":false");
    in->kind->put(in, view, b);
    if (insight_is_approximate(in, view->set) || (in->kind->compares && view->previous != NULL &&
                                                  insight_is_approximate(in, view->previous)))
        buf_puts(b, ",\"approx\":true");
    buf_putc(b, '}');
}
