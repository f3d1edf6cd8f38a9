// SPDX-License-Identifier: BSD-2-Clause
//
// insight: what is counted over the records of a window, and the lines that say it.
//
// A plan holds what was asked for and is made once. It sees to it that nothing is counted twice:
// all insights of a window draw on a few tables, one for each field and one for each combination
// of fields that any of them needs. A set is what was counted in one window.
//
//     struct insight_plan plan;
//     insight_plan_init(&plan, "timestamp", 10, 100, &err);
//     insight_add_logins(&plan);
//     insight_add_count(&plan, "device_type", &err);
//     ...insight_windows.h, to count records...
//     for (size_t i = 0; i < plan.insight_count; i++)
//         insight_put(&b, &plan, i, &view);
//
// A field counts by its text. A string and a number that are written alike are the same value; true
// and false are "true" and "false", an array is "(array)" and an object "(object)". A field that
// is missing or null counts as "unknown". A name with dots is a path into objects; see json_path().
#ifndef COMMON_INSIGHT_H
#define COMMON_INSIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "insight_top.h"
#include "json.h"
#include "map.h"
#include "window.h"

#define INSIGHT_WIDTH 8 // fields in a combination

struct insight;
struct insight_hits;
struct insight_set;
struct insight_view;

// One kind of insight. Its state in a window is set->state[in->index].
struct insight_kind {
    const char *name;
    void (*init)(const struct insight *in, struct insight_set *set);
    // After the tables have counted a record.
    void (*add)(const struct insight *in, struct insight_set *set, const struct insight_hits *hits);
    // Appends the members that only this kind has, each with a comma before it.
    void (*put)(const struct insight *in, const struct insight_view *view, struct buf *b);
    // Appends the members that say what it is about, each with a comma behind; NULL for none.
    void (*put_about)(const struct insight *in, struct buf *b);
    bool combines; // its fields, so that there is a table of their combinations
    bool compares; // with the window before, whose table and top must then be kept
};

// One insight that was asked for. Names are borrowed from the command line.
struct insight {
    const struct insight_plan *plan;
    const struct insight_kind *kind;
    size_t index;
    const char *about; // as in the key: "device_type", "ip/user_id"; NULL for logins
    size_t width;
    struct json_key name[INSIGHT_WIDTH]; // in the order of the user
    size_t part[INSIGHT_WIDTH];          // the tables of these fields
    size_t combination;                  // the table of all of them, when there are several
    size_t place[INSIGHT_WIDTH];         // of these fields in the keys of that table
    uint32_t word;                       // of the entries of part[1], for distinct
};

// A table of how often each value of a field occurs. The keys are the values' texts.
struct insight_value {
    size_t field;
    uint32_t words; // of the entries, for the insights' own use
};

// A table of how often each combination of values of several fields occurs. The keys are the ids
// that the values have in the tables of those fields.
struct insight_combination {
    size_t width;
    size_t part[INSIGHT_WIDTH]; // those tables, ascending
};

struct insight_plan {
    struct json_key *field; // those of record.h, then others
    size_t field_count, time_field;
    bool paths; // some have a dot in their name: these may be inside of objects
    struct insight_value *value;
    size_t value_count;
    struct insight_combination *combination;
    size_t combination_count;
    struct insight *insight;
    size_t insight_count;
    size_t top, values; // how many are listed
    struct map_secret secret;
};

int insight_plan_init(struct insight_plan *plan, const char *time_field, size_t top, size_t values,
                      struct err *err);
void insight_plan_release(struct insight_plan *plan);

// Finds the fields of the record that was parsed, which must be an object.
void insight_read_fields(const struct insight_plan *plan, const struct json *json,
                         struct json_value *value);

// These add an insight. Texts are borrowed; what is wrong with them is EX_USAGE.
void insight_add_logins(struct insight_plan *plan);
int insight_add_count(struct insight_plan *plan, const char *text, struct err *err);
int insight_add_distinct(struct insight_plan *plan, const char *text, struct err *err);
int insight_add_duplicates(struct insight_plan *plan, const char *text, struct err *err);

struct insight_state {
    struct top top;
    uint64_t groups, records, max;
};

struct insight_set {
    struct map *value;       // as in the plan
    struct map *combination; // as in the plan
    struct insight_state *state;
    uint64_t records;
    int64_t first, last;
};

void insight_set_init(struct insight_set *set, const struct insight_plan *plan);
void insight_set_release(struct insight_set *set, const struct insight_plan *plan);

// Notes that a record of that time is in the set; insight_batch.h has its values counted.
void insight_set_take(struct insight_set *set, int64_t time);

// Frees all that is not needed to compare the next window with this one.
void insight_set_trim(struct insight_set *set, const struct insight_plan *plan);

// A window at one moment.
struct insight_view {
    const struct window_spec *spec;
    int64_t start;
    bool final;
    uint64_t late;                // records that came too late since the last final view
    struct insight_set *set;      // tops are sorted in place
    struct insight_set *previous; // of the window before, NULL when that had no records
};

// Appends one insight as a JSON object, without a newline.
void insight_put(struct buf *b, const struct insight_plan *plan, size_t i,
                 const struct insight_view *view);

// For the kinds, each in a file of its own:

// The entries of one record in the tables of a set.
struct insight_hits {
    struct map_entry **value;
    struct map_entry **combination;
};

// Fails when a name is empty, not UTF-8 or there twice, or when the kind already has one about it.
int insight_check(const struct insight_plan *plan, const struct insight_kind *kind,
                  const char *about, const struct json_key *name, size_t width, struct err *err);

// Adds an insight about these fields. The result dies with the next one.
struct insight *insight_add(struct insight_plan *plan, const struct insight_kind *kind,
                            const char *about, const struct json_key *name, size_t width);

// The table of the insight's field, or of the combinations of its fields.
static inline struct map *insight_map(const struct insight *in, const struct insight_set *set)
{
    return in->width == 1 ? &set->value[in->part[0]] : &set->combination[in->combination];
}

static inline struct map_entry *insight_hit(const struct insight *in,
                                            const struct insight_hits *hits)
{
    return in->width == 1 ? hits->value[in->part[0]] : hits->combination[in->combination];
}

// What the functions of a struct top_order need.
struct insight_ranks {
    const struct insight *in;
    const struct insight_set *set;
};

// The id of the value, in its own table, that the i-th field of the insight has in an entry of
// insight_map().
uint32_t insight_part_id(const struct insight_ranks *ranks, uint32_t id, size_t i);

// These append the value of an entry, as a string; ,"name":n; and "name":"value" of the i-th field
// of the insight in an entry of insight_map().
void insight_put_value(struct buf *b, const struct map *values, uint32_t id);
void insight_put_number(struct buf *b, const char *name, uint64_t n);
void insight_put_field(struct buf *b, const struct insight_ranks *ranks, uint32_t id, size_t i);

#endif
