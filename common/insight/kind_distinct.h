// SPDX-License-Identifier: BSD-2-Clause
//
// kind_distinct: how many distinct values of one field occur with each value of another. For
// example, ip/user_id counts the addresses from which each user logged in.
//
//     {"insight":"distinct",...,"field":"ip","per":"user_id",...,"groups":4,"pairs":5,"max":2,
//      "mean":1.25,"top":[{"user_id":"ann","ips":2,"logins":3}]}
#ifndef INSIGHT_KIND_DISTINCT_H
#define INSIGHT_KIND_DISTINCT_H

#include "base/err.h"
#include "insight/plan.h"

// Adds an insight about "FIELD/PER", which is borrowed. Returns 0, or -1 with *err set (EX_USAGE)
// when the text is malformed, when plan_check() refuses the fields, or when two members would have
// the same name.
int kind_distinct_add(struct plan *plan, const char *text, struct err *err);

#endif
