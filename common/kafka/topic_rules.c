// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/topic_rules.h"

#include <string.h>

#include "base/number.h"
#include "kafka/metadata.h"

struct asked {
    char *const *topics;
    size_t count;
    struct topic_rules *rules;
};

static void lower(int64_t *limit, const char *value)
{
    int64_t n;

    if (number_parse_int(value, &n) == 0 && n < *limit)
        *limit = n;
}

// Kafka 4 has no message.timestamp.difference.max.ms. Before 3.6 there is nothing else.
static void take_setting(struct topic_rules *rules, const char *name, const char *value)
{
    if (strcmp(name, "max.message.bytes") == 0) {
        lower(&rules->largest_batch, value);
    } else if (strcmp(name, "cleanup.policy") == 0) {
        rules->needs_key = strstr(value, "compact") != NULL;
    } else if (strcmp(name, "message.timestamp.before.max.ms") == 0) {
        lower(&rules->before, value);
    } else if (strcmp(name, "message.timestamp.after.max.ms") == 0) {
        lower(&rules->after, value);
    } else if (strcmp(name, "message.timestamp.difference.max.ms") == 0) {
        lower(&rules->before, value);
        lower(&rules->after, value);
    } else if (strcmp(name, "message.timestamp.type") == 0) {
        rules->sets_time = strcmp(value, "LogAppendTime") == 0;
    }
}

static void on_setting(void *ctx, const char *topic, const char *name, const char *value)
{
    const struct asked *asked = ctx;

    for (size_t i = 0; i < asked->count; i++) {
        if (strcmp(asked->topics[i], topic) == 0)
            take_setting(&asked->rules[i], name, value);
    }
}

void topic_rules_ask(struct client *client, char *const *topics, size_t count,
                     struct topic_rules *rules)
{
    struct asked asked = {.topics = topics, .count = count, .rules = rules};

    for (size_t i = 0; i < count; i++)
        rules[i] = (struct topic_rules){
            .largest_batch = INT64_MAX, .before = INT64_MAX, .after = INT64_MAX};
    metadata_describe_topics(client, topics, count, on_setting, &asked);
}

bool topic_rules_refuse(const struct topic_rules *rules, const struct outgoing *o, int64_t now,
                        struct refusal *refusal)
{
    if (rules->needs_key && o->key == NULL) {
        *refusal = (struct refusal){RD_KAFKA_RESP_ERR_INVALID_RECORD,
                                    "the topic is compacted, and the record has no key"};
        return true;
    }
    if (o->timestamp == 0 || rules->sets_time)
        return false;
    bool early = o->timestamp < now;
    uint64_t far =
        early ? (uint64_t)now - (uint64_t)o->timestamp : (uint64_t)o->timestamp - (uint64_t)now;
    if (far <= (uint64_t)(early ? rules->before : rules->after))
        return false;
    *refusal = (struct refusal){RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                                early ? "its timestamp is older than the topic accepts "
                                        "(message.timestamp.before.max.ms)"
                                      : "its timestamp is further ahead than the topic accepts "
                                        "(message.timestamp.after.max.ms)"};
    return true;
}
