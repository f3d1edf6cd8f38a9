// SPDX-License-Identifier: BSD-2-Clause
//
// infer: infers a missing device_type from earlier records: from the last record with the same
// device_id or, if there is none, from the last one with the same user_id.
//
//     struct infer *in = infer_new(1000000, &err);
//     ... for each record with a device_type:    infer_learn(in, value);
//     ... for each record without a device_type: int from = infer_device_type(in, value);
//     infer_free(in);
//
// `value` is an array of a record's values, indexed by enum field. What is learnt is copied.
//
// Memory is bounded, and which keys are forgotten depends only on the records, so that the same
// input gives the same output. Devices and users are each kept in two generations of at most half
// of the keys. A key that is learnt or looked up moves to the young generation. When that is full,
// it becomes the old generation, and the keys of the former old generation are forgotten. So at
// least the more recently used half of the keys is always remembered.
#ifndef LOGIN_INFER_H
#define LOGIN_INFER_H

#include <stddef.h>

#include "base/err.h"
#include "json/json.h"

#define INFER_KEYS_MAX 100000000 // with more keys, the ids of a map (map.h) could run out

// Longer strings are not remembered, nor are device types after the first INFER_TYPES_MAX.
#define INFER_KEY_LEN_MAX 256
#define INFER_TYPE_LEN_MAX 64
#define INFER_TYPES_MAX 1000

struct infer;

// Remembers up to `keys` devices and as many users; keys is from 1 to INFER_KEYS_MAX. Returns NULL
// with *err set if the kernel supplies no random secret for hashing.
struct infer *infer_new(size_t keys, struct err *err);
void infer_free(struct infer *in);

// Learns a record's device_type, which must be a string, for its device and its user. "unknown", in
// upper or lower case, is ignored. A type that cannot be remembered erases what is known of the
// device and the user, because it would be out of date.
void infer_learn(struct infer *in, const struct json_value *value);

// Infers a device type and stores it in value[FIELD_DEVICE_TYPE]; the string is valid until the
// next call. Returns the field it was inferred from, FIELD_DEVICE_ID or FIELD_USER_ID, or -1
// without storing anything if neither is known.
int infer_device_type(struct infer *in, struct json_value *value);

#endif
