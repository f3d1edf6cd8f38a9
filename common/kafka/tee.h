// SPDX-License-Identifier: BSD-2-Clause
//
// tee: passes each line on to stdout once the broker has it, in the order of the input.
//
// A line that was refused or could not be delivered is left out. A mark is passed on when every
// line before it was delivered or refused. If a line could not be delivered, the stage ends with
// EX_TEMPFAIL instead. So the guarantee of a later sink in the chain covers this sink too.
#ifndef KAFKA_TEE_H
#define KAFKA_TEE_H

#include "kafka/guarantee.h"

extern const struct sink_guarantee tee_sink;

#endif
