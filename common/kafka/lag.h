// SPDX-License-Identifier: BSD-2-Clause
//
// lag: how many records a consumer has still to read in each partition, for its metrics.
//
// The brokers are asked for the ends of the partitions in the background, and the answer counts for
// the next metrics: what comes with the records is not enough, since nothing comes while the next
// stage stands still, and then the lag grows.
//
//     struct lag lag = {.consumer = &consumer};
//     lag_put_metrics(&lag, &metrics); // each time the metrics are written
//     lag_close(&lag);                 // before consumer_close()
#ifndef KAFKA_LAG_H
#define KAFKA_LAG_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"
#include "base/metrics.h"
#include "kafka/consumer.h"

struct lag {
    struct consumer *consumer;

    // The members below are private.
    struct background background;
    rd_kafka_topic_partition_list_t *list; // the question, then the answer; NULL if there is none
    rd_kafka_resp_err_t code;
    bool answered; // at least once
    bool closed;
};

// Appends the lag of each assigned partition whose end is known, and asks for the ends. Before the
// first answer there is either the lag of all partitions or none, so that their sum does not seem
// to grow.
void lag_put_metrics(struct lag *lag, struct metrics *m);

// Returns how many records are left up to the offsets where the partitions stop, or -1 if one of
// them does not stop.
int64_t lag_to_stop(const struct lag *lag);

// Waits for a question that is under way, for a second at most. No more questions are asked.
void lag_close(struct lag *lag);

#endif
