// SPDX-License-Identifier: BSD-2-Clause
#include "insight/partial_read.h"

#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "insight/table.h"
#include "sketch/distinct_sample.h"
#include "sketch/hll.h"

// No count is higher, so that sums of counts do not overflow.
#define COUNT_MAX (INT64_C(1) << 53)

// Merges a line into a set. Without a set, only checks the line and adds it to the sums.
struct reader {
    const struct plan *plan;
    struct insight_set *set;
    struct insight_set_scratch *scratch; // NULL without a set
    struct partial_sums *sums;           // NULL with a set
    const struct partial_sums *values;   // the values to which rows refer
    bool all_known;                      // `values` has all of them
    struct err *err;
};

// The current table.
struct target {
    size_t table;
    size_t width;
    size_t place[TABLE_WIDTH];   // by the line's fields: the position in the table's keys
    struct table_sketch *sketch; // to merge into
};

static int wrong(struct reader *r, const char *what)
{
    return err_set(r->err, EX_DATAERR, "%s", what);
}

static bool is_count(const struct json_value *value)
{
    return json_is_count(value, COUNT_MAX);
}

static bool same_name(const struct json_key *name, const struct json_value *value)
{
    return value->type == JSON_STRING &&
           bytes_equal(value->string.data, value->string.len, name->name, name->len);
}

static bool find_value(const struct plan *plan, const struct json_value *name, size_t *index)
{
    for (*index = 0; *index < plan->value_count; ++*index) {
        if (same_name(&plan->field[plan->value[*index].field], name))
            return true;
    }
    return false;
}

// Returns the position of a table of values among the parts of a combination, or its width.
static size_t find_part(const struct table_plan *c, size_t value)
{
    size_t i = 0;

    while (i < c->width && c->part[i] != value)
        i++;
    return i;
}

static bool find_combination(const struct plan *plan, const size_t *value, struct target *target)
{
    for (size_t i = plan->value_count; i < plan_table_count(plan); i++) {
        const struct table_plan *c = plan_table(plan, i);
        size_t found = 0, seen = 0;
        for (; c->width == target->width && found < c->width; found++) {
            target->place[found] = find_part(c, value[found]);
            if (target->place[found] == c->width || (seen >> target->place[found] & 1) != 0)
                break;
            seen |= (size_t)1 << target->place[found];
        }
        target->table = i;
        if (c->width == target->width && found == c->width)
            return true;
    }
    return false;
}

static int find_target(struct reader *r, const struct json_value *fields, struct target *target)
{
    struct json_value key, name;
    struct json_iter it;
    size_t value[TABLE_WIDTH];

    *target = (struct target){.width = 0};
    if (fields->type != JSON_ARRAY)
        return wrong(r, "a table has no fields");
    json_iter_init(&it, fields);
    while (json_iter_next(&it, &key, &name)) {
        if (target->width == TABLE_WIDTH || !find_value(r->plan, &name, &value[target->width++]))
            return wrong(r, "a table has a field that is not counted here");
    }
    target->table = value[0];
    if (target->width == 0 || (target->width > 1 && !find_combination(r->plan, value, target)))
        return wrong(r, "a table has fields that are not counted together here");
    return 0;
}

// The texts of a row, in the order of the table's keys.
struct row {
    struct table_text text[TABLE_WIDTH];
    uint64_t hash[TABLE_WIDTH];
    uint64_t n;      // its count
    bool unresolved; // it refers to a value that is not known yet
};

// Reads a text, or the number of a row that has it.
static int read_text(struct reader *r, const struct target *target, size_t place,
                     const struct json_value *value, struct row *row)
{
    const struct table_plan *table = plan_table(r->plan, target->table);

    if (value->type == JSON_STRING && value->string.len > TABLE_TEXT_MAX)
        return wrong(r, "a text is longer than 1024 bytes");
    if (value->type == JSON_STRING) {
        row->text[place] =
            (struct table_text){.data = value->string.data, .len = value->string.len};
        if (r->set == NULL)
            row->hash[place] = hll_hash(value->string.data, value->string.len);
        return 0;
    }
    if (target->width == 1 || !is_count(value))
        return wrong(r, "a row is not texts and a count");
    const struct partial_value *found = partial_sums_value(
        r->values, table->part[place], (uint64_t)value->integer, &row->text[place]);
    if (found == NULL && r->all_known)
        return wrong(r, "a row refers to a value that is missing");
    row->unresolved |= found == NULL;
    row->hash[place] = found == NULL ? 0 : found->hash;
    return 0;
}

