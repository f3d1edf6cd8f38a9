// SPDX-License-Identifier: BSD-2-Clause
//
// acked: at-least-once delivery. The sink acknowledges marks to the source through a FIFO.
//
// The sink writes a mark's line into the FIFO when every line before the mark is delivered, or is
// refused for good and written as a reject. The source reads the line from the FIFO and commits the
// mark's offsets for its group. After a crash the next run starts at the last committed mark. So
// records may be delivered twice, but none is lost. Any other program can be the sink: it must
// write a mark's line into the FIFO once it has stored every line before the mark.
//
// Before each commit the source reads the group's offsets, and stops if another pipeline has
// changed them since its own last commit, or if they are gone.
#ifndef KAFKA_ACKED_H
#define KAFKA_ACKED_H

#include "kafka/guarantee.h"

extern const struct source_guarantee acked_source;
extern const struct sink_guarantee acked_sink;

#endif
