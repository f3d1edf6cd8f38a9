// SPDX-License-Identifier: BSD-2-Clause
#include "view/insight_read.h"

#include "base/bytes.h"
#include "base/datetime.h"

enum member {
    M_INSIGHT,
    M_KEY,
    M_WINDOW,
    M_FINAL,
    M_APPROX,
    M_CUT,
    M_FIELD,
    M_PER,
    M_FIELDS,
    M_LOGINS,
    M_USERS,
    M_IPS,
    M_DEVICES,
    M_LATE,
    M_FIRST,
    M_LAST,
    M_VALUES,
    M_COUNTS,
    M_OTHER,
    M_GROUPS,
    M_PAIRS,
    M_MAX,
    M_MEAN,
    M_TOP,
    M_RECORDS,
    M_COUNT,
    MEMBERS
};

static const struct json_key members[MEMBERS] = {
    [M_INSIGHT] = JSON_KEY("insight"), [M_KEY] = JSON_KEY("key"),
    [M_WINDOW] = JSON_KEY("window"),   [M_FINAL] = JSON_KEY("final"),
    [M_APPROX] = JSON_KEY("approx"),   [M_CUT] = JSON_KEY("cut"),
    [M_FIELD] = JSON_KEY("field"),     [M_PER] = JSON_KEY("per"),
    [M_FIELDS] = JSON_KEY("fields"),   [M_LOGINS] = JSON_KEY("logins"),
    [M_USERS] = JSON_KEY("users"),     [M_IPS] = JSON_KEY("ips"),
    [M_DEVICES] = JSON_KEY("devices"), [M_LATE] = JSON_KEY("late"),
    [M_FIRST] = JSON_KEY("first"),     [M_LAST] = JSON_KEY("last"),
    [M_VALUES] = JSON_KEY("values"),   [M_COUNTS] = JSON_KEY("counts"),
    [M_OTHER] = JSON_KEY("other"),     [M_GROUPS] = JSON_KEY("groups"),
    [M_PAIRS] = JSON_KEY("pairs"),     [M_MAX] = JSON_KEY("max"),
    [M_MEAN] = JSON_KEY("mean"),       [M_TOP] = JSON_KEY("top"),
    [M_RECORDS] = JSON_KEY("records"), [M_COUNT] = JSON_KEY("count"),
};

static const char *const kinds[] = {
    [INSIGHT_LOGINS] = "logins",
    [INSIGHT_COUNT] = "count",
    [INSIGHT_DISTINCT] = "distinct",
    [INSIGHT_DUPLICATES] = "duplicates",
};

uint64_t insight_count(const struct json_value *value)
{
    if (value->type == JSON_INT && value->integer <= 0)
        return 0;
    if (value->type == JSON_INT && value->integer < (int64_t)INSIGHT_COUNT_MAX)
        return (uint64_t)value->integer;
    if (value->type == JSON_DOUBLE && value->number < (double)INSIGHT_COUNT_MAX)
        return value->number > 0 ? (uint64_t)value->number : 0;
    return value->type == JSON_INT || value->type == JSON_UINT || value->type == JSON_DOUBLE
               ? INSIGHT_COUNT_MAX
               : 0;
}

static bool is_true(const struct json_value *value)
{
    return value->type == JSON_BOOL && value->boolean;
}

static struct value_text text_of(const struct json_value *value)
{
    return value->type == JSON_STRING ? (struct value_text){value->string.data, value->string.len}
                                      : (struct value_text){"", 0};
}

static int64_t time_of(const struct json_value *value)
{
    int64_t ms;

    if (value->type != JSON_STRING || time_parse(value->string.data, value->string.len, &ms) != 0)
        return INSIGHT_NO_TIME;
    return ms;
}

// Takes the end of a text off, with the slash before it. Returns whether the text ends so.
static bool take_off(struct value_text *text, const char *end, size_t len)
{
    if (text->len <= len || memcmp(text->data + text->len - len, end, len) != 0 ||
        text->data[text->len - len - 1] != '/')
        return false;
    text->len -= len + 1;
    return true;
}

// Takes the number of the window off, with the slash before it.
static bool take_number_off(struct value_text *text)
{
    size_t digits = 0;

    while (digits < text->len && text->data[text->len - digits - 1] >= '0' &&
           text->data[text->len - digits - 1] <= '9')
        digits++;
    return digits > 0 && take_off(text, text->data + text->len - digits, digits);
}

