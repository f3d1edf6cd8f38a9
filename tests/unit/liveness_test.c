// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login/liveness.h"
#include "login/pipeline.h"
#include "tap.h"

#define WINDOW 1000
#define UP(n) "loginpipe_up{stage=\"loginpipe\"} " n "\n"
#define COMMIT(n) "loginpipe_last_commit_timestamp_seconds{stage=\"kcat-out\"} " n "\n"

#define AWAY "loginpipe_broker_up{stage=\"kcat-in\"} 0\n"

static char dir[] = "liveness.XXXXXX";

// Writes a stage's file, with a time of its own; or removes it if the time is negative.
static void write_stage(const char *stage, int at)
{
    char *file = pipeline_metrics_file(dir, "worker 1", stage);
    const struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};

    if (at < 0) {
        unlink(file);
    } else {
        int fd = open(file, O_WRONLY | O_CREAT, 0600);
        futimens(fd, times);
        close(fd);
    }
    free(file);
}

static bool moves(struct liveness *l, const char *text, int64_t now)
{
    struct metrics_merge m = {0};

    metrics_merge_add(&m, text, strlen(text), "member=\"worker 1\"");
    bool does = liveness_check(l, dir, &m, now, WINDOW);
    metrics_merge_release(&m);
    return does;
}

static void test_marks(void)
{
    struct liveness l = {
        .member = "worker 1", .stages = {"kcat-in", "kcat-out"}, .count = 2, .marks = true};

    write_stage("kcat-in", 1);
    tap_ok(!liveness_has_begun(&l, dir), "a member has not begun while a stage has no metrics");
    tap_ok(moves(&l, UP("1"), 10), "it need not move then");
    tap_ok(moves(&l, UP("1"), 10 + 100 * WINDOW), "however long that takes");
    write_stage("kcat-out", 1);
    tap_ok(liveness_has_begun(&l, dir), "it has begun when all have");
    int64_t now = 10 + 101 * WINDOW;
    tap_ok(moves(&l, UP("1"), now), "from then on it has time for its first commit");
    tap_ok(!moves(&l, UP("1"), now + WINDOW), "and not longer");
    now += WINDOW;
    tap_ok(moves(&l, UP("1") COMMIT("5"), now), "it moves when it commits");
    write_stage("kcat-in", 2);
    write_stage("kcat-out", 2);
    tap_ok(!moves(&l, UP("1") COMMIT("5"), now + WINDOW + 1),
           "and not when only its metrics are new");
    now += 2 * WINDOW;
    tap_ok(moves(&l, UP("1") COMMIT("4"), now), "a clock that was set back does not matter");
    tap_ok(moves(&l, UP("0") COMMIT("4"), now + 9 * WINDOW), "nor does a pause");
    tap_ok(moves(&l, UP("1") COMMIT("4"), now + 10 * WINDOW), "after which it has time again");
    now += 20 * WINDOW;
    write_stage("kcat-in", 3);
    tap_ok(moves(&l, UP("1") COMMIT("4") AWAY, now),
           "a member whose broker is away need not commit");
    tap_ok(moves(&l, UP("1") COMMIT("4") AWAY, now + WINDOW), "while its stage says so");
    tap_ok(!moves(&l, UP("1") COMMIT("4") AWAY, now + WINDOW + 1), "and says so anew");
    write_stage("kcat-in", -1);
    write_stage("kcat-out", -1);
}

static void test_no_marks(void)
{
    struct liveness l = {
        .member = "worker 1", .stages = {"kcat-in", "loginclean"}, .count = 2, .marks = false};

    write_stage("kcat-in", 1);
    write_stage("loginclean", 1);
    tap_ok(moves(&l, UP("1"), 10), "without marks, a member moves when its metrics are new");
    write_stage("kcat-in", 2);
    write_stage("loginclean", 2);
    tap_ok(moves(&l, UP("1"), 10 + WINDOW), "again and again");
    write_stage("kcat-in", 3);
    tap_ok(!moves(&l, UP("1"), 11 + 2 * WINDOW), "but not when those of one stage stay the same");
    write_stage("kcat-in", -1);
    write_stage("loginclean", -1);
}

int main(void)
{
    if (mkdtemp(dir) == NULL)
        return 1;
    test_marks();
    test_no_marks();
    rmdir(dir);
    return tap_done();
}
