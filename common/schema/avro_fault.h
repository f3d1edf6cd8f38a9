// SPDX-License-Identifier: BSD-2-Clause
//
// avro_fault: where, and why, a value does not fit its schema.
//
// The path is put together from the inside to the outside, while the functions that walk over the
// value return:
//
//     if (decode(field->node) != 0)
//         return avro_fault_in_field(fault, field->name.text);
#ifndef SCHEMA_AVRO_FAULT_H
#define SCHEMA_AVRO_FAULT_H

#include <stddef.h>

struct avro_fault {
    char path[160]; // such as user.addresses[2].zip; empty for the value itself
    char what[240];
};

// Sets what is wrong, and an empty path. Returns -1.
__attribute__((format(printf, 2, 3))) int avro_fault_set(struct avro_fault *fault, const char *fmt,
                                                         ...);

// Put a step before the path. If there is no room, the beginning of the path becomes "...". Return
// -1.
int avro_fault_in_field(struct avro_fault *fault, const char *name);
int avro_fault_in_item(struct avro_fault *fault, size_t index);

#endif
