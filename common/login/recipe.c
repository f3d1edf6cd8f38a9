// SPDX-License-Identifier: BSD-2-Clause
#include "login/recipe.h"

#include <stdlib.h>

// The options that the recipes have in common.
#define SOURCE "-G {KAFKA_GROUP} -t {KAFKA_TOPIC} --rejects -"
#define CLEAN                                                                                      \
    {                                                                                              \
        "loginclean", "--rejects -",                                                               \
        {                                                                                          \
            "LOGINCLEAN_OPTS"                                                                      \
        }                                                                                          \
    }
#define COUNTS "--state {state}/counts"
#define SINK                                                                                       \
    "-t {PROCESSED_TOPIC} --route insight={INSIGHTS_TOPIC} --route reject={REJECTS_TOPIC} "        \
    "--key user_id {create} {compact}"

// With a transactional id, kcat-out fences an earlier run and aborts its transaction as soon as it
// starts. Otherwise kcat-in would have to wait for that transaction.
#define EXACTLY_ONCE "{health} --exactly-once --transactional-id loginpipe.{KAFKA_GROUP}"

const struct recipe recipe_plain = {
    .member = "pipeline",
    .group = "",
    .stages = {{"kcat-in", SOURCE, {"KCAT_IN_OPTS"}},
               CLEAN,
               {"loginagg", "--tee --rejects -", {"LOGINAGG_OPTS"}},
               {"kcat-out", SINK, {"KCAT_OUT_OPTS"}}},
};

const struct recipe recipe_acked = {
    .member = "pipeline",
    .group = "",
    .keeps_state = true,
    .stages = {{"kcat-in", SOURCE " --shard {SHARD} --acks {state}/acks", {"KCAT_IN_OPTS"}},
               CLEAN,
               {"loginagg", "--tee --rejects - " COUNTS, {"LOGINAGG_OPTS"}},
               {"kcat-out", SINK " {health} --acks {state}/acks", {"KCAT_OUT_OPTS"}}},
};

const struct recipe recipe_exact = {
    .member = "pipeline",
    .group = "",
    .keeps_state = true,
    .stages = {{"kcat-in", SOURCE " --shard {SHARD} --marks", {"KCAT_IN_OPTS"}},
               CLEAN,
               {"loginagg", "--tee --rejects - " COUNTS, {"LOGINAGG_OPTS"}},
               {"kcat-out", SINK " " EXACTLY_ONCE ".{SHARD}", {"KCAT_OUT_OPTS"}}},
};

// Kafka gives each worker its partitions, and takes them away when workers come and go. A worker
// keeps nothing. Partials are long and alike, so they are compressed.
const struct recipe recipe_worker = {
    .member = "worker",
    .group = "",
    .has_partials = true,
    .stages = {{"kcat-in", SOURCE " --marks {session}", {"KCAT_IN_OPTS"}},
               CLEAN,
               {"loginagg", "--partial --tee --rejects -", {"LOGINAGG_OPTS"}},
               {"kcat-out",
                "-t {PROCESSED_TOPIC} --route partial={PARTIALS_TOPIC} "
                "--route reject={REJECTS_TOPIC} --key user_id -z zstd {create} {one} "
                "{deleted} " EXACTLY_ONCE ".{worker}",
                {"KCAT_OUT_OPTS"}}},
};

const struct recipe recipe_merger = {
    .member = "merger",
    .group = "-merge",
    .keeps_state = true,
    .has_partials = true,
    .stages = {{"kcat-in",
                "-G {KAFKA_GROUP}-merge -t {PARTIALS_TOPIC} --rejects - --shard 0/1 --marks {end}",
                {"MERGE_IN_OPTS"}},
               {"loginagg", "--merge --rejects - " COUNTS, {"LOGINAGG_OPTS", "MERGE_OPTS"}},
               {"kcat-out",
                "-t {INSIGHTS_TOPIC} --route reject={REJECTS_TOPIC} {create} "
                "{compact} " EXACTLY_ONCE "-merge.0/1",
                {"KCAT_OUT_OPTS"}}},
};

size_t recipe_stages(const struct recipe *r)
{
    size_t count = 0;

    while (count < RECIPE_STAGES && r->stages[count].tool != NULL)
        count++;
    return count;
}

void recipe_unset_more(void)
{
    static const struct recipe *const all[] = {&recipe_plain, &recipe_acked, &recipe_exact,
                                               &recipe_worker, &recipe_merger};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t j = 0; j < recipe_stages(all[i]); j++) {
            for (size_t k = 0; k < RECIPE_MORE; k++) {
                if (all[i]->stages[j].more[k] != NULL)
                    unsetenv(all[i]->stages[j].more[k]);
            }
        }
    }
}
