// SPDX-License-Identifier: BSD-2-Clause
//
// liveness: does a member of a pipeline still move? If it has marks, it does while its sink commits
// them. Without marks, it does while each of its stages writes its metrics.
//
// A new start would not bring back a broker that is away. So a member also counts as moving while a
// stage says that no broker is reachable, as long as this stage writes its metrics. And so does a
// member whose stages do not run or have not all begun: its supervisor starts them, and a stage
// that cannot begin ends by itself.
//
//     struct liveness l = {.member = "pipeline", .stages = names, .count = 4, .marks = true};
//     if (!liveness_check(&l, dir, &metrics, time_monotonic(), window))
//         ...
#ifndef LOGIN_LIVENESS_H
#define LOGIN_LIVENESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metrics_merge.h"
#include "login/recipe.h"

struct liveness {
    const char *member;
    const char *stages[RECIPE_STAGES];
    size_t count; // of the stages
    bool marks;

    // Private: when each stage has written its metrics, and when the sink has committed.
    struct pulse {
        double value;
        int64_t since; // it has this value
    } written[RECIPE_STAGES], committed;
};

// Returns whether all stages of the member have begun: whether their files are in the directory.
bool liveness_has_begun(const struct liveness *l, const char *dir);

// Returns whether the member has moved within a time in ms, or need not. `now` is the time by
// time_monotonic().
bool liveness_check(struct liveness *l, const char *dir, const struct metrics_merge *metrics,
                    int64_t now, int64_t window);

#endif
