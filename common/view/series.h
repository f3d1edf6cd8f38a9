// SPDX-License-Identifier: BSD-2-Clause
//
// series: the windows of one -w of loginagg(1), in their order, with what the insights say about
// each.
//
// The subjects of a series are what the insights are about, besides the number of logins: how often
// the values of a field occur, how many different values go together, which combinations are
// repeated. Each window has a struct findings for each subject, at the same index.
//
//     for (size_t i = 0; i < s->windows; i++) {
//         const struct window *w = s->window[i];
//         for (size_t k = 0; k < s->subjects; k++) {
//             const struct findings *f = window_findings(w, k); // NULL if there is no such insight
//             if (f != NULL && s->subject[k].kind == INSIGHT_COUNT)
//                 use(w->start, w->logins, &f->list);
//         }
//     }
//     struct value_list total = VALUE_LIST_INIT;
//     uint64_t other = series_total(s, k, 0, s->windows, 10, &secret, &total);
//
// An insight replaces the one before it that is about the same window and subject. If there are
// more windows than are kept, the oldest one is dropped.
#ifndef VIEW_SERIES_H
#define VIEW_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sketch/map.h"
#include "view/insight_read.h"
#include "view/value_list.h"

#define SERIES_SUBJECTS_MAX 64

struct subject {
    enum insight_kind_name kind;
    char *name;                   // for people: "device_type", "ip/user_id", "user_id,ip"
    char *field[VALUE_TEXTS_MAX]; // of a count {field}, of distinct {field, per}
    size_t fields;
    size_t texts; // in a row of its lists
};

struct findings {
    bool present;     // there is such an insight
    bool approx, cut; // as in the line
    uint64_t values;  // of a count: different values; else groups
    uint64_t records; // of distinct: pairs; of duplicates: the records in the groups
    uint64_t max;     // of distinct
    double mean;      // of distinct
    uint64_t other;   // of a count: records with values that the list lacks
    struct value_list list;
};

struct window {
    int64_t start, end;  // of a window of time, in ms since 1970; else INSIGHT_NO_TIME
    int64_t order;       // its start, its number, or 0
    int64_t first, last; // the lowest and the highest time of its records, or INSIGHT_NO_TIME
    bool final;
    bool has_logins; // the insight `logins` was there; without it, the next five numbers are 0
    bool approx;     // one of the insights is
    bool cut;
    uint64_t logins, users, ips, devices, late;
    struct findings *findings; // private: see window_findings()
    size_t findings_count;
};

struct series {
    char *name; // as in -w: "1h"
    enum window_kind kind;
    int64_t length; // of the windows, in ms; 0 if they are not of time
    int64_t step;   // between their starts; the same as the length unless they overlap
    struct subject *subject;
    size_t subjects;
    struct window **window; // by their order, the oldest first
    size_t windows;
    uint64_t dropped;  // windows that were dropped
    size_t size, last; // private
    struct window *spare;
};

struct series_limits {
    size_t windows; // in a series
    size_t values;  // in the list of a count
    size_t top;     // in the other lists
};

void series_init(struct series *s, const struct insight_line *first);
void series_release(struct series *s);

// Takes an insight. Returns whether it has a place: not if its window is older than all that are
// kept and some were dropped, or if the series has too many subjects.
bool series_take(struct series *s, const struct insight_line *in,
                 const struct series_limits *limits);

// Returns what an insight says about a window, or NULL if there is no such insight.
const struct findings *window_findings(const struct window *w, size_t subject);

// Returns the number of logins in a window. If there is no insight `logins`, adds up the counts of
// a field.
uint64_t series_logins(const struct series *s, const struct window *w);

// Returns the index of the subject of that kind whose name is given, or of the first one of the
// kind if name is NULL; or s->subjects if there is none.
size_t series_subject(const struct series *s, enum insight_kind_name kind, const char *name);

// Sets *total to the rows of the windows from `from` up to, but not including, `to`: the highest
// `limit` of them. The counts of a field are added up; returns the sum of those that have no row.
// (In overlapping windows, a login counts several times.)
//
// For distinct and duplicates, a row has its highest count in a single window, and that window. The
// sum would be wrong: who has the same address in two hours has one address. Returns 0.
uint64_t series_total(const struct series *s, size_t subject, size_t from, size_t to, size_t limit,
                      const struct map_secret *secret, struct value_list *total);

// Returns how many windows are missing between the windows `from` and `to` of a series of time.
// loginagg writes nothing about a window without records.
uint64_t series_missing(const struct series *s, size_t from, size_t to);

#endif
