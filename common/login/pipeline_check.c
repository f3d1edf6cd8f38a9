// SPDX-License-Identifier: BSD-2-Clause
#include "login/pipeline_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/check_report.h"
#include "base/child.h"
#include "base/command.h"
#include "base/datetime.h"
#include "base/metrics.h"
#include "base/xalloc.h"

#define WAIT "10s"            // for a broker, unless more options of a stage say otherwise
#define GRACE (5 * MS_SECOND) // for a check that is told to stop

struct run {
    struct child_group group;
    struct check_report report;
};

static void check_tools(struct run *r, const struct pipeline *p)
{
    struct buf names = BUF_INIT;
    size_t count;
    const struct child_command *commands = pipeline_commands(p, &count);

    for (size_t i = 0; i < count; i++)
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", commands[i].name);
    check_report_passed(&r->report, "%s: found %.*s", pipeline_name(p), (int)names.len, names.data);
    buf_release(&names);
}

// Cuts the last part off a path. Returns what is left, or "." or "/".
static const char *parent(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    *slash = '\0';
    return slash == path ? "/" : path;
}

// Sets errno if the directory neither can be written nor created.
static bool can_write(const char *path)
{
    struct stat st;
    char *copy = xstrdup(path);
    const char *part = copy;

    while (stat(part, &st) != 0 && errno == ENOENT)
        part = parent(copy);
    bool can = stat(part, &st) == 0;
    if (can && !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        can = false;
    }
    can = can && access(part, W_OK | X_OK) == 0;
    int why = errno;
    free(copy);
    errno = why;
    return can;
}

static void check_state(struct run *r, const char *path)
{
    struct err err;

    if (path == NULL)
        return;
    if (can_write(path)) {
        check_report_passed(&r->report, "STATE_DIR: %s can be written", path);
    } else {
        err_set(&err, EX_CANTCREAT, "STATE_DIR: %s: %s; name a directory that can be written", path,
                strerror(errno));
        check_report_failed(&r->report, &err);
    }
}

// Shows our clock, so that a person can compare it. That of another machine cannot be seen.
static void check_clock(struct run *r)
{
    struct timex clock = {0};
    struct buf now = BUF_INIT;
    const int state = adjtimex(&clock); // changes nothing; a sandbox may forbid it
    const int64_t ms = time_now();

    time_format(&now, ms - ms % MS_SECOND);
    check_report_passed(&r->report, "clock: %.*s%s", (int)now.len, now.data,
                        state < 0 ? ""
                        : clock.status & STA_UNSYNC
                            ? ", not synchronised, says the kernel; is it right?"
                            : ", synchronised");
    buf_release(&now);
}

static void check_metrics(struct run *r, const char *name)
{
    const struct metrics_file file = {.name = name};
    struct err err, advice;

    if (name == NULL)
        return;
    if (metrics_file_check(&file, &err) == 0) {
        check_report_passed(&r->report, "--metrics: %s can be written", name);
    } else {
        err_set(&advice, err.status, "%s; name a file in a directory that can be written",
                err.text);
        check_report_failed(&r->report, &advice);
    }
}

// Runs a stage with --check.
static void check_kafka(struct run *r, const struct pipeline *p, const struct child_command *stage)
{
    struct command c = COMMAND_INIT;
    const char *partials = pipeline_partials(p);
    const char *insights = pipeline_insights(p);

    command_add(&c, xstrdup(stage->argv[0]));
    command_add(&c, partials == NULL ? xstrdup("--check") : xasprintf("--check=%s:1", partials));
    if (insights != NULL && strcmp(stage->name, "kcat-out") == 0)
        command_add(&c, xasprintf("--check=%s:cleanup.policy=compact", insights));
    command_add_words(&c, "--wait " WAIT);
    for (char *const *word = stage->argv + 1; *word != NULL; word++)
        command_add(&c, xstrdup(*word));
    const struct child_command command = {stage->name, c.argv};
    fflush(stdout);
    child_group_clear(&r->group);
    child_start_pipeline(&r->group, &command, 1);
    child_wait(&r->group);
    check_report_add(&r->report, r->group.forced != 0 ? r->group.forced : r->group.failure.status);
    command_release(&c);
}

// The topic that a merger reads is checked with its workers, which may create it.
static bool is_checked(const struct pipeline *p, const char *stage)
{
    return strcmp(stage, "kcat-out") == 0 ||
           (strcmp(stage, "kcat-in") == 0 && !pipeline_follows(p));
}

static void check_member(struct run *r, const struct pipeline *p)
{
    size_t count;
    const struct child_command *commands = pipeline_commands(p, &count);

    check_tools(r, p);
    check_state(r, pipeline_state(p));
    for (size_t i = 0; i < count && r->group.stops == 0; i++) {
        if (is_checked(p, commands[i].name))
            check_kafka(r, p, &commands[i]);
    }
}

int pipeline_check(struct pipeline *p, const char *metrics)
{
    const int last = pipeline_members(p) - 1;
    struct run r = {0};
    struct err err;

    child_group_init(&r.group, GRACE);
    check_clock(&r);
    check_metrics(&r, metrics);
    check_member(&r, p); // the other workers have the same topics
    if (last > 0 && !pipeline_members_are_alike(p)) {
        if (pipeline_take(p, last, &err) != 0)
            check_report_failed(&r.report, &err);
        else
            check_member(&r, p);
    }
    child_group_release(&r.group);
    return check_report_end(&r.report);
}
