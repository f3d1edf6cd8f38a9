// SPDX-License-Identifier: BSD-2-Clause
//
// config: the settings of a Kafka client, from kcat's options (-b, -X, -F), config files and the
// environment.
//
// The values of secret settings are never printed. These are the sources of settings. A later one
// overrides an earlier one:
//     1. the tool's own defaults
//     2. the file $KCAT_CONFIG or, if that is not set, ~/.config/kcat.conf; not with -F
//     3. $BOOTSTRAP_SERVERS
//     4. the file of -F
//     5. -X
//     6. -b
//
//     static const struct config_setting defaults[] = {{"linger.ms", "5"}, {NULL, NULL}};
//     struct config_options options = CONFIG_OPTIONS_INIT; // filled through config_opts
//     config_show(&options, defaults);
//     rd_kafka_conf_t *conf = config_new(&options, defaults, &err);
#ifndef KAFKA_CONFIG_H
#define KAFKA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/opt.h"

struct config_options {
    const char *brokers;     // -b; NULL when it is not given
    const char *config_file; // -F
    struct opt_list props;   // -X
    int64_t wait;            // ms: how long a broker or topic may be missing at the start
    bool (*stopping)(void);  // returns whether to stop waiting; may be NULL
};

#define CONFIG_OPTIONS_INIT                                                                        \
    {                                                                                              \
        .wait = 30000                                                                              \
    }

extern const struct opt config_opts[];
extern const size_t config_opt_count;

// A librdkafka property. Arrays of settings end with a NULL name.
struct config_setting {
    const char *name, *value;
};

// Prints what -X list or -X dump asks for and ends the process. Does nothing when neither is given.
void config_show(const struct config_options *options, const struct config_setting *defaults);

// Collects the settings into a new configuration, which the caller owns. Returns NULL with *err set
// on failure: EX_USAGE for a wrong option, EX_CONFIG for a wrong file.
rd_kafka_conf_t *config_new(const struct config_options *options,
                            const struct config_setting *defaults, struct err *err);

#endif
