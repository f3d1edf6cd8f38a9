// SPDX-License-Identifier: BSD-2-Clause
//
// topic_rules: which records a topic refuses, as its settings say. A broker refuses a record
// together with all others of its batch, and within a transaction this ends the transaction. So
// such a record is best not sent.
//
//     struct topic_rules rules[2];
//     topic_rules_ask(&client, names, 2, rules); // after metadata_find_controller()
//     if (topic_rules_refuse(&rules[0], &o, time_now(), &refusal))
//         reject(refusal.code, refusal.why);
#ifndef KAFKA_TOPIC_RULES_H
#define KAFKA_TOPIC_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/client.h"
#include "kafka/line_pool.h"

struct topic_rules {
    int64_t largest_batch; // bytes; INT64_MAX if it is not known
    bool needs_key;        // the topic is compacted
    // A record's own timestamp may be so many ms before or after the current time; INT64_MAX for
    // any time.
    int64_t before, after;
    bool sets_time; // so a record's own timestamp does not matter
};

struct refusal {
    rd_kafka_resp_err_t code; // that the broker would return
    const char *why;
};

// Asks for the rules of topics. What the broker does not say is allowed, for example because the
// client may not describe the settings of a topic.
void topic_rules_ask(struct client *client, char *const *topics, size_t count,
                     struct topic_rules *rules);

// Returns whether the topic refuses a message, whatever its value is. If so, sets *refusal. `now`
// is in ms since 1970.
bool topic_rules_refuse(const struct topic_rules *rules, const struct outgoing *o, int64_t now,
                        struct refusal *refusal);

#endif
