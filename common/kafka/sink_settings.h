// SPDX-License-Identifier: BSD-2-Clause
//
// sink_settings: the options of a sink, the settings of librdkafka that it begins with, and what a
// user's settings mean for the options.
//
// Settings that the delivery guarantee (guarantee.h) could not keep are refused. A user's file may
// be shared with kcat. So what does no harm there is ignored, with a message for -v.
//
//     struct sink_options sink = SINK_OPTIONS_INIT; // set by sink_opts
//     config_read(&config, RD_KAFKA_PRODUCER, &err);
//     sink_settings_apply(&config, &sink, &codec, &err);
//     sink_settings_check(&sink, &err);
#ifndef KAFKA_SINK_SETTINGS_H
#define KAFKA_SINK_SETTINGS_H

#include <stddef.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/config.h"
#include "kafka/guarantee.h"

extern const struct config_setting sink_defaults[];

// The option table for struct sink_options.
extern const struct opt sink_opts[];
extern const size_t sink_opt_count;

// Checks the options against each other. Returns 0, or -1 with EX_USAGE.
int sink_settings_check(const struct sink_options *sink, struct err *err);

// Checks the settings against the guarantee that the options ask for. Makes transactional.id the
// default of --transactional-id, and compression.codec that of -z (*codec, NULL if not given). Sets
// sink->transaction_timeout. Returns 0, or -1 with EX_USAGE or, for a setting in a file, EX_CONFIG.
int sink_settings_apply(struct config_options *config, struct sink_options *sink,
                        const char **codec, struct err *err);

#endif
