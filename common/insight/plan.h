// SPDX-License-Identifier: BSD-2-Clause
//
// insight: what is counted over the records of a window, and the lines that say it.
//
// A plan holds what was asked for and is made once. It sees to it that nothing is counted twice:
// all insights of a window draw on a few tables, one for each field and one for each combination
// of fields that any of them needs. A set is what was counted in one window.
//
//     struct insight_plan plan;
//     insight_plan_init(&plan, "timestamp", &err);
//     insight_add_logins(&plan);
//     insight_add_count(&plan, "device_type", &err);
//     ...insight_windows.h, to count records...
//     for (size_t i = 0; i < plan.insight_count; i++)
//         insight_put(&b, &plan, i, &view);
//
// A field counts by its text. A string and a number that are written alike are the same value; true
// and false are "true" and "false", an array is "(array)" and an object "(object)". A field that
// is missing or null counts as "unknown". A name with dots is a path into objects; see json_path().
#ifndef INSIGHT_PLAN_H
#define INSIGHT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/table.h"
#include "insight/window_spec.h"
#include "json/json.h"
#include "sketch/map.h"
#include "sketch/topk.h"

struct insight;
struct insight_set;
struct insight_view;

// The entries of one record in the tables of a set.
struct insight_hits {
    struct map_entry **value;
    struct map_entry **combination;
};

// One kind of insight. Its state in a window is set->state[in->index].
struct insight_kind {
    const char *name;
    void (*init)(const struct insight *in, struct insight_set *set);
    // After insight_table_of() has counted n more for a key, while it is exact.
    void (*add)(const struct insight *in, struct insight_set *set, const struct insight_hits *hits,
                uint64_t n);
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
    uint32_t grouping;                   // of the sample of that table, for distinct
};

// A table of how often each value of a field occurs.
struct insight_value {
    size_t field;
    struct insight_table_plan table;
};

struct insight_plan {
    struct json_key *field; // those of record.h, then others
    size_t field_count, time_field;
    bool paths; // some have a dot in their name: these may be inside of objects
    struct insight_value *value;
    size_t value_count;
    struct insight_table_plan *combination;
    size_t combination_count;
    struct insight *insight;
    size_t insight_count;
    size_t top, values; // how many are listed
    size_t max_keys;    // of a table while it is exact
    struct map_secret secret;
};

// The limits (top, values and max_keys) are for the caller to set.
int insight_plan_init(struct insight_plan *plan, const char *time_field, struct err *err);
void insight_plan_release(struct insight_plan *plan);

// Finds the fields of the record that was parsed, which must be an object.
void insight_read_fields(const struct insight_plan *plan, const struct json *json,
                         struct json_value *value);

// These add an insight. Texts are borrowed; what is wrong with them is EX_USAGE.
void insight_add_logins(struct insight_plan *plan);
int insight_add_count(struct insight_plan *plan, const char *text, struct err *err);
int insight_add_distinct(struct insight_plan *plan, const char *text, struct err *err);
int insight_add_duplicates(struct insight_plan *plan, const char *text, struct err *err);

// Tells plans apart that do not count the same fields and combinations.
uint64_t insight_plan_id(const struct insight_plan *plan);

// All tables have numbers: those of the values come first, then those of the combinations. A number
// holds until another insight is added.
static inline size_t insight_table_count(const struct insight_plan *plan)
{
    return plan->value_count + plan->combination_count;
}

static inline const struct insight_table_plan *insight_table_plan(const struct insight_plan *plan,
                                                                  size_t table)
{
    return table < plan->value_count ? &plan->value[table].table
                                     : &plan->combination[table - plan->value_count];
}

struct insight_state {
    struct topk top;
    uint64_t groups, records, max;
};

// A combination's table becomes a sketch no later than those of its fields, whose ids its keys
// hold.
struct insight_set {
    struct insight_table *value;       // as in the plan
    struct insight_table *combination; // as in the plan
    struct insight_state *state;
    bool sketched; // some of the tables are sketches
    uint64_t records;
    int64_t first, last;
};

void insight_set_init(struct insight_set *set, const struct insight_plan *plan);
void insight_set_release(struct insight_set *set, const struct insight_plan *plan);

// The table of a number.
static inline struct insight_table *insight_set_table(const struct insight_set *set,
                                                      const struct insight_plan *plan, size_t table)
{
    return table < plan->value_count ? &set->value[table]
                                     : &set->combination[table - plan->value_count];
}

