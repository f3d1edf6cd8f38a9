// SPDX-License-Identifier: BSD-2-Clause
//
// infer: infers a missing device_type from earlier records. It takes the device_type of the last
// record with the same device_id or, if there is none, of the last record with the same user_id.
//
//     struct infer *in = infer_new(1000000, &err);
//     ... for each record with a device_type:    infer_learn(in, value);
//     ... for each record without a device_type: int from = infer_device_type(in, value);
//     infer_free(in);
//
// `value` is an array of a record's values, indexed by enum field. infer_learn() copies what it
// needs.
//
// Memory is bounded. Only the records decide which keys are forgotten, so the same input gives the
// same output. Devices are kept in two generations, and so are users. Each generation has at most
// half of the keys. A key that is learnt or looked up moves to the young generation. When that is
// full, it becomes the old generation, and the keys of the previous old generation are forgotten.
// So at least the more recently used half of the keys is always remembered.
#ifndef LOGIN_INFER_H
#define LOGIN_INFER_H

#include <stddef.h>

#include "base/err.h"
#include "json/json.h"

#define INFER_KEYS_MAX 100000000 // with more keys, the ids of a map (map.h) could run out

// Longer strings are not remembered. Neither are device types after the first INFER_TYPES_MAX.
#define INFER_KEY_LEN_MAX 256
#define INFER_TYPE_LEN_MAX 64
#define INFER_TYPES_MAX 1000

struct infer;

// Makes a memory for up to `keys` devices and as many users. `keys` is from 1 to INFER_KEYS_MAX.
// Returns NULL with *err set if the kernel supplies no random secret for hashing.
struct infer *infer_new(size_t keys, struct err *err);
void infer_free(struct infer *in);

// Learns a record's device_type, which must be a string, for its device and its user. "unknown", in
// upper or lower case, is ignored. If the type cannot be remembered, forgets what is known of the
// device and the user, because that is out of date.
void infer_learn(struct infer *in, const struct json_value *value);

// Infers a device type and stores it in value[FIELD_DEVICE_TYPE]. The string is valid until the
// next call. Returns the field from which the type was inferred: FIELD_DEVICE_ID or FIELD_USER_ID.
// If neither is known, stores nothing and returns -1.
int infer_device_type(struct infer *in, struct json_value *value);

#endif