static int read_row(struct reader *r, const struct target *target, const struct json_value *json,
                    struct row *row)
{
    struct json_value key, value;
    struct json_iter it;
    size_t i = 0;

    row->unresolved = false;
    if (json->type != JSON_ARRAY)
        return wrong(r, "a row is not an array");
    json_iter_init(&it, json);
    for (; json_iter_next(&it, &key, &value); i++) {
        if (i < target->width) {
            if (read_text(r, target, target->place[i], &value, row) != 0)
                return -1;
            continue;
        }
        if (i > target->width || !is_count(&value) || value.integer == 0)
            return wrong(r, "a row is not texts and a count");
        row->n = (uint64_t)value.integer;
    }
    return i == target->width + 1 ? 0 : wrong(r, "a row is too short");
}

static int read_exact(struct reader *r, const struct target *target, const struct json_value *json)
{
    struct row row;

    if (read_row(r, target, json, &row) != 0)
        return -1;
    if (r->set != NULL) {
        insight_set_count(r->set, r->plan, target->table, row.text, row.n, r->scratch);
        return 0;
    }
    if ((r->sums->rows[target->table] += row.n) > COUNT_MAX)
        return wrong(r, "a table has too many records");
    if (target->width == 1)
        partial_sums_keep(r->sums, target->table, &row.text[0], row.hash[0]);
    for (size_t i = 0; i < target->width && !row.unresolved; i++)
        *partial_sums_texts(r->sums, target->table, i) += row.n * row.hash[i];
    return 0;
}

static int read_highest(struct reader *r, const struct target *target,
                        const struct json_value *json)
{
    struct row row;

    if (read_row(r, target, json, &row) != 0)
        return -1;
    if (r->set != NULL)
        table_sketch_list(target->sketch, row.text, row.n, &r->scratch->key);
    return 0;
}

static bool read_hash(const struct json_value *value, uint64_t *hash)
{
    if (value->type != JSON_STRING || value->string.len != 16)
        return false;
    *hash = 0;
    for (size_t i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef";
        const char *digit = memchr(digits, value->string.data[i], 16);
        if (digit == NULL)
            return false;
        *hash = *hash << 4 | (uint64_t)(digit - digits);
    }
    return true;
}

static int read_sampled(struct reader *r, const struct target *target, const struct json_value *row)
{
    const struct table_needs *needs = &plan_table(r->plan, target->table)->needs;
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];
    struct json_value key, value;
    struct json_iter it;
    uint64_t hash = 0, n = 0;
    size_t i = 0;

    if (row->type != JSON_ARRAY)
        return wrong(r, "a key of a sample is not an array");
    json_iter_init(&it, row);
    for (; json_iter_next(&it, &key, &value); i++) {
        bool right = i == 0 ? read_hash(&value, &hash)
                     : i <= needs->groupings
                         ? value.type == JSON_STRING
                         : i == needs->groupings + 1 && is_count(&value) && value.integer > 0;
        if (!right || (value.type == JSON_STRING && value.string.len > TABLE_TEXT_MAX))
            return wrong(r, "a key of a sample is not a hash, groups and a count");
        if (i > 0 && i <= needs->groupings)
            group[i - 1] = (struct distinct_sample_group){
                value.string.data, value.string.len,
                map_hash(&r->plan->secret, value.string.data, value.string.len)};
        else if (i > 0)
            n = (uint64_t)value.integer;
    }
    if (i != needs->groupings + 2)
        return wrong(r, "a key of a sample is too short");
    if (r->set != NULL)
        distinct_sample_add(&target->sketch->sample, hash, group, n);
    return 0;
}

