// SPDX-License-Identifier: BSD-2-Clause
//
// infer: the device type that a record lacks, from what earlier records showed: the last one of the
// same device_id, or else the last one of the same user_id.
//
//     struct infer *in = infer_new(1000000, &err);
//     ... for each record that has a device_type: infer_learn(in, value);
//     ... for one that has none:                  int from = infer_device_type(in, value);
//     infer_free(in);
//
// `value` are a record's fields as enum field numbers them. What is learnt is copied.
//
// Memory is bounded, and what is forgotten depends on nothing but the records. Devices and users
// are each kept in two generations. A key that is learnt, or found, goes to the young one. When the
// young one is full (half of the keys) it takes the place of the old one, which is forgotten. So at
// least that half of the keys is remembered which was used last, and never more than all.
#ifndef LOGIN_INFER_H
#define LOGIN_INFER_H

#include <stddef.h>

#include "base/err.h"
#include "json/json.h"

#define INFER_KEYS_MAX 100000000 // devices; beyond, the ids of a map (map.h) could run out

// Longer texts are not remembered, nor are device types after the first INFER_TYPES_MAX.
#define INFER_KEY_LEN_MAX 256
#define INFER_TYPE_LEN_MAX 64
#define INFER_TYPES_MAX 1000

struct infer;

// Remembers at most so many devices, and as many users; 1 to INFER_KEYS_MAX. NULL with *err set
// when the kernel gives no secret for hashing.
struct infer *infer_new(size_t keys, struct err *err);
void infer_free(struct infer *in);

// Takes note of the record's device_type, a string. "unknown", in any case, says nothing and is
// passed over. A type that cannot be remembered makes the device and the user forgotten: what they
// showed before is no longer what they showed last.
void infer_learn(struct infer *in, const struct json_value *value);

// Sets value[FIELD_DEVICE_TYPE] to the type, which is good until the next call. Returns the field
// that told it, FIELD_DEVICE_ID or FIELD_USER_ID, or -1 with nothing set when neither is known.
int infer_device_type(struct infer *in, struct json_value *value);

#endif
