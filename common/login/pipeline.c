// SPDX-License-Identifier: BSD-2-Clause
#include "login/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/command.h"
#include "base/secret.h"
#include "base/xalloc.h"

#define DIGITS "0123456789"
#define STAGES (sizeof stages / sizeof *stages)

// --- The stages ---

enum delivery { NONE, AT_LEAST_ONCE, EXACTLY_ONCE, DELIVERIES };

static const char *const delivery_names[] = {
    [NONE] = "none", [AT_LEAST_ONCE] = "at-least-once", [EXACTLY_ONCE] = "exactly-once"};

// What the names in braces stand for.
enum value { TOPIC, PROCESSED, INSIGHTS, REJECTS, GROUP, SHARD, STATE, CREATE, COMPACT, VALUES };

static const struct {
    const char *name;
    const char *otherwise; // the default of a setting; NULL if this is not a setting
} value_table[] = {
    [TOPIC] = {"KAFKA_TOPIC", "user-login"},
    [PROCESSED] = {"PROCESSED_TOPIC", "processed-logins"},
    [INSIGHTS] = {"INSIGHTS_TOPIC", "login-insights"},
    [REJECTS] = {"REJECTS_TOPIC", "login-rejects"},
    [GROUP] = {"KAFKA_GROUP", "loginpipe"},
    [SHARD] = {"SHARD", "0/1"},
    [STATE] = {"state", NULL},     // the directory of this group and share
    [CREATE] = {"create", NULL},   // --create, if it was given
    [COMPACT] = {"compact", NULL}, // then also what makes the insights topic keep one line per key
};

struct stage {
    const char *tool;
    const char *more;                 // the name of the setting with more options
    const char *options;              // given with every kind of delivery
    const char *delivers[DELIVERIES]; // given with this kind of delivery
};

static const struct stage stages[] = {
    {.tool = "kcat-in",
     .more = "KCAT_IN_OPTS",
     .options = "-G {KAFKA_GROUP} -t {KAFKA_TOPIC} --rejects -",
     .delivers = {[AT_LEAST_ONCE] = "--shard {SHARD} --acks {state}/acks",
                  [EXACTLY_ONCE] = "--shard {SHARD} --marks"}},
    {.tool = "loginclean", .more = "LOGINCLEAN_OPTS", .options = "--rejects -"},
    {.tool = "loginagg",
     .more = "LOGINAGG_OPTS",
     .options = "--tee --rejects -",
     .delivers =
         {[AT_LEAST_ONCE] = "--state {state}/counts", [EXACTLY_ONCE] = "--state {state}/counts"}},
    // With a transactional id, kcat-out fences an earlier run and aborts its transaction as soon as
    // it starts. Otherwise kcat-in would have to wait for that transaction.
    {.tool = "kcat-out",
     .more = "KCAT_OUT_OPTS",
     .options = "-t {PROCESSED_TOPIC} --route insight={INSIGHTS_TOPIC} "
                "--route reject={REJECTS_TOPIC} --key user_id {create} {compact}",
     .delivers = {[AT_LEAST_ONCE] = "--acks {state}/acks",
                  [EXACTLY_ONCE] = "--exactly-once "
                                   "--transactional-id loginpipe.{KAFKA_GROUP}.{SHARD}"}},
};

struct pipeline {
    struct pipeline_options options;
    enum delivery delivery;
    int copies;
    struct command_value values[VALUES];
    char *made[VALUES]; // owns the values that do not come from the environment
    struct command commands[STAGES];
    struct child_command views[STAGES]; // of the commands
};

// --- Settings ---

// Returns a setting from the environment. An empty setting counts as missing.
static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value == NULL || *value == '\0' ? otherwise : value;
}

static void set_value(struct pipeline *p, enum value which, char *take)
{
    free(p->made[which]);
    p->made[which] = take;
    p->values[which].value = take;
}

// Returns the number in the first `len` bytes of a text, or -1 if they are not all digits, or if
// there are more than `most` of them.
static int parse_digits(const char *text, size_t len, size_t most)
{
    return len > 0 && len <= most && strspn(text, DIGITS) >= len ? atoi(text) : -1;
}

