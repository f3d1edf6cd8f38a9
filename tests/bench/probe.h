// SPDX-License-Identifier: BSD-2-Clause
//
// probe: what the programs that read and write topics for tests/bench share. They end with a
// message when a call of librdkafka fails.
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include <librdkafka/rdkafka.h>

// Prints "PROGRAM: what: why" and exits with 1.
_Noreturn void probe_fail(const char *what, const char *why);

// A client of $BOOTSTRAP_SERVERS with these settings, in pairs of a name and a value that end with
// NULL. A producer ends the program when a record is not delivered.
rd_kafka_t *probe_client(rd_kafka_type_t type, const char *const *settings);

// Reads all partitions of the topic from their beginning. Returns how many they are.
int probe_read_topic(rd_kafka_t *consumer, const char *topic);

#endif
