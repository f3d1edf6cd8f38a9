// SPDX-License-Identifier: BSD-2-Clause
//
// transactional: exactly-once delivery, by Kafka transactions that end at marks.
//
// The sink produces lines up to a mark and commits the mark's offsets for the source's group, all
// in one transaction. It does not do so at each mark, since each commit has a cost, but about every
// options->commit_every ms. Two kinds of marks are committed earlier: the last one of the stream,
// and one that no line follows for a moment. The source starts where the last committed transaction
// ended. When a new run replaces an older one, the older one is fenced in three steps: (1) the new
// source reads the group's committed offsets, and its hello mark says where it starts; (2) the new
// sink takes over the transactional id, which fences older producers with that id; (3) the new sink
// reads the committed offsets again and stops unless they are those of the hello mark.
#ifndef KAFKA_TRANSACTIONAL_H
#define KAFKA_TRANSACTIONAL_H

#include "kafka/guarantee.h"

// This source is also used if another program commits the offsets, or if the marks only show
// progress. The source commits nothing itself, except where shared partitions start.
extern const struct source_guarantee transactional_source;

extern const struct sink_guarantee transactional_sink;

#endif