static int read_rows(struct reader *r, const struct target *target, const struct json_value *rows,
                     int (*read)(struct reader *, const struct target *, const struct json_value *))
{
    struct json_value key, row;
    struct json_iter it;

    if (rows->type == JSON_ABSENT)
        return 0;
    if (rows->type != JSON_ARRAY)
        return wrong(r, "rows are not an array");
    json_iter_init(&it, rows);
    while (json_iter_next(&it, &key, &row)) {
        if (read(r, target, &row) != 0)
            return -1;
    }
    return 0;
}

static int read_registers(struct reader *r, const struct target *target,
                          const struct json_value *value)
{
    uint8_t rank[HLL_REGISTERS];
    struct hll unused;

    if (value->type == JSON_ABSENT)
        return 0;
    if (value->type != JSON_STRING || value->string.len != HLL_REGISTERS)
        return wrong(r, "registers are not a text of 16384 characters");
    for (size_t i = 0; i < HLL_REGISTERS; i++)
        rank[i] = (uint8_t)(value->string.data[i] - '#');
    hll_init(&unused);
    int status = hll_merge(r->set == NULL ? &unused : &target->sketch->keys, rank);
    hll_release(&unused);
    if (r->sums != NULL)
        r->sums->sketch[target->table]++;
    return status == 0 ? 0 : wrong(r, "a register is out of range");
}

enum member { FIELDS, ROWS, LEVEL, MISSED, REGISTERS, HEAVY, SAMPLE, MEMBER_COUNT };

static void find_members(const struct json_value *table, struct json_value *member)
{
    static const struct json_key names[MEMBER_COUNT] = {
        [FIELDS] = JSON_KEY("fields"),       [ROWS] = JSON_KEY("rows"),
        [LEVEL] = JSON_KEY("level"),         [MISSED] = JSON_KEY("error"),
        [REGISTERS] = JSON_KEY("registers"), [HEAVY] = JSON_KEY("heavy"),
        [SAMPLE] = JSON_KEY("sample"),
    };
    struct json_value key, value;
    struct json_iter it;

    for (size_t i = 0; i < MEMBER_COUNT; i++)
        member[i].type = JSON_ABSENT;
    json_iter_init(&it, table);
    while (json_iter_next(&it, &key, &value)) {
        for (size_t i = 0; i < MEMBER_COUNT; i++) {
            if (same_name(&names[i], &key))
                member[i] = value;
        }
    }
}

static int read_sketch(struct reader *r, struct target *target, const struct json_value *member)
{
    if (!is_count(&member[LEVEL]) || member[LEVEL].integer > DISTINCT_SAMPLE_LEVEL_MAX)
        return wrong(r, "the level of a sample is out of range");
    if (member[MISSED].type != JSON_ABSENT && !is_count(&member[MISSED]))
        return wrong(r, "an error is not a number");
    if (r->set != NULL) {
        insight_set_sketch(r->set, r->plan, target->table);
        target->sketch = insight_set_table(r->set, r->plan, target->table)->sketch;
        distinct_sample_raise(&target->sketch->sample, (uint32_t)member[LEVEL].integer);
        if (member[MISSED].type != JSON_ABSENT)
            target->sketch->highest.missed += (uint64_t)member[MISSED].integer;
    }
    if (read_registers(r, target, &member[REGISTERS]) != 0 ||
        read_rows(r, target, &member[HEAVY], read_highest) != 0)
        return -1;
    return read_rows(r, target, &member[SAMPLE], read_sampled);
}

static int read_table(struct reader *r, const struct json_value *table)
{
    struct json_value member[MEMBER_COUNT];
    struct target target;

    if (table->type != JSON_OBJECT)
        return wrong(r, "a table is not an object");
    find_members(table, member);
    if (find_target(r, &member[FIELDS], &target) != 0)
        return -1;
    if (member[LEVEL].type != JSON_ABSENT)
        return read_sketch(r, &target, member);
    return read_rows(r, &target, &member[ROWS], read_exact);
}

