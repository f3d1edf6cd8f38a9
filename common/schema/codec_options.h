// SPDX-License-Identifier: BSD-2-Clause
//
// codec_options: how keys and values are read or written with a Schema Registry: the options -s, -r
// and their kin.
//
//     struct codec_options options = CODEC_OPTIONS_INIT; // set by codec_write_opts
//     codec_settings_apply(config, &options);            // kafka/codec_settings.h: the rest
//     if (codec_options_check(&options, &err) != 0)
//         opt_usage_error("%s", err.text);
#ifndef SCHEMA_CODEC_OPTIONS_H
#define SCHEMA_CODEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"
#include "schema/registry.h"

enum codec_format {
    CODEC_PLAIN, // bytes, as without a registry
    CODEC_AVRO,
    CODEC_JSON, // with the header of a JSON Schema
};

// Which schema a writer uses.
struct codec_target_options {
    const char *file;    // with the schema; or else:
    uint64_t id;         // 0 for the latest one of the subject
    const char *subject; // NULL for TOPIC-key or TOPIC-value
};

struct codec_options {
    enum codec_format key, value;
    const char *url; // -r
    bool tagged;     // unions
    bool add;        // register schemas
    struct codec_target_options key_target, value_target;
    struct registry_settings registry; // not options: made of -r and of the settings
};

#define CODEC_OPTIONS_INIT                                                                         \
    {                                                                                              \
        .registry = {.wait = 30000 }                                                               \
    }

// The option table of a writer. That of a reader is in kafka/decoder.h.
extern const struct opt codec_write_opts[];
extern const size_t codec_write_opt_count;

// Returns whether it is the name of a registry's format, even if that is not supported.
bool codec_format_is_name(const char *name);

// Read the name of a format, and of a way to write unions. Return 0, or -1 with EX_USAGE.
int codec_format_parse(const char *name, enum codec_format *format, struct err *err);
int codec_unions_parse(const char *name, bool *tagged, struct err *err);

// Returns whether keys or values need a registry.
bool codec_options_wanted(const struct codec_options *options);

// Checks the options against each other. Returns 0, or -1 with EX_USAGE.
int codec_options_check(const struct codec_options *options, struct err *err);

#endif
