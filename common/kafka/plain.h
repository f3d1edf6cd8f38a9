// SPDX-License-Identifier: BSD-2-Clause
//
// plain: no guarantee across the pipe.
//
// The source commits, for its group, the offsets of the records that it has written to stdout. A
// later stage can still lose those records. The sink delivers each line and ignores marks.
#ifndef KAFKA_PLAIN_H
#define KAFKA_PLAIN_H

#include "kafka/guarantee.h"

extern const struct source_guarantee plain_source;
extern const struct sink_guarantee plain_sink;

#endif
