// SPDX-License-Identifier: BSD-2-Clause
#include "login/pipeline_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/command.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"

#define WAIT "10s"            // for a broker, unless more options of a stage say otherwise
#define GRACE (5 * MS_SECOND) // for a check that is told to stop

struct run {
    struct child_group group;
    int status; // of the first failure
};

static void failed(struct run *r, int status)
{
    if (r->status == EX_OK)
        r->status = status;
}

static void check_tools(const struct pipeline *p)
{
    size_t count;
    const struct child_command *commands = pipeline_commands(p, &count);

    if (pipeline_members(p) > 1)
        printf("ok: %s: found ", pipeline_name(p));
    else
        printf("ok: found ");
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i == 0 ? "" : ", ", commands[i].name);
    printf("\n");
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
    if (path == NULL)
        return;
    if (can_write(path)) {
        printf("ok: STATE_DIR: %s can be written\n", path);
        return;
    }
    printf("failed: STATE_DIR: %s: %s\n", path, strerror(errno));
    failed(r, EX_CANTCREAT);
}

// Runs a stage with --check.
static void check_kafka(struct run *r, const struct pipeline *p, const struct child_command *stage)
{
    struct command c = COMMAND_INIT;
    const char *partials = pipeline_partials(p);

    command_add(&c, xstrdup(stage->argv[0]));
    command_add(&c, partials == NULL ? xstrdup("--check") : xasprintf("--check=%s:1", partials));
    command_add_words(&c, "--wait " WAIT);
    for (char *const *word = stage->argv + 1; *word != NULL; word++)
        command_add(&c, xstrdup(*word));
    const struct child_command command = {stage->name, c.argv};
    fflush(stdout);
    child_group_clear(&r->group);
    child_start_pipeline(&r->group, &command, 1);
    child_wait(&r->group);
    failed(r, r->group.forced != 0 ? r->group.forced : r->group.failure.status);
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

    check_tools(p);
    check_state(r, pipeline_state(p));
    for (size_t i = 0; i < count && r->group.stops == 0; i++) {
        if (is_checked(p, commands[i].name))
            check_kafka(r, p, &commands[i]);
    }
}

int pipeline_check(struct pipeline *p)
{
    const int last = pipeline_members(p) - 1;
    struct run r = {.status = EX_OK};
    struct err err;

    child_group_init(&r.group, GRACE);
    check_member(&r, p); // the other workers have the same topics
    if (last > 0 && !pipeline_members_are_alike(p)) {
        if (pipeline_take(p, last, &err) != 0) {
            printf("failed: %s\n", err.text);
            failed(&r, err.status);
        } else {
            check_member(&r, p);
        }
    }
    child_group_release(&r.group);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return r.status;
    log_error("stdout: %s", strerror(errno));
    return EX_IOERR;
}
