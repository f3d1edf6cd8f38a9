// SPDX-License-Identifier: BSD-2-Clause
#include "login/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/command.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "login/environment.h"
#include "login/recipe.h"
#include "login/role.h"

// What the names in braces stand for.
enum value {
    TOPIC,
    PROCESSED,
    INSIGHTS,
    REJECTS,
    PARTIALS,
    GROUP,
    SHARD,
    STATE,
    WORKER,
    SESSION,
    END,
    HEALTH,
    CREATE,
    COMPACT,
    ONE,
    DELETED,
    VALUES
};

static const struct {
    const char *name;
    const char *otherwise; // the default of a setting; NULL if this is not a setting
} value_table[] = {
    [TOPIC] = {"KAFKA_TOPIC", "user-login"},
    [PROCESSED] = {"PROCESSED_TOPIC", "processed-logins"},
    [INSIGHTS] = {"INSIGHTS_TOPIC", "login-insights"},
    [REJECTS] = {"REJECTS_TOPIC", "login-rejects"},
    [PARTIALS] = {"PARTIALS_TOPIC", "login-partials"},
    [GROUP] = {"KAFKA_GROUP", "loginpipe"},
    [SHARD] = {"SHARD", NULL},
    [STATE] = {"state", NULL},     // the directory of this group and share
    [WORKER] = {"worker", NULL},   // the name of this worker, the same at each of its starts
    [SESSION] = {"session", NULL}, // how the group knows it, and when it counts as gone
    [END] = {"end", NULL},         // -e, if the merger has only to read the rest
    [HEALTH] = {"health", NULL},   // --health, if HEALTH_FILE is set
    [CREATE] = {"create", NULL},   // --create, if it was given; then also what makes
    [COMPACT] = {"compact", NULL}, // the insights topic keep one line per key
    [ONE] = {"one", NULL},         // the partials topic have one partition
    [DELETED] = {"deleted", NULL}, // and drop old lines, whatever their keys are
};

struct pipeline {
    struct pipeline_options options;
    struct role role;
    const struct recipe *recipe; // of this member
    char *name;                  // of this member
    char *supervisor;            // WORKER_ID, or a name that no other supervisor has
    const char *directory;       // for metrics, borrowed; NULL for none
    struct command_value values[VALUES];
    char *made[VALUES]; // owns the values that do not come from the environment
    struct command commands[RECIPE_STAGES];
    struct child_command views[RECIPE_STAGES]; // of the commands
};

// --- Settings ---

static void set_value(struct pipeline *p, enum value which, char *take)
{
    free(p->made[which]);
    p->made[which] = take;
    p->values[which].value = take;
}

// Sets the state directory, which belongs to one group and one share.
static int set_state(struct pipeline *p, struct err *err)
{
    const struct role *r = &p->role;
    const struct recipe *recipe = r->merger != NULL ? r->merger : r->first;
    const char *slash = strchr(r->shard, '/');

    if (!recipe->keeps_state)
        return 0;
    char *base = environment_state();
    if (base == NULL)
        return err_set(err, EX_USAGE,
                       "STATE_DIR: not set, and there is no HOME; set it to a directory in which "
                       "the counts can be kept, or set DELIVERY=none");
    char *group = xstrdup(p->values[GROUP].value);
    for (char *c = group; *c != '\0'; c++) {
        if (*c == '/')
            *c = '_';
    }
    set_value(p, STATE,
              xasprintf("%s/%s%s.%.*sof%s", base, group, recipe->group, (int)(slash - r->shard),
                        r->shard, slash + 1));
    free(base);
    free(group);
    return 0;
}

static bool has_word(const char *text, const char *word)
{
    struct command words = COMMAND_INIT;
    bool found = false;

    command_add_words(&words, text);
    for (size_t i = 0; i < words.count; i++)
        found = found || strcmp(words.argv[i], word) == 0;
    command_release(&words);
    return found;
}

static bool insights_are_apart(const struct pipeline *p)
{
    const char *insights = p->values[INSIGHTS].value;

    return strcmp(insights, p->values[PROCESSED].value) != 0 &&
           strcmp(insights, p->values[REJECTS].value) != 0;
}

// Each insight replaces the earlier one with the same key, so a created insights topic is
// compacted: it is a table of the current insights. But records must not be compacted, and neither
// must partials. All partials go to one partition, since the merger needs them in order.
static void set_create(struct pipeline *p)
{
    const char *insights = p->values[INSIGHTS].value;
    const char *partials = p->values[PARTIALS].value;

    for (size_t i = CREATE; i <= DELETED; i++)
        p->values[i].value = "";
    if (p->options.create == NULL)
        return;
    p->values[CREATE].value = p->options.create;
    if (insights_are_apart(p))
        set_value(p, COMPACT, xasprintf("--topic-config=%s:cleanup.policy=compact", insights));
    set_value(p, ONE, xasprintf("--topic-config=%s:partitions=1", partials));
    set_value(p, DELETED, xasprintf("--topic-config=%s:cleanup.policy=delete", partials));
}