// Reads the members of the window. Sets *start and *number.
static void read_window(struct insight_line *in, const struct json_value *window,
                        struct json_value *start, struct json_value *number)
{
    struct json_value name, value;
    struct json_iter it;

    json_iter_init(&it, window);
    while (json_iter_next(&it, &name, &value)) {
        struct value_text n = text_of(&name);
        if (bytes_are(n.data, n.len, "start"))
            *start = value;
        else if (bytes_are(n.data, n.len, "end"))
            in->end = time_of(&value);
        else if (bytes_are(n.data, n.len, "number"))
            *number = value;
        else if (bytes_are(n.data, n.len, "first"))
            in->first = time_of(&value);
        else if (bytes_are(n.data, n.len, "last"))
            in->last = time_of(&value);
    }
    in->start = time_of(start);
}

// Returns what stands before the kind in a key: "1h/2023-09-12T00:00:00Z", "500n/7", "all".
static struct value_text before_kind(const struct insight_line *in, const struct json_value *key)
{
    char kind[16] = "/";
    struct value_text text = text_of(key);

    strcat(kind, kinds[in->kind]);
    const char *end = text.len == 0 ? NULL : memmem(text.data, text.len, kind, strlen(kind));
    text.len = end == NULL ? 0 : (size_t)(end - text.data);
    return text;
}

// Finds out which window the insight is about, and what -w said. Returns 0, or -1 if the members
// contradict each other.
static int place_window(struct insight_line *in, const struct json_value *key,
                        const struct json_value *window)
{
    struct json_value start = {0}, number = {0};

    if (window->type != JSON_OBJECT)
        return -1;
    in->end = INSIGHT_NO_TIME;
    read_window(in, window, &start, &number);
    in->series = before_kind(in, key);
    in->window = WINDOW_ALL;
    if (in->start != INSIGHT_NO_TIME) {
        if (!take_off(&in->series, start.string.data, start.string.len) || in->end <= in->start)
            return -1;
        in->order = in->start;
        in->window =
            memchr(in->series.data, '/', in->series.len) != NULL ? WINDOW_HOPPING : WINDOW_TUMBLING;
    } else if (number.type != JSON_ABSENT) {
        if (!json_is_count(&number, (int64_t)INSIGHT_COUNT_MAX) || !take_number_off(&in->series))
            return -1;
        in->order = number.integer;
        in->window = WINDOW_RECORDS;
    }
    return in->series.len > 0 ? 0 : -1;
}

static bool add_field(struct insight_line *in, const struct json_value *name)
{
    if (name->type != JSON_STRING || in->fields == VALUE_TEXTS_MAX)
        return false;
    in->field[in->fields++] = text_of(name);
    return true;
}

static bool add_each_field(void *ctx, const struct json_value *name)
{
    return add_field(ctx, name);
}

static int read_fields(struct insight_line *in, const struct json_value *m)
{
    if (in->kind == INSIGHT_DUPLICATES)
        return json_each(&m[M_FIELDS], add_each_field, in) && in->fields > 0 ? 0 : -1;
    if (in->kind != INSIGHT_LOGINS && !add_field(in, &m[M_FIELD]))
        return -1;
    return in->kind != INSIGHT_DISTINCT || add_field(in, &m[M_PER]) ? 0 : -1;
}

size_t insight_texts(const struct insight_line *in)
{
    return in->kind == INSIGHT_DUPLICATES ? in->fields : 1;
}

// Returns whether a name is that of a number of different values: "ips" for "ip".
static bool is_plural(const struct value_text *name, const struct value_text *field)
{
    return name->len == field->len + 1 && name->data[field->len] == 's' &&
           memcmp(name->data, field->data, field->len) == 0;
}

// Reads a member of a row of a top list, or of the line of a group.
static void take_member(const struct insight_line *in, const struct json_value *name,
                        const struct json_value *value, struct value_text *text,
                        struct value_row *row)
{
    struct value_text n = text_of(name);

    if (in->kind == INSIGHT_DISTINCT) {
        if (bytes_equal(n.data, n.len, in->field[1].data, in->field[1].len))
            text[0] = text_of(value);
        else if (is_plural(&n, &in->field[0]))
            row->count = insight_count(value);
        else if (bytes_are(n.data, n.len, "logins"))
            row->records = insight_count(value);
        return;
    }
    for (size_t i = 0; i < in->fields; i++) {
        if (bytes_equal(n.data, n.len, in->field[i].data, in->field[i].len))
            text[i] = text_of(value);
    }
    if (bytes_are(n.data, n.len, "count"))
        row->count = insight_count(value);
}

