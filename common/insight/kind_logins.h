// SPDX-License-Identifier: BSD-2-Clause
//
// kind_logins: the number of records, and of distinct users, addresses and devices.
//
//     {"insight":"logins",...,"logins":6,"users":4,"ips":5,"devices":4,
//      "first":"2023-09-12T00:01:00Z","last":"2023-09-12T00:58:00Z","late":0}
#ifndef INSIGHT_KIND_LOGINS_H
#define INSIGHT_KIND_LOGINS_H

#include "insight/plan.h"

// Adds this insight to a plan.
void kind_logins_add(struct plan *plan);

#endif
