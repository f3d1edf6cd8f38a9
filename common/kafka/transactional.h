// SPDX-License-Identifier: BSD-2-Clause
//
// transactional: exactly-once delivery, by Kafka transactions that end at marks.
//
// The sink produces lines up to a mark and commits the mark's offsets for the source's group, all
// in one transaction. It does not do so at each mark, since each commit has a cost, but about every
// options->commit_every ms. Three kinds of marks are committed earlier: the last one of the stream,
// one for which the source waits, and one that no line follows for a moment. The source starts
// where the last committed transaction ended.
//
// Nobody else may commit for the same partitions. There are two ways to ensure that:
//
// - A fixed set of partitions. When a new run replaces an older one, the older one is fenced in
//   three steps: (1) the new source reads the group's committed offsets, and its hello mark says
//   where it starts; (2) the new sink takes over the transactional id, which fences older producers
//   with that id; (3) the new sink reads the committed offsets again and stops unless they are
//   those of the hello mark. It reads them again before each commit.
// - Partitions that the members of the group share. The source is a member. Its assign marks pass
//   its membership on to the sink (membership.h), and the broker accepts offsets only of members of
//   the present generation (KIP-447). Before the source lets go of partitions or leaves the group,
//   it waits until the sink has committed its last mark (commit_wait.h). It keeps its partitions
//   while stdout is blocked.
#ifndef KAFKA_TRANSACTIONAL_H
#define KAFKA_TRANSACTIONAL_H

#include "kafka/guarantee.h"

// This source is also used if another program commits the offsets, or if the marks only show
// progress. The source commits nothing itself, except where shared partitions start.
extern const struct source_guarantee transactional_source;

extern const struct sink_guarantee transactional_sink;

#endif
