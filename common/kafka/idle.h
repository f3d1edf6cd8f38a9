// SPDX-License-Identifier: BSD-2-Clause
//
// idle: finds out which partitions have had no record for a while.
//
// A partition that has been read to its end may still have records that have not arrived yet: the
// broker may be out of reach, or librdkafka may be busy with other partitions. A watermark that
// leaves such a partition out, or that follows the clock, would make these records late. So a
// partition is idle only if, after that while, a broker says that it still ends at the same offset.
//
//     struct idle idle;
//     idle_init(&idle, 10 * MS_SECOND);
//     ...now and then, such as each second:
//     idle_check(&idle, &client, &set);
//     if (partitions_are_quiet(&set))
//         ...at idle.clock, everything that the partitions had was read...
#ifndef KAFKA_IDLE_H
#define KAFKA_IDLE_H

#include <stdint.h>

#include "kafka/client.h"
#include "kafka/partition.h"

struct idle {
    int64_t after; // ms at its end after which a partition may be idle; 0 for never
    int64_t pause; // ms between checks
    int64_t due;   // when the brokers may be asked next, by time_monotonic()
    int64_t clock; // time_now() just before the brokers were asked last, or PARTITION_NO_TIME
};

void idle_init(struct idle *i, int64_t after);

// Sets `idle` of the partitions that have been at their end for long enough. If there are any, this
// asks the brokers where they end, with one request for each broker, and waits for the answers for
// at most a second. It does so every five seconds at most (or every i->after, if that is shorter),
// and less often while there is no answer. A partition without an answer is not idle.
void idle_check(struct idle *i, struct client *client, struct partition_set *set);

#endif
