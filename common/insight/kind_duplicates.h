// SPDX-License-Identifier: BSD-2-Clause
//
// kind_duplicates: the combinations of values of some fields that occur more than once.
//
//     {"insight":"duplicates",...,"fields":["user_id","ip"],...,"groups":1,"records":2,
//      "top":[{"user_id":"ann","ip":"10.0.0.1","count":2}]}
#ifndef INSIGHT_KIND_DUPLICATES_H
#define INSIGHT_KIND_DUPLICATES_H

#include "base/err.h"
#include "insight/plan.h"

// Adds an insight about "FIELD,FIELD..." or about a single field. The text is borrowed. Returns 0,
// or -1 with *err set (EX_USAGE) when there are more than TABLE_WIDTH fields, when a field is named
// "count" (a member of the result), or when plan_check() refuses the fields.
int kind_duplicates_add(struct plan *plan, const char *text, struct err *err);

#endif
