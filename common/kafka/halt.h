// SPDX-License-Identifier: BSD-2-Clause
//
// halt: stops the sending to a partition at the moment when the broker refuses a batch for it.
//
// The refused lines can then be sent again before later ones, so that the order is kept. A delivery
// report comes too late for that: by then librdkafka has sent the next batch.
//
//     struct halt h = HALT_INIT;
//     halt_watch(&h, conf); // of a producer; _private of its messages must be kept lines
//     ...
//     if (halt_has_come(&h))
//         halt_end(&h, rk);
//     halt_release(&h); // before rd_kafka_destroy()
#ifndef KAFKA_HALT_H
#define KAFKA_HALT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"

struct halt {
    pthread_mutex_t lock;
    rd_kafka_topic_partition_list_t *partitions; // that are stopped; NULL for none
    atomic_bool has_come;
    // A thread of its own stops one partition after the other.
    struct background stop;
    rd_kafka_t *rk;
    rd_kafka_topic_partition_list_t *next;
};

#define HALT_INIT                                                                                  \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                          \
    }

// Returns whether an error says that the broker refuses a message for good, or another message of
// its batch.
bool halt_is_refusal(rd_kafka_resp_err_t code);

// Adds the watch to the settings of a producer. A kept line that was sent alone stops nothing.
void halt_watch(struct halt *h, rd_kafka_conf_t *conf);

// Returns whether a partition is stopped.
bool halt_has_come(const struct halt *h);

// Lets all partitions go on.
void halt_end(struct halt *h, rd_kafka_t *rk);

void halt_release(struct halt *h);

#endif