static int parse_copies(const char *text)
{
    return *text == '0' ? -1 : parse_digits(text, strlen(text), 3);
}

static bool is_shard(const char *text)
{
    const char *slash = strchr(text, '/');

    if (slash == NULL || slash[1] == '0')
        return false;
    int index = parse_digits(text, (size_t)(slash - text), 4);
    return index >= 0 && index < parse_digits(slash + 1, strlen(slash + 1), 4);
}

// Returns the directory for the states of all groups and shares, or NULL if none is known.
static char *state_base(void)
{
    const char *base = setting("STATE_DIR", NULL);

    if (base != NULL)
        return xstrdup(base);
    base = setting("STATE_DIRECTORY", NULL);
    if (base != NULL)
        return xstrndup(base, strcspn(base, ":")); // systemd may name several
    base = setting("XDG_STATE_HOME", "");
    if (*base == '/') // the standard says to ignore others
        return xasprintf("%s/loginpipe", base);
    base = setting("HOME", NULL);
    return base == NULL ? NULL : xasprintf("%s/.local/state/loginpipe", base);
}

// Sets the state directory, which belongs to one group and one share.
static int set_state(struct pipeline *p, struct err *err)
{
    const char *shard = p->values[SHARD].value;
    const char *slash = strchr(shard, '/');
    char *base = state_base();

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
              xasprintf("%s/%s.%.*sof%s", base, group, (int)(slash - shard), shard, slash + 1));
    free(base);
    free(group);
    return 0;
}

// Takes ownership of the text "I/N", and sets the shard to it.
static int set_shard(struct pipeline *p, char *take, struct err *err)
{
    set_value(p, SHARD, take);
    return p->delivery == NONE ? 0 : set_state(p, err);
}

static int read_delivery(struct pipeline *p, struct err *err)
{
    const char *name = setting("DELIVERY", delivery_names[AT_LEAST_ONCE]);

    while (p->delivery < DELIVERIES && strcmp(delivery_names[p->delivery], name) != 0)
        p->delivery++;
    if (p->delivery == DELIVERIES)
        return err_set(err, EX_USAGE, "DELIVERY: '%s' is not at-least-once, exactly-once or none",
                       name);
    return 0;
}

