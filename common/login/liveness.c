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

static bool misses_broker(const struct liveness *l, size_t stage,
                          const struct metrics_merge *metrics)
{
    double up;

    return metrics_merge_sum(metrics, "loginpipe_broker_up", &up, "member", l->member, "stage",
                             l->stages[stage], NULL) > 0 &&
           up <= 0;
}

// Returns for how long the value has been this one. It counts as new if the member need not move.
static int64_t age(struct pulse *p, double value, bool idle, int64_t now)
{
    if (idle || value < p->value || value > p->value)
        *p = (struct pulse){value, now};
    return now - p->since;
}

bool liveness_check(struct liveness *l, const char *dir, const struct metrics_merge *metrics,
                    int64_t now, int64_t window)
{
    const bool idle = !is_up(l, metrics) || !liveness_has_begun(l, dir);
    bool all_write = true, waits = false;

    for (size_t i = 0; i < l->count; i++) {
        const bool writes = age(&l->written[i], written_at(l, dir, i), idle, now) <= window;
        all_write = all_write && writes;
        waits = waits || (writes && misses_broker(l, i, metrics));
    }
    const bool commits = age(&l->committed, last_commit(l, metrics), idle, now) <= window;
    return l->marks ? commits || waits : all_write;
}
