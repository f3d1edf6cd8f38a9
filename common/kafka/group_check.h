// SPDX-License-Identifier: BSD-2-Clause
//
// group_check: asks in the background which offsets the group has for the partitions that a
// consumer reads. Its owner compares the answer with c->offsets.known.
//
//     struct group_check check = {0};
//     if (!group_check_busy(&check))
//         group_check_start(&check, &consumer);
//     ...
//     if (group_check_answer(&check, &consumer, &found) && found != NULL)
//         status = group_known_compare(&consumer.offsets.known, group, &allowed, found, &err);
//     group_check_release(&check); // before consumer_release()
#ifndef KAFKA_GROUP_CHECK_H
#define KAFKA_GROUP_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"
#include "kafka/consumer.h"

#define GROUP_CHECK_TIME 2000  // ms for one request
#define GROUP_CHECK_FRESH 3000 // ms after the question, for which an answer counts

struct group_check {
    struct background background;
    struct client *client;
    rd_kafka_topic_partition_list_t *list; // the question, then the answer; NULL if there is none
    rd_kafka_resp_err_t code;
    uint64_t assignment; // for which the question was asked
    int64_t asked;       // when the question was asked, in ms of the monotonic clock
};

// Returns whether a request is under way.
bool group_check_busy(const struct group_check *check);

// Asks for the offsets of the partitions that are assigned now. No request may be under way.
void group_check_start(struct group_check *check, struct consumer *c);

// Returns whether an answer has arrived since the last call. *found is the answer, which is valid
// until the next start; or NULL if the request has failed, if the assignment has changed since it
// was made, or if the answer is old, because the process was stopped: meanwhile another pipeline
// may have committed, or the topic may have been made anew. If the broker refuses the request, the
// client fails with EX_NOPERM.
bool group_check_answer(struct group_check *check, struct consumer *c,
                        const rd_kafka_topic_partition_list_t **found);

// Waits for a request that is under way, for GROUP_CHECK_TIME at most.
void group_check_release(struct group_check *check);

#endif
