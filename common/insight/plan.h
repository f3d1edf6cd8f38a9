// SPDX-License-Identifier: BSD-2-Clause
//
// plan: which insights are wanted, and which tables must be counted for them.
//
// A plan is made once, from the options. All insights share their tables, so that nothing is
// counted twice. There is a table for each field, and for each combination of fields, that at least
// one insight needs. set.h and batch.h do the counting, and report.h the output.
//
//     struct plan plan;
//     if (plan_init(&plan, "timestamp", &err) != 0)
//         return -1;
//     plan.top = 10, plan.values = 100, plan.max_keys = 5000000;
//     kind_logins_add(&plan);
//     kind_count_add(&plan, "device_type", &err);
//     ...
//     plan_release(&plan);
//
// Values are counted by their text: a string and a number with the same text are the same value;
// true and false are "true" and "false", an array is "(array)", an object is "(object)". A missing
// or null field is "unknown". A field name with dots is a path into nested objects; see
// json_path().
#ifndef INSIGHT_PLAN_H
#define INSIGHT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/table.h"
#include "json/json.h"
#include "sketch/map.h"

#define PLAN_ID_SIZE 17 // 16 hex digits and a NUL

struct insight;
struct insight_set;
struct insight_set_hits;
struct ranking_row;
struct report;
struct window_view;

// How --each lists the groups of an insight.
struct insight_groups {
    size_t first; // the fields from this one on name a group

    // Returns the number of the table whose keys are the groups.
    size_t (*table)(const struct insight *in);

    // Returns the count that decides the rank of a group, or 0 if the key is not a group.
    uint64_t (*count)(const struct insight *in, const struct map_entry *e);

    // Lists the highest groups while the insight's table is a sketch, as ranking_list() does.
    size_t (*list_sketched)(const struct insight *in, const struct insight_set *set,
                            struct ranking_row **rows);

    // Appends the members with the results of one group.
    void (*put)(const struct insight *in, const struct insight_set *set,
                const struct ranking_row *row, struct buf *b);

    bool lists_values; // the line lists the values of the first field
};

// A kind of insight. Each kind_NAME.c defines one. The accumulator of an insight in a set is
// set->accumulator[in->index].
struct insight_kind {
    const char *name;

    // Prepares the insight's accumulator in a new set. The member is NULL if the kind needs none.
    void (*init)(const struct insight *in, struct insight_set *set);

    // Called after the count of a key in the insight's table has risen by n, while the table is
    // exact. The member is NULL if the kind only reads the tables.
    void (*add)(const struct insight *in, struct insight_set *set,
                const struct insight_set_hits *hits, uint64_t n);

    // Appends the members that name the insight's fields. The member is NULL if the kind has no
    // fields.
    void (*put_about)(const struct insight *in, struct buf *b);

    // Appends the members with the results.
    void (*put)(const struct insight *in, const struct window_view *view, struct report *r);

    const struct insight_groups *groups; // NULL if the kind has no groups to list
    char separator;                      // between the fields in the member "key"
    bool combines;                       // needs a table of the combinations of its fields
    bool compares;                       // needs its table and topk of the previous window
};

// One wanted insight. Names are borrowed from the command line.
struct insight {
    const struct plan *plan;
    const struct insight_kind *kind;
    size_t index;
    const char *about;  // as its user wrote it, such as "ip/user_id"; NULL for logins
    const char *option; // with which its user asked for it, such as "--distinct"; NULL for defaults
    size_t width;       // the number of its fields
    struct json_key name[TABLE_WIDTH]; // of the fields, in the user's order
    size_t part[TABLE_WIDTH];          // the tables of the fields
    size_t combination;                // index of the table of combinations, when width > 1
    size_t place[TABLE_WIDTH];         // position of each field in the keys of that table
    uint32_t word;                     // for distinct: its word in the entries of part[1]
    uint32_t grouping;                 // for distinct: its grouping in the sample of that table
};

// The table of the values of one field.
struct plan_value {
    size_t field; // index in plan->field
    struct table_plan table;
};

struct plan {
    struct json_key *field; // all that are needed
    size_t field_count, time_field;
    bool paths; // some field names contain a dot
    struct plan_value *value;
    size_t value_count;
    struct table_plan *combination;
    size_t combination_count;
    struct insight *insight;
    size_t insight_count;
    size_t top, values; // the most groups, and the most values, to list
    bool each;          // a line for each group replaces the lists of the highest groups
    size_t max_keys;    // the most keys of an exact table
    struct map_secret secret;
};

// Makes a plan without insights. The caller then sets top, values and max_keys. Returns 0, or -1
// with the error of map_secret_init() and nothing to release.
int plan_init(struct plan *plan, const char *time_field, struct err *err);
void plan_release(struct plan *plan);

// Reads all fields of the record that json parsed last. The record must be an object. `value` has
// plan->field_count elements, in the order of plan->field.
void plan_read_fields(const struct plan *plan, const struct json *json, struct json_value *value);

// Returns a hash of the fields and combinations that the plan counts. Two plans with the same
// tables, in any order, have the same hash.
uint64_t plan_id(const struct plan *plan);

// Stores plan_id() in hex digits, as partials and covers have it.
void plan_id_text(const struct plan *plan, char text[PLAN_ID_SIZE]);

// --- Numbers of tables. The tables of values are numbered first, then those of combinations. A
// number is valid until another insight is added. ---

static inline size_t plan_table_count(const struct plan *plan)
{
    return plan->value_count + plan->combination_count;
}

static inline const struct table_plan *plan_table(const struct plan *plan, size_t table)
{
    return table < plan->value_count ? &plan->value[table].table
                                     : &plan->combination[table - plan->value_count];
}

// Returns the number of the table that an insight is about: the table of its only field, or the
// table of the combinations of its fields.
static inline size_t plan_table_number(const struct insight *in)
{
    return in->width == 1 ? in->part[0] : in->plan->value_count + in->combination;
}

// Returns the number of the table whose keys the insight's topk lists.
static inline size_t plan_ranked_table(const struct insight *in)
{
    return in->kind->groups != NULL ? in->kind->groups->table(in) : plan_table_number(in);
}

// --- For the kinds of insights ---

// Checks the fields of a new insight. Returns 0, or -1 with *err set (EX_USAGE) when a name is
// empty, not UTF-8 or repeated, or when the plan already has an insight of this kind about the same
// fields.
int plan_check(const struct plan *plan, const struct insight_kind *kind, const char *about,
               const struct json_key *name, size_t width, struct err *err);

// Adds an insight that plan_check() has accepted, and the tables that it needs. Borrows the names.
// The result is valid until the next plan_add().
struct insight *plan_add(struct plan *plan, const struct insight_kind *kind, const char *about,
                         const struct json_key *name, size_t width);

// Returns what the insight's table must keep when it becomes a sketch. The kind sets its needs in
// the result, which is valid until the next plan_add().
struct table_needs *plan_needs(struct plan *plan, const struct insight *in);

#endif
