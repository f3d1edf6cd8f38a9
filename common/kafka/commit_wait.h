// SPDX-License-Identifier: BSD-2-Clause
//
// commit_wait: lets a source of shared partitions wait until the sink has committed its last mark.
// After that the source may let go of the partitions, or leave the group.
//
//     stream_emit_mark(s->stream, mark_source_make_now(&s->marks));
//     if (commit_wait(s, GUARANTEE_STOP_WAIT) == 0)
//         ...
#ifndef KAFKA_COMMIT_WAIT_H
#define KAFKA_COMMIT_WAIT_H

#include <stdint.h>

#include "kafka/guarantee.h"

// Waits until the group has committed the last mark of s->marks, with that mark as metadata. Keeps
// the membership of the group alive meanwhile, and warns after five seconds. After a signal it
// waits for GUARANTEE_STOP_WAIT at most. Returns 0; 1 when the mark was not committed within
// wait_ms, or when stdout has no reader any more; or -1 after stream_fail().
int commit_wait(struct source *s, int64_t wait_ms);

#endif
