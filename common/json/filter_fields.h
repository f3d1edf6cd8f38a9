// SPDX-License-Identifier: BSD-2-Clause
//
// filter_fields: finds the top-level fields on which a jq program depends.
//
// Most filters look at a few fields only. To run such a program it is enough to build an object of
// these fields: the program has the same outputs and the same errors as on the whole record. An
// output is either the input itself, as from `select(...)`, or was made of these fields.
//
//     struct filter_fields fields;
//     if (filter_fields_find(&fields, "select(.geo.country == \"DE\" and has(\"ip\"))"))
//         ... // the fields are geo and ip
//
// The fields are known only for programs of this grammar, in which nothing but `select(...)` and
// paths can see the record. Operators bind as in jq:
//
//     pipe     = alt ["|" pipe]
//     alt      = or ["//" alt]
//     or       = and {"or" and}
//     and      = compare {"and" compare}
//     compare  = term [("==" | "!=" | "<" | "<=" | ">" | ">=") term]
//     term     = "(" pipe ")" | "select(" pipe ")" | path | literal | function
//     path     = "." | ("." name | "." string | ".[" string "]") ["?"] {index}
//     index    = ("." name | "." string | "[" (string | number) "]") ["?"]
//     literal  = a JSON value (its names may stand without quotes), or $name
//     function = name ["(" literal [";" literal] ")"], with a name from the table in the .c file
//
// Where "." is the record, it can only be passed on, or asked for a field by a path or by has().
// Elsewhere it may be used like any other value, as in `.ip | . == null or startswith("10.")`.
// All this holds for records that are objects. The errors of others quote the whole record.
//
// A program must also compile. This module does not check that.
#ifndef JSON_FILTER_FIELDS_H
#define JSON_FILTER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

#define FILTER_FIELDS_MAX 16

struct filter_fields {
    struct json_key
        key[FILTER_FIELDS_MAX]; // different from each other; they point into the program
    size_t count;
};

// Finds the fields. Returns false if the program is not of the grammar, or has more fields than
// FILTER_FIELDS_MAX. It then depends on the whole record.
bool filter_fields_find(struct filter_fields *fields, const char *program);

#endif
