// SPDX-License-Identifier: BSD-2-Clause
#include "insight/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "sketch/hll.h"

static size_t find_field(struct plan *plan, const struct json_key *name)
{
    size_t found = json_key_find(plan->field, plan->field_count, name->name, name->len);

    if (found < plan->field_count)
        return found;
    plan->field = xreallocarray(plan->field, plan->field_count + 1, sizeof *plan->field);
    plan->field[plan->field_count] = *name;
    plan->paths |= memchr(name->name, '.', name->len) != NULL;
    return plan->field_count++;
}

int plan_init(struct plan *plan, const char *time_field, struct err *err)
{
    *plan = (struct plan){.field = NULL};
    if (map_secret_init(&plan->secret, err) != 0)
        return -1;
    plan->time_field = find_field(plan, &(struct json_key){time_field, strlen(time_field)});
    return 0;
}

void plan_release(struct plan *plan)
{
    free(plan->field);
    free(plan->value);
    free(plan->combination);
    free(plan->insight);
}

uint64_t plan_id(const struct plan *plan)
{
    uint64_t id = 0, name[TABLE_WIDTH];

    for (size_t i = 0; i < plan->value_count; i++) {
        const struct json_key *field = &plan->field[plan->value[i].field];
        id ^= hll_hash(field->name, field->len);
    }
    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct table_plan *c = &plan->combination[i];
        for (size_t j = 0; j < c->width; j++) {
            const struct json_key *field = &plan->field[plan->value[c->part[c->order[j]]].field];
            name[j] = hll_hash(field->name, field->len);
        }
        id ^= hll_hash(name, c->width * sizeof *name);
    }
    return id;
}

void plan_id_text(const struct plan *plan, char text[PLAN_ID_SIZE])
{
    snprintf(text, PLAN_ID_SIZE, "%016llx", (unsigned long long)plan_id(plan));
}

void plan_read_fields(const struct plan *plan, const struct json *json, struct json_value *value)
{
    json_fields(json, plan->field, plan->field_count, value);
    for (size_t i = 0; plan->paths && i < plan->field_count; i++) {
        if (value[i].type == JSON_ABSENT)
            json_path(json, &plan->field[i], &value[i]);
    }
}

static size_t find_value(struct plan *plan, size_t field)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (plan->value[i].field == field)
            return i;
    }
    plan->value = xreallocarray(plan->value, plan->value_count + 1, sizeof *plan->value);
    plan->value[plan->value_count] =
        (struct plan_value){.field = field, .table = {.width = 1, .part[0] = plan->value_count}};
    return plan->value_count++;
}

static int compare_names(const struct json_key *a, const struct json_key *b)
{
    return bytes_compare(a->name, a->len, b->name, b->len);
}

static void order_by_name(const struct plan *plan, struct table_plan *combination)
{
    for (size_t i = 0; i < combination->width; i++) {
        size_t place = 0;
        for (size_t j = 0; j < combination->width; j++)
            place += compare_names(&plan->field[plan->value[combination->part[j]].field],
                                   &plan->field[plan->value[combination->part[i]].field]) < 0;
        combination->order[place] = i;
    }
}

// Insights that combine the same fields share one table, whatever the order of their fields.
static size_t find_combination(struct plan *plan, struct insight *in)
{
    struct table_plan new = {.width = in->width};

    for (size_t i = 0; i < in->width; i++) {
        for (size_t j = 0; j < in->width; j++)
            in->place[i] += in->part[j] < in->part[i];
        new.part[in->place[i]] = in->part[i];
    }
    order_by_name(plan, &new);
    for (size_t i = 0; i < plan->combination_count; i++) {
        const struct table_plan *old = &plan->combination[i];
        if (old->width == new.width && memcmp(old->part, new.part, sizeof new.part) == 0)
            return i;
    }
    plan->combination =
        xreallocarray(plan->combination, plan->combination_count + 1, sizeof *plan->combination);
    plan->combination[plan->combination_count] = new;
    return plan->combination_count++;
}

struct insight *plan_add(struct plan *plan, const struct insight_kind *kind, const char *about,
                         const struct json_key *name, size_t width)
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

int plan_check(const struct plan *plan, const struct insight_kind *kind, const char *about,
               const struct json_key *name, size_t width, struct err *err)
{
    if (!json_utf8_valid(about, strlen(about)))
        return err_set(err, EX_USAGE, "the name is not UTF-8");
    for (size_t i = 0; i < width; i++) {
        if (name[i].len == 0)
            return err_set(err, EX_USAGE, "'%s' contains an empty field name", about);
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

struct table_needs *plan_needs(struct plan *plan, const struct insight *in)
{
    return in->width == 1 ? &plan->value[in->part[0]].table.needs
                          : &plan->combination[in->combination].needs;
}
