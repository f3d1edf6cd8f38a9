// SPDX-License-Identifier: BSD-2-Clause
//
// avro_schema: an Avro schema as a graph of types (Avro 1.12 specification, "Schema Declaration").
//
// A schema may use types that other schemas define. Parse those first, with the same avro_schema:
// the text that is parsed last is the root.
//
//     struct avro_schema *schema = avro_schema_new();
//     if (avro_schema_parse(schema, text, len, &err) == 0)
//         use(avro_schema_root(schema));
//     avro_schema_free(schema);
//
// The graph has circles if a type contains itself. Logical types that are unknown or malformed are
// ignored, as the specification demands.
#ifndef SCHEMA_AVRO_SCHEMA_H
#define SCHEMA_AVRO_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

enum avro_type {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_FIXED,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_RECORD,
    AVRO_UNION,
};

enum avro_logical {
    AVRO_PLAIN, // no logical type
    AVRO_DECIMAL,
    AVRO_UUID,
    AVRO_DATE,
    AVRO_TIME_MILLIS,
    AVRO_TIME_MICROS,
    AVRO_TIMESTAMP_MILLIS,
    AVRO_TIMESTAMP_MICROS,
    AVRO_TIMESTAMP_NANOS,
    AVRO_LOCAL_MILLIS, // local-timestamp-*
    AVRO_LOCAL_MICROS,
    AVRO_LOCAL_NANOS,
    AVRO_DURATION,
};

// A name as bytes, and as it stands in JSON: quoted and escaped.
struct avro_name {
    char *text;
    size_t len;
    struct buf quoted;
};

struct avro_node;

struct avro_field {
    struct avro_name name;
    const struct avro_node *node;
    struct json_value value; // the default; JSON_ABSENT if there is none
};

struct avro_node {
    enum avro_type type;
    enum avro_logical logical;
    struct avro_name name; // the full name of a named type, or the name of its type
    size_t size;           // bytes of a fixed
    unsigned precision, scale;
    size_t count;                   // of fields, symbols or branches
    struct avro_field *field;       // of a record
    struct avro_name *symbol;       // of an enum
    const struct avro_node **inner; // branches of a union; the items of an array or map at 0
};

struct avro_schema;

struct avro_schema *avro_schema_new(void);
void avro_schema_free(struct avro_schema *schema);

// Adds the types of a text, which is JSON. Returns 0, or -1 with EX_CONFIG and what is wrong. The
// schema can then only be freed.
int avro_schema_parse(struct avro_schema *schema, const char *text, size_t len, struct err *err);

// Returns the type that was parsed last.
const struct avro_node *avro_schema_root(const struct avro_schema *schema);

#endif
