// SPDX-License-Identifier: BSD-2-Clause
//
// acked: at least once, by marks that come back through a FIFO.
//
// The sink writes a mark's line into the FIFO when every line before the mark is delivered (or
// refused for good and written as a reject). The source reads it there and commits the mark's
// offsets for its group. After a crash the next run starts at the last committed mark, so that
// records may be delivered twice, but none is lost. Any other program can be the sink: it writes
// the line of each mark back once it has stored what came before.
#ifndef KAFKA_ACKED_H
#define KAFKA_ACKED_H

#include "kafka/guarantee.h"

extern const struct source_guarantee acked_source;
extern const struct sink_guarantee acked_sink;

#endif
