// SPDX-License-Identifier: BSD-2-Clause
//
// source_settings: the settings of librdkafka that a source begins with, and what a user's settings
// mean for the options of the source.
//
// The source commits offsets itself, so it follows the settings about offsets in the place of
// librdkafka, and refuses those that its delivery guarantee (guarantee.h) could not keep. A user's
// file may be shared with kcat. So what does no harm there is ignored, with a message for -v.
//
//     config_read(&config, RD_KAFKA_CONSUMER, &err);
//     source_settings_apply(&config, &group, &range, &source, &err);
#ifndef KAFKA_SOURCE_SETTINGS_H
#define KAFKA_SOURCE_SETTINGS_H

#include "base/err.h"
#include "kafka/config.h"
#include "kafka/guarantee.h"
#include "kafka/offset_spec.h"

extern const struct config_setting source_defaults[];

// Checks the settings against the guarantee that the options ask for. Makes group.id the default of
// -G (*group, NULL if not given), and auto.offset.reset that of -o. Returns 0, or -1 with EX_USAGE
// or, for a setting in a file, EX_CONFIG.
int source_settings_apply(struct config_options *config, const char **group,
                          struct offset_range *range, struct source_options *source,
                          struct err *err);

#endif
