// SPDX-License-Identifier: BSD-2-Clause
#include "login/role.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/xalloc.h"
#include "login/environment.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define COPIES_MAX 999
#define SHARDS_MAX 9999
#define WORKER_ID_MAX 200 // the number of a worker may follow

static const struct {
    const char *name;
    const struct recipe *recipe;
} delivery_table[] = {
    {"at-least-once", &recipe_acked}, {"exactly-once", &recipe_exact}, {"none", &recipe_plain}};

static bool is_merger(const char *role)
{
    return role != NULL && strcmp(role, "merge") == 0;
}

// Only the shortest form is a shard, since it is part of names: 00/2 would have another state.
static bool is_shard(const char *text)
{
    const char *slash = strchr(text, '/');
    int64_t index, shards;

    if (slash == NULL || number_parse_int(slash + 1, &shards) != 0)
        return false;
    char *first = xstrndup(text, (size_t)(slash - text));
    bool is = number_parse_int(first, &index) == 0;
    free(first);
    if (!is || index < 0 || index >= shards || shards > SHARDS_MAX)
        return false;
    char *shortest = xasprintf("%lld/%lld", (long long)index, (long long)shards);
    is = strcmp(shortest, text) == 0;
    free(shortest);
    return is;
}

// The merger is one, also where NUM_CONSUMERS is set for workers.
static int read_copies(struct role *r, const char *option, struct err *err)
{
    const char *text = option;
    int64_t copies;

    if (text == NULL)
        text =
            is_merger(environment_get("ROLE", NULL)) ? "1" : environment_get("NUM_CONSUMERS", "1");
    if (number_parse_int(text, &copies) != 0 || copies < 1 || copies > COPIES_MAX)
        return err_set(err, EX_USAGE, "%s: '%s' is not a number from 1 to %d",
                       option != NULL ? "-n" : "NUM_CONSUMERS", text, COPIES_MAX);
    r->copies = (int)copies;
    return 0;
}

// Chooses the recipe of a whole pipeline.
static int read_delivery(struct role *r, struct err *err)
{
    const char *name = environment_get("DELIVERY", delivery_table[0].name);

    for (size_t i = 0; i < sizeof delivery_table / sizeof *delivery_table; i++) {
        if (strcmp(delivery_table[i].name, name) == 0)
            r->first = delivery_table[i].recipe;
    }
    if (r->first == NULL)
        return err_set(err, EX_USAGE, "DELIVERY: '%s' is not at-least-once, exactly-once or none",
                       name);
    return 0;
}

// Chooses workers and a merger instead, if they are wanted.
static int read_role(struct role *r, struct err *err)
{
    const char *role = environment_get("ROLE", NULL);
    const char *delivery = environment_get("DELIVERY", NULL);
    const bool merges = is_merger(role);

    if (role == NULL && (r->copies == 1 || r->first == &recipe_plain))
        return 0;
    if (role != NULL && !merges && strcmp(role, "worker") != 0)
        return err_set(err, EX_USAGE, "ROLE: '%s' is neither worker nor merge", role);
    if (delivery != NULL && r->first != &recipe_exact)
        return err_set(err, EX_USAGE,
                       "DELIVERY: '%s' cannot be combined with %s; workers and their merger are "
                       "exactly-once",
                       delivery, role == NULL ? "-n or NUM_CONSUMERS" : "ROLE");
    if (merges && r->copies > 1)
        return err_set(err, EX_USAGE, "-n: only one merger can run; -n is for workers");
    r->first = merges ? &recipe_merger : &recipe_worker;
    r->merger = role == NULL ? &recipe_merger : NULL;
    return 0;
}

static int read_shard(struct role *r, struct err *err)
{
    const char *shard = environment_get("SHARD", NULL);

    r->shard = shard == NULL ? "0/1" : shard;
    if (!is_shard(r->shard))
        return err_set(err, EX_USAGE, "SHARD: '%s' is not I/N such as 0/2", shard);
    if (shard != NULL && r->first->has_partials)
        return err_set(err, EX_USAGE, "SHARD: cannot be combined with ROLE, -n or NUM_CONSUMERS");
    if (shard != NULL && r->first == &recipe_plain)
        return err_set(err, EX_USAGE, "SHARD: requires DELIVERY=exactly-once or at-least-once");
    return 0;
}

static int read_worker_id(struct role *r, struct err *err)
{
    const char *id = environment_get("WORKER_ID", NULL);

    r->worker_id = id;
    // Kafka has the same rule for static members.
    if (id != NULL && (id[strspn(id, DIGITS LETTERS "._-")] != '\0' || strlen(id) > WORKER_ID_MAX))
        return err_set(err, EX_USAGE,
                       "WORKER_ID: '%s' is not a name of up to %d letters, digits, '.', '_' and "
                       "'-'",
                       id, WORKER_ID_MAX);
    return 0;
}

int role_read(struct role *r, const char *copies, struct err *err)
{
    *r = (struct role){0};
    if (read_copies(r, copies, err) != 0 || read_delivery(r, err) != 0 || read_role(r, err) != 0 ||
        read_shard(r, err) != 0)
        return -1;
    return read_worker_id(r, err);
}