// Reads how many copies share the work, and which share this one has.
static int read_share(struct pipeline *p, struct err *err)
{
    const char *shard = setting("SHARD", NULL);
    const char *copies = p->options.copies;

    if (copies == NULL || *copies == '\0')
        copies = setting("NUM_CONSUMERS", "1");
    p->copies = parse_copies(copies);
    if (shard != NULL && !is_shard(shard))
        return err_set(err, EX_USAGE, "SHARD: '%s' is not I/N such as 0/2", shard);
    if (shard != NULL && p->delivery == NONE)
        return err_set(err, EX_USAGE, "SHARD: requires DELIVERY=exactly-once or at-least-once");
    if (p->copies < 1)
        return err_set(err, EX_USAGE, "-n: '%s' is not a number from 1 to 999", copies);
    if (shard != NULL && p->copies > 1)
        return err_set(err, EX_USAGE, "SHARD: cannot be combined with -n or NUM_CONSUMERS");
    char *first = p->copies > 1 ? xasprintf("0/%d", p->copies) : xstrdup(p->values[SHARD].value);
    return set_shard(p, first, err);
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

// Each insight replaces the earlier one with the same key, so a created insights topic is
// compacted: it is a table of the current insights. But records must not be compacted.
static void set_create(struct pipeline *p)
{
    const char *insights = p->values[INSIGHTS].value;
    bool own = strcmp(insights, p->values[PROCESSED].value) != 0 &&
               strcmp(insights, p->values[REJECTS].value) != 0;

    p->values[CREATE].value = p->options.create == NULL ? "" : p->options.create;
    p->values[COMPACT].value = "";
    if (p->options.create != NULL && own)
        set_value(p, COMPACT, xasprintf("--topic-config=%s:cleanup.policy=compact", insights));
}

static int read_settings(struct pipeline *p, struct err *err)
{
    for (size_t i = 0; i < VALUES; i++) {
        p->values[i].name = value_table[i].name;
        if (value_table[i].otherwise != NULL)
            p->values[i].value = setting(value_table[i].name, value_table[i].otherwise);
    }
    set_create(p);
    if (read_delivery(p, err) != 0 || read_share(p, err) != 0)
        return -1;
    if (p->options.restarts && has_word(setting("LOGINAGG_OPTS", ""), "--state-reset"))
        return err_set(err, EX_USAGE,
                       "LOGINAGG_OPTS: --state-reset would reset the state at every restart; use "
                       "it with --once");
    for (size_t i = PROCESSED; i <= REJECTS; i++) {
        if (strcmp(p->values[i].value, p->values[TOPIC].value) == 0)
            return err_set(err, EX_USAGE, "KAFKA_TOPIC: %s is also an output topic",
                           p->values[i].value);
    }
    return 0;
}

// --- Commands ---

static int make_command(const struct pipeline *p, const struct stage *s, struct command *c,
                        struct err *err)
{
    const char *delivers = s->delivers[p->delivery];
    char *path = command_find_beside(s->tool);

    if (path == NULL)
        return err_set(err, EX_CONFIG, "%s: neither beside loginpipe nor in PATH", s->tool);
    command_release(c);
    command_add(c, path);
    command_add_template(c, s->options, p->values, VALUES);
    command_add_template(c, delivers == NULL ? "" : delivers, p->values, VALUES);
    command_add_words(c, p->options.volume == NULL ? "" : p->options.volume);
    command_add_words(c, setting(s->more, ""));
    if (command_has_secret(c))
        secret_protect();
    return 0;
}

static int make_commands(struct pipeline *p, struct err *err)
{
    for (size_t i = 0; i < STAGES; i++) {
        if (make_command(p, &stages[i], &p->commands[i], err) != 0)
            return -1;
        p->views[i] = (struct child_command){stages[i].tool, p->commands[i].argv};
    }
    return 0;
}

// --- The pipeline ---

struct pipeline *pipeline_new(const struct pipeline_options *options, struct err *err)
{
    struct pipeline *p = xcalloc(1, sizeof *p);

    p->options = *options;
    if (read_settings(p, err) == 0 && make_commands(p, err) == 0)
        return p;
    pipeline_free(p);
    return NULL;
}

void pipeline_free(struct pipeline *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < STAGES; i++)
        command_release(&p->commands[i]);
    for (size_t i = 0; i < VALUES; i++)
        free(p->made[i]);
    free(p);
}

int pipeline_copies(const struct pipeline *p)
{
    return p->copies;
}

bool pipeline_has_shares(const struct pipeline *p)
{
    return p->copies > 1 && p->delivery != NONE;
}

int pipeline_take_share(struct pipeline *p, int copy, struct err *err)
{
    if (!pipeline_has_shares(p))
        return 0;
    if (set_shard(p, xasprintf("%d/%d", copy, p->copies), err) != 0)
        return -1;
    return make_commands(p, err);
}

const char *pipeline_state(const struct pipeline *p)
{
    return p->delivery == NONE ? NULL : p->values[STATE].value;
}

const struct child_command *pipeline_commands(const struct pipeline *p, size_t *count)
{
    *count = STAGES;
    return p->views;
}

void pipeline_seal(void)
{
    for (size_t i = 0; i < STAGES; i++)
        unsetenv(stages[i].more);
}

void pipeline_print(const struct pipeline *p)
{
    if (pipeline_state(p) != NULL) {
        printf("mkdir -p ");
        command_print_word(pipeline_state(p));
        printf(" &&\n");
    }
    for (size_t i = 0; i < STAGES; i++) {
        printf("%s", i == 0 ? "" : "    ");
        command_print(&p->commands[i]);
        printf("%s\n", i + 1 < STAGES ? " |" : "");
    }
}
