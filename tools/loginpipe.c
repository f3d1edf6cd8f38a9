// SPDX-License-Identifier: BSD-2-Clause
//
// loginpipe: runs the usual pipeline, with settings from the environment, and restarts it when it
// fails.
//
// login/pipeline knows the stages and their options, and base/child starts and stops processes.
// Where several pipelines share the work, loginpipe forks a copy of itself for each. Each copy
// supervises its pipeline, and loginpipe supervises the copies in the same way: it restarts them
// when one was killed.

#include <stdio.h>
#include <stdlib.h>

#include "base/child.h"
#include "base/datetime.h"
#include "base/directory.h"
#include "base/err.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "login/environment.h"
#include "login/monitor.h"
#include "login/pipeline.h"
#include "login/pipeline_check.h"

#define GRACE (30 * MS_SECOND) // how long the other stages may run after one has failed

// --- Options ---

struct options {
    const char *copies;
    const char *metrics;
    bool once, dry_run, check;
    char *create; // the option for kcat-out, owned; NULL when it is not given
};

static int set_create(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    (void)err; // kcat-out checks it
    free(o->create);
    o->create = arg == NULL ? xstrdup("--create") : xasprintf("--create=%s", arg);
    return 0;
}

static const struct opt options_table[] = {
    OPT_STRING(NULL, 'n', "N", struct options, copies,
               "N workers and a merger (default $NUM_CONSUMERS, or 1: one pipeline)"),
    OPT_FLAG("once", 0, struct options, once,
             "end when a stage fails, with the stage's exit status"),
    OPT_STRING("metrics", 0, "FILE", struct options, metrics,
               "write the metrics of all stages to FILE, for Prometheus"),
    OPT_FLAG("dry-run", 0, struct options, dry_run, "print the pipeline, for a shell, and exit"),
    OPT_FLAG("check", 0, struct options, check,
             "only check tools, topics and directories, and say what to do"),
    OPT_CALL("create", 0, "[=PARTS[:REPL]]", set_create, "create missing output topics"),
};

static const char environment_help[] =
    "Environment:\n"
    "  BOOTSTRAP_SERVERS           brokers, unless $KCAT_CONFIG names them\n"
    "  KAFKA_TOPIC                 the topic to read (default user-login)\n"
    "  PROCESSED_TOPIC             where clean records go (default processed-logins)\n"
    "  INSIGHTS_TOPIC              where insights go (default login-insights)\n"
    "  REJECTS_TOPIC               where rejects go (default login-rejects)\n"
    "  PARTIALS_TOPIC              from workers to the merger (default login-partials)\n"
    "  KAFKA_GROUP                 the consumer group (default loginpipe)\n"
    "  NUM_CONSUMERS               the same as -n\n"
    "  ROLE                        worker: only workers; merge: only the merger\n"
    "  WORKER_ID                   a name for these workers, unique and the same at each start\n"
    "  DELIVERY                    at-least-once (default), exactly-once or none\n"
    "  SHARD                       I/N: this pipeline's share of the partitions (default 0/1)\n"
    "  STATE_DIR                   where counts are kept (default $STATE_DIRECTORY, or\n"
    "                              loginpipe in $XDG_STATE_HOME or ~/.local/state)\n"
    "  HEALTH_FILE                 a file whose time says when a mark was last handled\n"
    "  METRICS_FILE                the same as --metrics\n"
    "  RUNTIME_DIRECTORY           where stages write metrics for loginpipe (or $XDG_RUNTIME_DIR,\n"
    "                              $TMPDIR, /tmp)\n"
    "  LOG_LEVEL                   error, warn (default), info or debug\n"
    "  KCAT_IN_OPTS, LOGINCLEAN_OPTS, LOGINAGG_OPTS, KCAT_OUT_OPTS\n"
    "                              more options for a stage, separated by spaces\n"
    "  MERGE_IN_OPTS, MERGE_OPTS   ... for the merger's kcat-in and loginagg";

// Returns the options with which a stage has our log level instead of the environment's.
static const char *volume(enum log_level environment)
{
    const enum log_level level = log_level();

    if (level < environment)
        return level == LOG_ERROR ? "-q" : "-q -v";
    if (level > environment)
        return level == LOG_DEBUG && environment < LOG_INFO ? "-v -v" : "-v";
    return "";
}

// Calls a function for each member, or once if the members are alike.
static void each_member(struct pipeline *p, void (*visit)(const struct pipeline *p, int member))
{
    const int members = pipeline_members_are_alike(p) ? 1 : pipeline_members(p);
    struct err err;

    for (int i = 0; i < members; i++) {
        if (pipeline_take(p, i, &err) != 0)
            err_die(&err);
        visit(p, i);
    }
}

static void print_pipeline(const struct pipeline *p, int member)
{
    if (member > 0)
        printf("\n");
    pipeline_print(p);
}

// --- The state directory ---

// Others may not read the counts, since they hold names and addresses of users.
static void make_state(const struct pipeline *p, int member)
{
    struct err err;

    (void)member;
    if (pipeline_state(p) != NULL && directory_make(pipeline_state(p), "STATE_DIR", &err) != 0)
        err_die(&err);
}

// --- Running ---

static const char *metrics_file(const struct options *o)
{
    return o->metrics != NULL ? o->metrics : environment_get("METRICS_FILE", NULL);
}

