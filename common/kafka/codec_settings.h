// SPDX-License-Identifier: BSD-2-Clause
//
// codec_settings: takes what the options of a Schema Registry leave to the settings: its URL
// (schema.registry.url), the login and the TLS files (schema.registry.*), and how long to wait.
//
//     config_read(&config, RD_KAFKA_CONSUMER, &err);
//     codec_settings_apply(&config, &options);
//     if (codec_options_check(&options, &err) != 0)
//         ...
#ifndef KAFKA_CODEC_SETTINGS_H
#define KAFKA_CODEC_SETTINGS_H

#include "kafka/config.h"
#include "schema/codec_options.h"

// The options borrow the values, so config must outlive them.
void codec_settings_apply(const struct config_options *config, struct codec_options *options);

#endif