static int check_topics(const struct pipeline *p, struct err *err)
{
    const bool has_partials = p->role.first->has_partials;

    for (size_t i = PROCESSED; i <= (has_partials ? PARTIALS : REJECTS); i++) {
        if (strcmp(p->values[i].value, p->values[TOPIC].value) == 0)
            return err_set(err, EX_USAGE, "KAFKA_TOPIC: %s is also an output topic",
                           p->values[i].value);
        if (has_partials && i != PARTIALS &&
            strcmp(p->values[i].value, p->values[PARTIALS].value) == 0)
            return err_set(err, EX_USAGE, "PARTIALS_TOPIC: %s is also the topic for something else",
                           p->values[i].value);
    }
    return 0;
}

// librdkafka cannot hand a worker's membership of other groups from kcat-in to kcat-out.
static int check_group(const struct pipeline *p, struct err *err)
{
    if (!p->role.first->has_partials)
        return 0;
    for (const char *c = p->values[GROUP].value; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            return err_set(err, EX_USAGE,
                           "KAFKA_GROUP: workers need a name of printable ASCII characters");
    }
    return 0;
}

// A merger beside workers is started twice if they end.
static int check_reset(const struct pipeline *p, struct err *err)
{
    static const char *const names[] = {"LOGINAGG_OPTS", "MERGE_OPTS"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((p->options.restarts || p->role.merger != NULL) &&
            has_word(environment_get(names[i], ""), "--state-reset"))
            return err_set(err, EX_USAGE,
                           "%s: --state-reset would reset the state at every restart; use it with "
                           "%s--once",
                           names[i], p->role.merger != NULL ? "ROLE=merge and " : "");
    }
    return 0;
}

// loginpipe itself must know the metrics of all stages, and each stage writes one file.
static int check_metrics(struct err *err)
{
    static const char *const names[] = {"KCAT_IN_OPTS",  "LOGINCLEAN_OPTS", "LOGINAGG_OPTS",
                                        "KCAT_OUT_OPTS", "MERGE_IN_OPTS",   "MERGE_OPTS"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(environment_get(names[i], ""), "--metrics") != NULL)
            return err_set(err, EX_USAGE,
                           "%s: --metrics: give it to loginpipe, for the metrics of all stages, or "
                           "set METRICS_FILE",
                           names[i]);
    }
    return 0;
}

static int read_settings(struct pipeline *p, struct err *err)
{
    for (size_t i = 0; i < VALUES; i++) {
        p->values[i].name = value_table[i].name;
        if (value_table[i].otherwise != NULL)
            p->values[i].value = environment_get(value_table[i].name, value_table[i].otherwise);
    }
    if (role_read(&p->role, p->options.copies, err) != 0)
        return -1;
    p->values[SHARD].value = p->role.shard;
    p->values[END].value = "";
    p->supervisor = p->role.worker_id != NULL ? xstrdup(p->role.worker_id) : environment_process();
    set_create(p);
    if (p->role.first == &recipe_plain && environment_get("HEALTH_FILE", NULL) != NULL)
        return err_set(err, EX_USAGE,
                       "HEALTH_FILE: requires DELIVERY=exactly-once or "
                       "at-least-once");
    if (check_group(p, err) != 0 || set_state(p, err) != 0 || check_reset(p, err) != 0 ||
        check_metrics(err) != 0)
        return -1;
    return check_topics(p, err);
}

// --- Commands ---

static int make_command(const struct pipeline *p, const struct recipe_stage *s, struct command *c,
                        struct err *err)
{
    char *path = command_find_beside(s->tool);

    if (path == NULL)
        return err_set(err, EX_CONFIG, "%s: neither beside loginpipe nor in PATH", s->tool);
    command_release(c);
    command_add(c, path);
    command_add_template(c, s->options, p->values, VALUES);
    command_add_words(c, p->options.volume == NULL ? "" : p->options.volume);
    for (size_t i = 0; i < RECIPE_MORE && s->more[i] != NULL; i++)
        command_add_words(c, environment_get(s->more[i], ""));
    if (p->directory != NULL) {
        command_add(c, xstrdup("--metrics"));
        command_add(c, pipeline_metrics_file(p->directory, p->name, s->tool));
    }
    if (command_has_secret(c))
        secret_protect();
    return 0;
}

static int make_commands(struct pipeline *p, struct err *err)
{
    const struct recipe_stage *stages = p->recipe->stages;

    for (size_t i = 0; i < recipe_stages(p->recipe); i++) {
        if (make_command(p, &stages[i], &p->commands[i], err) != 0)
            return -1;
        p->views[i] = (struct child_command){stages[i].tool, p->commands[i].argv};
    }
    return 0;
}

// --- The members ---

struct pipeline *pipeline_new(const struct pipeline_options *options, struct err *err)
{
    struct pipeline *p = xcalloc(1, sizeof *p);

    p->options = *options;
    if (read_settings(p, err) == 0 && pipeline_take(p, 0, err) == 0)
        return p;
    pipeline_free(p);
    return NULL;
}

void pipeline_free(struct pipeline *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < RECIPE_STAGES; i++)
        command_release(&p->commands[i]);
    for (size_t i = 0; i < VALUES; i++)
        free(p->made[i]);
    free(p->name);
    free(p->supervisor);
    free(p);
}

