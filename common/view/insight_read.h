// SPDX-License-Identifier: BSD-2-Clause
//
// insight_read: reads the line of an insight, as loginagg(1) writes it and loginpipe-stream(5)
// describes it.
//
//     struct insight_line in;
//     if (json_parse(json, line.data, line.len) == 0 && insight_read(&in, json) == 0)
//         ... in.series, in.kind, in.logins ...
//
// What the line says is borrowed from the parser, and is valid until its next json_parse().
#ifndef VIEW_INSIGHT_READ_H
#define VIEW_INSIGHT_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"
#include "view/value_list.h"

#define INSIGHT_COUNT_MAX UINT64_C(1000000000000)
#define INSIGHT_NO_TIME INT64_MIN // the line has no such time

enum insight_kind_name {
    INSIGHT_LOGINS,
    INSIGHT_COUNT,
    INSIGHT_DISTINCT,
    INSIGHT_DUPLICATES,
};

enum window_kind {
    WINDOW_TUMBLING, // "1h": by time, one after another
    WINDOW_HOPPING,  // "1h/5m": by time, overlapping
    WINDOW_RECORDS,  // "500n": by the number of records
    WINDOW_ALL,      // "all": a single one
};

struct insight_line {
    enum insight_kind_name kind;
    struct value_text series; // the window as in -w: "1h"
    enum window_kind window;
    int64_t start, end;  // of a window of time, in ms since 1970
    int64_t order;       // of the window in its series: its start, its number, or 0
    int64_t first, last; // the lowest and the highest time of the records, or INSIGHT_NO_TIME
    bool final, approx, cut;
    bool is_group; // a line of --each: about one group
    // The fields: of a count {field}, of distinct {field, per}, of duplicates those that are
    // combined.
    struct value_text field[VALUE_TEXTS_MAX];
    size_t fields;
    uint64_t logins, users, ips, devices, late; // of INSIGHT_LOGINS
    uint64_t values;                            // of a count: different values; else groups
    uint64_t records;                           // of distinct: pairs; of duplicates: records
    uint64_t max, other;                        // of distinct; of a count
    double mean;                                // of distinct
    struct json_value list;                     // counts: an object; top: an array; or JSON_ABSENT
    // Of a line of --each: the values of its group, and the numbers.
    struct value_text group[VALUE_TEXTS_MAX];
    struct value_row group_row;
};

// Reads the insight that `json` holds. Returns 0, -1 if it is malformed, or 1 if this version does
// not know its kind.
int insight_read(struct insight_line *in, const struct json *json);

// Iterates over the rows of the list. Fills in the texts and the numbers of the next row. Rows that
// are malformed are skipped. Returns false at the end.
struct insight_rows {
    const struct insight_line *in;
    struct json_iter it;
};

void insight_rows_init(struct insight_rows *rows, const struct insight_line *in);
bool insight_rows_next(struct insight_rows *rows, struct value_text *text, struct value_row *row);

// Returns how many texts a row has.
size_t insight_texts(const struct insight_line *in);

// Returns a number as a count: 0 if it is none, and at most INSIGHT_COUNT_MAX, so that sums over
// windows and values never overflow.
uint64_t insight_count(const struct json_value *value);

#endif
