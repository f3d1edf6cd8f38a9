// SPDX-License-Identifier: BSD-2-Clause
//
// tee: passes each line on to stdout once the broker has it, in the order of the input.
//
// A line that was refused or could not be delivered is left out. In a stream with marks, a mark
// follows only when every line before it was delivered; otherwise the stage ends with EX_TEMPFAIL.
// So a later sink of the chain can give the guarantee for this one too.
#ifndef KAFKA_TEE_H
#define KAFKA_TEE_H

#include "kafka/guarantee.h"

extern const struct sink_guarantee tee_sink;

#endif
