// SPDX-License-Identifier: BSD-2-Clause
#include "login/liveness.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login/pipeline.h"

// Returns when a stage has written its metrics, in seconds, or -1 if it has not.
static double written_at(const struct liveness *l, const char *dir, size_t stage)
{
    char *file = pipeline_metrics_file(dir, l->member, l->stages[stage]);
    struct stat st;
    const bool found = stat(file, &st) == 0;

    free(file);
    return found ? (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9 : -1;
}

bool liveness_has_begun(const struct liveness *l, const char *dir)
{
    for (size_t i = 0; i < l->count; i++) {
        if (written_at(l, dir, i) < 0)
            return false;
    }
    return true;
}

static bool is_up(const struct liveness *l, const struct metrics_merge *metrics)
{
    double up;

    metrics_merge_sum(metrics, "loginpipe_up", &up, "member", l->member, NULL);
    return up > 0;
}

static double last_commit(const struct liveness *l, const struct metrics_merge *metrics)
{
    double at;

    metrics_merge_sum(metrics, "loginpipe_last_commit_timestamp_seconds", &at, "member", l->member,
                      "stage", "kcat-out", NULL);
    return at;
}

bool liveness_check(struct liveness *l, const char *dir, const struct metrics_merge *metrics,
                    int64_t now, int64_t window)
{
    const bool idle = !is_up(l, metrics) || !liveness_has_begun(l, dir);
    const size_t pulses = l->marks ? 1 : l->count;
    bool moves = true;

    for (size_t i = 0; i < pulses; i++) {
        const double value = l->marks ? last_commit(l, metrics) : written_at(l, dir, i);
        if (idle || value < l->pulse[i].value || value > l->pulse[i].value) {
            l->pulse[i].value = value;
            l->pulse[i].since = now;
        }
        moves = moves && now - l->pulse[i].since <= window;
    }
    return moves;
}