// Reads the values and numbers of an object: a row of a top list, or the line of a group. Returns
// whether all are there.
static bool read_row(const struct insight_line *in, const struct json_value *object,
                     struct value_text *text, struct value_row *row)
{
    struct json_value name, value;
    struct json_iter it;

    *row = (struct value_row){0};
    memset(text, 0, insight_texts(in) * sizeof *text);
    if (object->type != JSON_OBJECT)
        return false;
    json_iter_init(&it, object);
    while (json_iter_next(&it, &name, &value))
        take_member(in, &name, &value, text, row);
    for (size_t i = 0; i < insight_texts(in); i++) {
        if (text[i].data == NULL)
            return false;
    }
    return row->count > 0;
}

static void read_numbers(struct insight_line *in, const struct json_value *m)
{
    in->logins = insight_count(&m[M_LOGINS]);
    in->users = insight_count(&m[M_USERS]);
    in->ips = insight_count(&m[M_IPS]);
    in->devices = insight_count(&m[M_DEVICES]);
    in->late = insight_count(&m[M_LATE]);
    in->values = insight_count(&m[in->kind == INSIGHT_COUNT ? M_VALUES : M_GROUPS]);
    in->records = insight_count(&m[in->kind == INSIGHT_DISTINCT ? M_PAIRS : M_RECORDS]);
    in->max = insight_count(&m[M_MAX]);
    in->other = insight_count(&m[M_OTHER]);
    in->mean = m[M_MEAN].type == JSON_DOUBLE ? m[M_MEAN].number : (double)insight_count(&m[M_MEAN]);
    in->list = m[in->kind == INSIGHT_COUNT ? M_COUNTS : M_TOP];
    in->final = is_true(&m[M_FINAL]);
    in->approx = is_true(&m[M_APPROX]);
    in->cut = is_true(&m[M_CUT]);
}

static int read_group(struct insight_line *in, const struct json *json)
{
    struct json_value root = json_root(json);

    in->is_group = true;
    return read_row(in, &root, in->group, &in->group_row) ? 0 : -1;
}

int insight_read(struct insight_line *in, const struct json *json)
{
    struct json_value m[MEMBERS];
    size_t kind = 0;

    *in = (struct insight_line){.first = INSIGHT_NO_TIME, .last = INSIGHT_NO_TIME};
    json_fields(json, members, MEMBERS, m);
    if (m[M_INSIGHT].type != JSON_STRING)
        return -1;
    while (kind < sizeof kinds / sizeof *kinds &&
           !bytes_are(m[M_INSIGHT].string.data, m[M_INSIGHT].string.len, kinds[kind]))
        kind++;
    if (kind == sizeof kinds / sizeof *kinds)
        return 1;
    in->kind = (enum insight_kind_name)kind;
    if (place_window(in, &m[M_KEY], &m[M_WINDOW]) != 0 || read_fields(in, m) != 0)
        return -1;
    read_numbers(in, m);
    if (in->kind == INSIGHT_LOGINS) {
        in->first = time_of(&m[M_FIRST]);
        in->last = time_of(&m[M_LAST]);
        return m[M_LOGINS].type == JSON_INT ? 0 : -1;
    }
    if (in->kind == INSIGHT_COUNT)
        return in->list.type == JSON_OBJECT ? 0 : -1;
    if (m[M_GROUPS].type == JSON_ABSENT)
        return read_group(in, json);
    return in->list.type == JSON_ARRAY || in->list.type == JSON_ABSENT ? 0 : -1;
}

void insight_rows_init(struct insight_rows *rows, const struct insight_line *in)
{
    *rows = (struct insight_rows){.in = in};
    if (in->list.type == JSON_OBJECT || in->list.type == JSON_ARRAY)
        json_iter_init(&rows->it, &in->list);
}

bool insight_rows_next(struct insight_rows *rows, struct value_text *text, struct value_row *row)
{
    const struct insight_line *in = rows->in;
    struct json_value name, value;

    if (in->list.type != JSON_OBJECT && in->list.type != JSON_ARRAY)
        return false;
    while (json_iter_next(&rows->it, &name, &value)) {
        if (in->kind != INSIGHT_COUNT) {
            if (read_row(in, &value, text, row))
                return true;
            continue;
        }
        *row = (struct value_row){.count = insight_count(&value)};
        text[0] = text_of(&name);
        return true;
    }
    return false;
}