// Notes that so many records with these first and last times are in the set. Their values are
// counted by insight_batch.h or insight_set_count().
void insight_set_take(struct insight_set *set, uint64_t records, int64_t first, int64_t last);

// What insight_set_count() works with.
struct insight_scratch {
    struct insight_hits hits;
    struct buf key;
};

void insight_scratch_init(struct insight_scratch *scratch, const struct insight_plan *plan);
void insight_scratch_release(struct insight_scratch *scratch);

// Counts n for a key of a table, apart from records. It is given as the texts of its parts, whose
// hashes this sees to.
void insight_set_count(struct insight_set *set, const struct insight_plan *plan, size_t table,
                       struct insight_bytes *text, uint64_t n, struct insight_scratch *scratch);

// Makes a table a sketch, if it is none; with that of a value, all combinations of its field too.
void insight_set_sketch(struct insight_set *set, const struct insight_plan *plan, size_t table);

// Makes sketches of the tables that have too many keys.
void insight_set_bound(struct insight_set *set, const struct insight_plan *plan);

// Whether the tables would still be exact if each had so many keys more.
bool insight_set_has_room(const struct insight_set *set, const struct insight_plan *plan,
                          size_t keys);

// The i-th part of a key of an exact table, by the key's id: the part's id in the table of its
// field, and its text, whose hash is left 0.
uint32_t insight_part_id(const struct insight_set *set, const struct insight_plan *plan,
                         size_t table, uint32_t id, size_t i);
struct insight_bytes insight_part(const struct insight_set *set, const struct insight_plan *plan,
                                  size_t table, uint32_t id, size_t i);

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

// Fails when a name is empty, not UTF-8 or there twice, or when the kind already has one about it.
int insight_check(const struct insight_plan *plan, const struct insight_kind *kind,
                  const char *about, const struct json_key *name, size_t width, struct err *err);

// Adds an insight about these fields. The result dies with the next one.
struct insight *insight_add(struct insight_plan *plan, const struct insight_kind *kind,
                            const char *about, const struct json_key *name, size_t width);

// The table of the insight's field, or of the combinations of its fields.
static inline size_t insight_table_number(const struct insight *in)
{
    return in->width == 1 ? in->part[0] : in->plan->value_count + in->combination;
}

static inline struct insight_table *insight_table_of(const struct insight *in,
                                                     const struct insight_set *set)
{
    return insight_set_table(set, in->plan, insight_table_number(in));
}

static inline struct map *insight_map(const struct insight *in, const struct insight_set *set)
{
    return &insight_table_of(in, set)->map;
}

// What the plan says of that table's sketch. Dies when another insight is added.
struct insight_needs *insight_needs_of(struct insight_plan *plan, const struct insight *in);

// Whether what the insight says is not exact.
bool insight_is_approximate(const struct insight *in, const struct insight_set *set);

static inline struct map_entry *insight_hit(const struct insight *in,
                                            const struct insight_hits *hits)
{
    return in->width == 1 ? hits->value[in->part[0]] : hits->combination[in->combination];
}

// Offers an entry of insight_map(), whose count has grown, to the top list of the kind.
void insight_offer(const struct insight *in, struct insight_set *set, const struct map_entry *e);

// One line of a top list: the texts of its fields in the order of the insight's, how high it
// ranks, and, where that is something else, how many records it has.
struct insight_listed {
    struct insight_bytes text[INSIGHT_WIDTH];
    uint64_t count, records;
};

// The keys of insight_table_of() with the highest counts, by these and then by the bytes of the
// texts, from the top that the kind keeps while the table is exact, else from the sketch. Returns
// how many there are; the list is for the caller to free, and its texts die with the next record.
size_t insight_list(const struct insight *in, const struct insight_set *set, size_t limit,
                    struct insight_listed **list);

// Appends ,"error":n where a list is of a sketch: no count in it is off by more.
void insight_put_error(struct buf *b, const struct insight *in, const struct insight_set *set);

// These append ,"name":n; and "name":"text" of the i-th field of the insight.
void insight_put_number(struct buf *b, const char *name, uint64_t n);
void insight_put_field(struct buf *b, const struct insight *in, size_t i,
                       const struct insight_bytes *text);

#endif
