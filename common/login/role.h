// SPDX-License-Identifier: BSD-2-Clause
//
// role: which pipelines the settings ask for: a whole pipeline, copies of it, workers, a merger, or
// workers with their merger.
//
//     struct role role;
//     if (role_read(&role, "3", &err) == 0) // ROLE, DELIVERY, SHARD and WORKER_ID count too
//         ... // role.copies members with the recipe role.first, and one with role.merger
#ifndef LOGIN_ROLE_H
#define LOGIN_ROLE_H

#include "base/err.h"
#include "login/recipe.h"

struct role {
    int copies;                  // how many members have the first recipe
    const struct recipe *first;  // of the copies or workers, or of a merger alone
    const struct recipe *merger; // of the member that merges what the others write, or NULL
    const char *shard;           // I/N, borrowed from the environment
    const char *worker_id;       // WORKER_ID, borrowed; NULL if it is not set
};

// Reads the role. `copies` is the option -n, or NULL. Returns 0, or -1 with EX_USAGE.
int role_read(struct role *r, const char *copies, struct err *err);

#endif
