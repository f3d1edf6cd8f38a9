// SPDX-License-Identifier: BSD-2-Clause
//
// config: the settings of a Kafka client, from kcat's options (-b, -X, -F), config files and the
// environment.
//
// These are the sources of settings. A later one overrides an earlier one:
//     1. the tool's own defaults
//     2. the file $KCAT_CONFIG or, if that is not set, ~/.config/kcat.conf; not with -F
//     3. $BOOTSTRAP_SERVERS
//     4. the file of -F
//     5. -X
//     6. -b and -d
//
// No setting is ignored in silence. A setting that a tool does itself, such as group.id, is taken
// by config_take(). A setting that it cannot follow is refused by config_check().
//
// Settings that begin with schema.registry. are those of a Schema Registry, as in kcat. librdkafka
// does not get them; config_value() returns them.
//
// The values of secret settings are never printed. If there is one, the process protects its memory
// (base/secret.h).
//
//     static const struct config_setting defaults[] = {{"linger.ms", "5"}, {NULL, NULL}};
//     struct config_options options = CONFIG_OPTIONS_INIT; // filled through config_opts
//     config_read(&options, RD_KAFKA_PRODUCER, &err);
//     config_check(&options, rules, &err);
//     config_show(&options, defaults);
//     rd_kafka_conf_t *conf = config_new(&options, defaults, &err);
//     ...
//     config_release(&options);
#ifndef KAFKA_CONFIG_H
#define KAFKA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/opt.h"

// A setting that the user has made.
struct config_entry {
    char *name, *value;   // owned; the value is in librdkafka's own form, such as -1 for acks=all
    char *where;          // owned: "-X", "kafka.conf:3"
    bool on_command_line; // or else in a file or in the environment
    bool taken;           // the tool follows it; librdkafka does not get it
};

struct config_options {
    const char *brokers;     // -b; NULL when it is not given
    const char *config_file; // -F
    const char *debug;       // -d
    struct opt_list props;   // -X
    int64_t wait;            // ms: how long a broker or topic may be missing at the start
    bool (*stopping)(void);  // returns whether to stop waiting; may be NULL

    // Private. Set by config_read().
    struct config_entry *entry;
    size_t entry_count;
};

#define CONFIG_OPTIONS_INIT                                                                        \
    {                                                                                              \
        .wait = 30000                                                                              \
    }

extern const struct opt config_opts[];
extern const size_t config_opt_count;

// What kcat-in and kcat-out are linked with, for --version.
extern const struct opt_library config_libraries[];

// A librdkafka property. Arrays of settings end with a NULL name.
struct config_setting {
    const char *name, *value;
};

// A setting of which a tool accepts one value or none. Arrays end with a NULL name.
struct config_rule {
    const char *name;
    const char *only;    // the value that is accepted, in librdkafka's form; NULL for none
    const char *instead; // why, and what to do instead, for the message
    bool harmless;       // does no harm when it is ignored, so that a file may have it
};

// Reads the settings of all sources, for a client of this type. -X list prints librdkafka's list
// and ends the process. Returns 0, or -1 with *err set: EX_USAGE for a wrong option, EX_CONFIG for
// a wrong file.
int config_read(struct config_options *options, rd_kafka_type_t type, struct err *err);
void config_release(struct config_options *options);

// Returns the user's value of a setting in librdkafka's form, or NULL if the user has not set it.
// Aliases of the name count too.
const char *config_value(const struct config_options *options, const char *name);

// The same, and keeps the setting from librdkafka, since the tool follows it.
const char *config_take(struct config_options *options, const char *name);

// Lets a setting be the default of an option of the tool. *value is the option's value, or NULL.
// Returns 0, or -1 with EX_USAGE if -X and the option contradict each other.
int config_default(const struct config_options *options, const char *name, const char *option,
                   const char **value, struct err *err);

// Fails with EX_USAGE for -X, and with EX_CONFIG otherwise: "where: name=value: instead".
int config_refuse(const struct config_options *options, const char *name, const char *instead,
                  struct err *err);

// Returns 0, or -1 as config_refuse() if the user has broken a rule. A harmless setting in a file
// is ignored, with a message for -v.
int config_check(struct config_options *options, const struct config_rule *rules, struct err *err);

// Prints what -X dump asks for and ends the process. Does nothing when it is not given.
void config_show(const struct config_options *options, const struct config_setting *defaults);

// Collects the settings into a new configuration, which the caller owns. Returns NULL with *err set
// on failure: EX_USAGE if there is no broker.
rd_kafka_conf_t *config_new(const struct config_options *options,
                            const struct config_setting *defaults, struct err *err);

#endif