struct run {
    struct pipeline *pipeline;
    struct child_group group;
    struct monitor *monitor;
    int copies; // of this process, one for each member; 0 if it supervises a pipeline itself
    int pause;  // the latest one, in seconds
    bool once;
};

// Forks a copy of this process for each member. Returns whether this process is such a copy. The
// pipeline is then that of its member.
static bool start_copies(struct run *r)
{
    struct err err;

    for (int i = 0; i < r->copies; i++) {
        if (pipeline_take(r->pipeline, i, &err) != 0)
            err_die(&err);
        pid_t pid =
            child_fork(&r->group, pipeline_name(r->pipeline), pipeline_follows(r->pipeline));
        if (pid == 0) {
            monitor_supervise(r->monitor, i, true);
            r->copies = r->pause = 0;
        }
        if (pid <= 0)
            return pid == 0;
    }
    return false;
}

// Starts the copies, or the pipeline. Also returns in each copy, which has then started its
// pipeline.
static void start(struct run *r)
{
    const struct child_command *commands;
    size_t count;

    child_group_clear(&r->group);
    r->group.nested = r->copies > 0;
    if (r->copies > 0 && !start_copies(r))
        return;
    pipeline_seal();
    monitor_starting(r->monitor);
    commands = pipeline_commands(r->pipeline, &count);
    child_start_pipeline(&r->group, commands, count);
}

// Called when all members have ended with 0. If the input of the workers has ended, this process
// becomes a last merger, which reads what they have written. Returns whether it does.
static bool become_last(struct run *r)
{
    struct err err;
    int rest;

    if (r->copies == 0 || r->group.stops > 0)
        return false;
    rest = pipeline_take_rest(r->pipeline, &err);
    if (rest < 0)
        err_die(&err);
    if (rest > 0)
        monitor_supervise(r->monitor, pipeline_members(r->pipeline) - 1, false);
    r->copies = r->pause = 0;
    return rest > 0;
}

// Returns whether another start would end in the same way.
static bool is_permanent(int status)
{
    return status == EX_USAGE || status == EX_NOPERM || status == EX_CONFIG;
}

// Runs the copies or the pipeline, and restarts them when they fail. Returns the exit status. A
// copy of this process returns too, with its own status.
static int supervise(struct run *r)
{
    struct child_group *g = &r->group;

    while (g->stops == 0) {
        const int64_t started = time_monotonic();

        start(r);
        child_wait(g);
        monitor_ended(r->monitor);
        if (g->forced != 0)
            return g->forced;
        if (g->failure.status == 0 && become_last(r))
            continue;
        if (g->failure.status == 0)
            return EX_OK;
        if (r->once || is_permanent(g->failure.status) || g->stops > 0) {
            log_error("%s", g->failure.text);
            break;
        }
        r->pause = child_pause_after(r->pause, time_monotonic() - started);
        log_warn("%s; starting again in %d s", g->failure.text, r->pause);
        monitor_pausing(r->monitor, &g->failure, r->pause);
        child_sleep(g, r->pause * MS_SECOND);
    }
    return g->failure.status;
}

static int run(struct pipeline *p, const struct options *o, struct notify *notify)
{
    const int members = pipeline_members(p);
    const struct monitor_options monitor = {
        .file = metrics_file(o), .reports = log_level() >= LOG_INFO, .notify = notify};
    struct run r = {.pipeline = p, .copies = members > 1 ? members : 0, .once = o->once};
    struct err err;

    if (pipeline_counts_share(p))
        log_warn("this counts only a share of the records, so its insights and those of the other "
                 "shares overwrite each other; see ROLE in loginpipe(1)");
    each_member(p, make_state);
    r.monitor = monitor_new(&monitor, p, &err);
    if (r.monitor == NULL)
        err_die(&err);
    if (r.copies == 0)
        monitor_supervise(r.monitor, 0, false);
    child_group_init(&r.group, GRACE);
    r.group.watch = monitor_watch(r.monitor);
    int status = supervise(&r);
    child_group_release(&r.group);
    monitor_free(r.monitor);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    const struct opt_group groups[] = {OPT_GROUP("Running", options_table, &options),
                                       OPT_TEXT(environment_help)};
    const struct opt_program program = {
        "[OPTION]...",
        "Runs kcat-in | loginclean | loginagg | kcat-out, and restarts it when it fails.", groups,
        2, NULL};
    struct notify notify;
    struct err err;
    int status = EX_OK;

    log_init(argv[0]);
    notify_init(&notify);
    const enum log_level level = log_level();
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands", argv[argc - 1]);
    const struct pipeline_options wanted = {.copies = options.copies,
                                            .create = options.create,
                                            .volume = volume(level),
                                            .restarts = !options.once && !options.dry_run};
    struct pipeline *p = pipeline_new(&wanted, &err);
    if (p == NULL && err.status == EX_USAGE)
        opt_usage_error("%s", err.text);
    if (p == NULL)
        err_die(&err);
    if (options.dry_run)
        each_member(p, print_pipeline);
    else if (options.check)
        status = pipeline_check(p, metrics_file(&options));
    else
        status = run(p, &options, &notify);
    pipeline_free(p);
    notify_release(&notify);
    free(options.create);
    opt_release(&program);
    if (options.dry_run)
        opt_exit_printed();
    return status;
}
