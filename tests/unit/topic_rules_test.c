// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/topic_rules.h"

#include "tap.h"

#define NOW 1700000000000

static const struct topic_rules anything = {.before = INT64_MAX, .after = INT64_MAX};

// Returns the code of the refusal, or 0.
static int refuses(const struct topic_rules *rules, const char *key, int64_t timestamp)
{
    const struct outgoing o = {.key = key, .key_len = 0, .timestamp = timestamp};
    struct refusal refusal = {.code = RD_KAFKA_RESP_ERR_NO_ERROR};

    if (!topic_rules_refuse(rules, &o, NOW, &refusal))
        return 0;
    return refusal.why == NULL ? -1 : (int)refusal.code;
}

static void test_keys(void)
{
    struct topic_rules compacted = anything;

    compacted.needs_key = true;
    tap_int(refuses(&anything, NULL, 0), 0, "a topic takes records without a key");
    tap_int(refuses(&compacted, NULL, 0), RD_KAFKA_RESP_ERR_INVALID_RECORD,
            "a compacted one does not");
    tap_int(refuses(&compacted, "", 0), 0, "an empty key is a key");
}

static void test_times(void)
{
    struct topic_rules rules = {.before = 1000, .after = 2000};
    const int bad = RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;

    tap_int(refuses(&rules, NULL, 0), 0, "the current time is good");
    tap_int(refuses(&rules, NULL, NOW), 0, "so is the same time as its own");
    tap_int(refuses(&rules, NULL, NOW - 1000), 0, "so is the oldest time");
    tap_int(refuses(&rules, NULL, NOW - 1001), bad, "an older one is not");
    tap_int(refuses(&rules, NULL, NOW + 2000), 0, "the latest time is good");
    tap_int(refuses(&rules, NULL, NOW + 2001), bad, "a later one is not");
    tap_int(refuses(&rules, NULL, INT64_MAX), bad, "nor is the last time of all");
    tap_int(refuses(&rules, NULL, INT64_MIN), bad, "nor the first");
    tap_int(refuses(&anything, NULL, INT64_MAX), 0, "without a limit, both are good");
    tap_int(refuses(&anything, NULL, 1), 0, "and so is an old time");
    rules.sets_time = true;
    tap_int(refuses(&rules, NULL, 1), 0, "any is good if the broker sets the time");
}

int main(void)
{
    test_keys();
    test_times();
    return tap_done();
}
