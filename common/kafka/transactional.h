// SPDX-License-Identifier: BSD-2-Clause
//
// transactional: exactly once, by Kafka transactions that end at marks.
//
// The sink produces the lines between two marks and commits the second mark's offsets for the
// source's group, all in one transaction. The source commits nothing and starts where the last
// committed transaction ended. A run that is superseded is fenced in three steps: (1) the source
// reads the group's committed offsets, and its hello mark says where it starts; (2) the sink takes
// over the transactional id, which ends older producers of that id; (3) the sink reads the
// committed offsets again and stops unless they are those of the hello mark.
#ifndef KAFKA_TRANSACTIONAL_H
#define KAFKA_TRANSACTIONAL_H

#include "kafka/guarantee.h"

// Also the source of a pipe whose offsets a foreign sink commits, or whose marks only show
// progress.
extern const struct source_guarantee transactional_source;

extern const struct sink_guarantee transactional_sink;

#endif
