// SPDX-License-Identifier: BSD-2-Clause
//
// kind_count: how often each value of a field occurs, and the change since the previous window. If
// windows overlap, the previous window is the one that started one step earlier.
//
//     {"insight":"count",...,"field":"device_type",...,"values":2,"counts":{"iOS":4,"web":2},
//      "change":{"iOS":1,"web":0}}
#ifndef INSIGHT_KIND_COUNT_H
#define INSIGHT_KIND_COUNT_H

#include "base/err.h"
#include "insight/plan.h"

// Adds an insight about a field, which is borrowed. Returns 0, or -1 with the error of
// plan_check().
int kind_count_add(struct plan *plan, const char *field, struct err *err);

#endif
