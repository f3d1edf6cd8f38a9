// SPDX-License-Identifier: BSD-2-Clause
//
// target: the schema by which keys or values are written.
//
//     struct target target = {0};
//     if (target_find(&target, &wanted, registry, &err) == 0)
//         use(target.id, target.avro);
//     target_release(&target);
#ifndef SCHEMA_TARGET_H
#define SCHEMA_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "schema/avro_schema.h"
#include "schema/codec_options.h"
#include "schema/registry.h"

struct target {
    int32_t id;
    struct avro_schema *avro; // NULL for CODEC_JSON
};

// What the options say about a schema.
struct target_wanted {
    enum codec_format format;
    const struct codec_target_options *options;
    const char *subject;
    bool add; // register the schema of a file if the subject does not have it
};

// Finds the schema that is wanted: by its id, as the contents of a file, or else the latest one of
// the subject. Returns 0, or -1 with *err set: EX_UNAVAILABLE if there is no such schema, EX_CONFIG
// if it cannot be used, or as registry.h says. Release the target in both cases.
int target_find(struct target *target, const struct target_wanted *wanted,
                struct registry *registry, struct err *err);
void target_release(struct target *target);

#endif
