// SPDX-License-Identifier: BSD-2-Clause
//
// sink_settings: the settings of librdkafka that a sink begins with, and what a user's settings
// mean for the options of the sink.
//
// Settings that the delivery guarantee (guarantee.h) could not keep are refused. A user's file may
// be shared with kcat. So what does no harm there is ignored, with a message for -v.
//
//     config_read(&config, RD_KAFKA_PRODUCER, &err);
//     sink_settings_apply(&config, choice, &sink, &codec, &err);
//     sink_settings_check(choice, &sink, &err);
#ifndef KAFKA_SINK_SETTINGS_H
#define KAFKA_SINK_SETTINGS_H

#include <stdbool.h>

#include "base/err.h"
#include "kafka/config.h"
#include "kafka/guarantee.h"

extern const struct config_setting sink_defaults[];

// The options that choose a delivery guarantee, besides --acks.
struct sink_choice {
    bool exactly_once, tee, undelivered; // whether the option is given
};

// Checks the options against each other. Returns 0, or -1 with EX_USAGE.
int sink_settings_check(struct sink_choice choice, const struct sink_options *sink,
                        struct err *err);

// Checks the settings against the guarantee that the options ask for. Makes transactional.id the
// default of --transactional-id, and compression.codec that of -z (*codec, NULL if not given). Sets
// sink->transaction_timeout. Returns 0, or -1 with EX_USAGE or, for a setting in a file, EX_CONFIG.
int sink_settings_apply(struct config_options *config, struct sink_choice choice,
                        struct sink_options *sink, const char **codec, struct err *err);

#endif