static int read_tables(struct reader *r, const struct json_value *tables)
{
    struct json_value key, table;
    struct json_iter it;

    if (tables->type != JSON_ARRAY)
        return wrong(r, "the partial has no tables");
    json_iter_init(&it, tables);
    while (json_iter_next(&it, &key, &table)) {
        if (read_table(r, &table) != 0)
            return -1;
    }
    return 0;
}

enum head_member { WINDOW, START, FIRST, LAST, RECORDS, PLAN, ID, PART, TABLES, PARTS, TOP_COUNT };

static const struct json_key tops[TOP_COUNT] = {
    [WINDOW] = JSON_KEY("window"), [START] = JSON_KEY("start"),     [FIRST] = JSON_KEY("first"),
    [LAST] = JSON_KEY("last"),     [RECORDS] = JSON_KEY("records"), [PLAN] = JSON_KEY("plan"),
    [ID] = JSON_KEY("id"),         [PART] = JSON_KEY("part"),       [TABLES] = JSON_KEY("tables"),
    [PARTS] = JSON_KEY("parts"),
};

static bool get_time(const struct json_value *value, int64_t *time)
{
    return value->type == JSON_STRING &&
           time_parse(value->string.data, value->string.len, time) == 0;
}

// Reads the members that say which line of which partial this is.
static int read_place(struct reader *r, const struct json_value *top, struct partial_head *head)
{
    if (!read_hash(&top[ID], &head->id))
        return wrong(r, "the partial has no id");
    if (!is_count(&top[PART]) || top[PART].integer == 0)
        return wrong(r, "the partial has no number of the line");
    head->part = (uint64_t)top[PART].integer;
    if (top[PARTS].type == JSON_ABSENT)
        return 0;
    if (!is_count(&top[PARTS]) || top[PARTS].integer != top[PART].integer)
        return wrong(r, "the number of lines is not that of the last line");
    head->parts = head->part;
    return 0;
}

int partial_read_check(const struct json *json, const struct plan *plan, struct partial_head *head,
                       struct partial_sums *sums, struct err *err)
{
    struct reader r = {.plan = plan, .sums = sums, .values = sums, .err = err};
    struct json_value top[TOP_COUNT];
    uint64_t id;

    json_fields(json, tops, TOP_COUNT, top);
    if (top[WINDOW].type != JSON_STRING)
        return wrong(&r, "the partial has no window");
    if (!is_count(&top[RECORDS]))
        return wrong(&r, "the partial has no number of records");
    *head = (struct partial_head){.window = top[WINDOW].string.data,
                                  .window_len = top[WINDOW].string.len,
                                  .records = (uint64_t)top[RECORDS].integer};
    if (top[START].type != JSON_ABSENT && !get_time(&top[START], &head->start))
        return wrong(&r, "start is not a time");
    if (!get_time(&top[FIRST], &head->first) || !get_time(&top[LAST], &head->last))
        return wrong(&r, "first or last is not a time");
    if (head->first > head->last)
        return wrong(&r, "first is later than last");
    if (!read_hash(&top[PLAN], &id) || id != plan_id(plan))
        return wrong(&r, "it was made with other insight options");
    if (read_place(&r, top, head) != 0)
        return -1;
    if ((head->part == 1) != (head->records > 0))
        return wrong(&r, "only the first line of a partial has its number of records");
    sums->records += head->records;
    r.all_known = sums->in_order || (head->part == 1 && head->parts == 1);
    return read_tables(&r, &top[TABLES]);
}

void partial_read_merge(const struct json *json, const struct plan *plan,
                        const struct partial_sums *sums, struct insight_set *set)
{
    struct err err;
    struct insight_set_scratch scratch;
    struct reader r = {.plan = plan,
                       .set = set,
                       .scratch = &scratch,
                       .values = sums,
                       .all_known = true,
                       .err = &err};
    struct json_value top[TOP_COUNT];

    insight_set_scratch_init(&scratch, plan);
    json_fields(json, tops, TOP_COUNT, top);
    read_tables(&r, &top[TABLES]);
    insight_set_scratch_release(&scratch);
}