int pipeline_members(const struct pipeline *p)
{
    return p->role.copies + (p->role.merger != NULL ? 1 : 0);
}

bool pipeline_members_are_alike(const struct pipeline *p)
{
    return p->role.first == &recipe_plain;
}

bool pipeline_counts_share(const struct pipeline *p)
{
    const struct role *r = &p->role;

    return !r->first->has_partials && (r->copies > 1 || strcmp(strchr(r->shard, '/'), "/1") != 0);
}

static int take(struct pipeline *p, const struct recipe *recipe, char *take_name, struct err *err)
{
    free(p->name);
    p->name = take_name;
    p->recipe = recipe;
    return make_commands(p, err);
}

// Several workers of one supervisor differ by their number. With WORKER_ID they are static members
// of the group. Without, a worker that is killed is another member when it is back, and all workers
// wait until the session of the first one is over, so sessions are short.
static void set_worker(struct pipeline *p, int member)
{
    set_value(p, WORKER,
              p->role.copies > 1 ? xasprintf("%s-%d", p->supervisor, member + 1)
                                 : xstrdup(p->supervisor));
    set_value(p, SESSION,
              p->role.worker_id != NULL
                  ? xasprintf("-Xgroup.instance.id=%s", p->values[WORKER].value)
                  : xstrdup("-Xsession.timeout.ms=10000"));
}

// Each member has a file of its own, since one that works would hide another that does not.
static void set_health(struct pipeline *p, int member)
{
    const char *file = environment_get("HEALTH_FILE", NULL);

    if (file == NULL)
        set_value(p, HEALTH, xstrdup(""));
    else if (pipeline_members(p) == 1)
        set_value(p, HEALTH, xasprintf("--health=%s", file));
    else
        set_value(p, HEALTH, xasprintf("--health=%s-%d", file, member + 1));
}

int pipeline_take(struct pipeline *p, int member, struct err *err)
{
    set_health(p, member);
    if (member >= p->role.copies)
        return take(p, p->role.merger, xstrdup(p->role.merger->member), err);
    set_worker(p, member);
    return take(p, p->role.first,
                p->role.copies > 1 ? xasprintf("%s %d", p->role.first->member, member + 1)
                                   : xstrdup(p->role.first->member),
                err);
}

void pipeline_measure(struct pipeline *p, const char *directory)
{
    p->directory = directory;
}

char *pipeline_metrics_file(const char *directory, const char *member, const char *stage)
{
    return xasprintf("%s/%s.%s", directory, member, stage);
}

bool pipeline_has_marks(const struct pipeline *p)
{
    return p->role.first != &recipe_plain;
}

bool pipeline_merges(const struct pipeline *p)
{
    return p->recipe == &recipe_merger;
}

void pipeline_put_labels(const struct pipeline *p, struct buf *b)
{
    const struct role *r = &p->role;

    metrics_put_label(b, "group", p->values[GROUP].value);
    buf_putc(b, ',');
    metrics_put_label(b, "member", p->name);
    if (r->worker_id != NULL) {
        buf_putc(b, ',');
        metrics_put_label(b, "worker", r->worker_id);
    }
    if (strcmp(strchr(r->shard, '/'), "/1") != 0) {
        buf_putc(b, ',');
        metrics_put_label(b, "shard", r->shard);
    }
}

const char *pipeline_name(const struct pipeline *p)
{
    return p->name;
}

bool pipeline_follows(const struct pipeline *p)
{
    return p->recipe == p->role.merger;
}

int pipeline_take_rest(struct pipeline *p, struct err *err)
{
    if (p->role.merger == NULL)
        return 0;
    p->values[END].value = "-e";
    return pipeline_take(p, p->role.copies, err) == 0 ? 1 : -1;
}

const char *pipeline_state(const struct pipeline *p)
{
    return p->recipe->keeps_state ? p->values[STATE].value : NULL;
}

const char *pipeline_partials(const struct pipeline *p)
{
    return p->recipe->has_partials ? p->values[PARTIALS].value : NULL;
}

const char *pipeline_insights(const struct pipeline *p)
{
    return p->recipe != &recipe_worker && insights_are_apart(p) ? p->values[INSIGHTS].value : NULL;
}

const struct child_command *pipeline_commands(const struct pipeline *p, size_t *count)
{
    *count = recipe_stages(p->recipe);
    return p->views;
}

void pipeline_seal(void)
{
    recipe_unset_more();
}

void pipeline_print(const struct pipeline *p)
{
    const size_t count = recipe_stages(p->recipe);

    if (pipeline_members(p) > 1 && !pipeline_members_are_alike(p))
        printf("# %s\n", p->name);
    if (pipeline_state(p) != NULL) {
        printf("mkdir -p ");
        command_print_word(pipeline_state(p));
        printf(" &&\n");
    }
    for (size_t i = 0; i < count; i++) {
        printf("%s", i == 0 ? "" : "    ");
        command_print(&p->commands[i]);
        printf("%s\n", i + 1 < count ? " |" : "");
    }
}
