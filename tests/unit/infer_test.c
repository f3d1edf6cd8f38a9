// SPDX-License-Identifier: BSD-2-Clause
#include "login/infer.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "login/fields.h"
#include "tap.h"

static struct json_value text(const char *data)
{
    if (data == NULL)
        return (struct json_value){.type = JSON_ABSENT};
    return (struct json_value){.type = JSON_STRING, .string = {data, strlen(data)}};
}

static struct infer *start(size_t keys)
{
    struct err err;
    struct infer *in = infer_new(keys, &err);

    if (in == NULL)
        err_die(&err);
    return in;
}

static void learn(struct infer *in, const char *device, const char *user, const char *type)
{
    struct json_value value[FIELD_COUNT] = {[FIELD_DEVICE_ID] = text(device),
                                            [FIELD_USER_ID] = text(user),
                                            [FIELD_DEVICE_TYPE] = text(type)};

    infer_learn(in, value);
}

// Returns whether the type is inferred from that field. NULL and -1 mean that no type is inferred.
static bool finds(struct infer *in, const char *device, const char *user, const char *type,
                  int from)
{
    struct json_value value[FIELD_COUNT] = {[FIELD_DEVICE_ID] = text(device),
                                            [FIELD_USER_ID] = text(user),
                                            [FIELD_DEVICE_TYPE] = text(NULL)};
    const struct json_value *got = &value[FIELD_DEVICE_TYPE];

    if (infer_device_type(in, value) != from)
        return false;
    if (type == NULL)
        return got->type == JSON_ABSENT;
    return got->type == JSON_STRING && got->string.len == strlen(type) &&
           memcmp(got->string.data, type, got->string.len) == 0;
}

static bool knows_device(struct infer *in, const char *device, const char *type)
{
    return finds(in, device, NULL, type, type == NULL ? -1 : FIELD_DEVICE_ID);
}

static void test_sources(void)
{
    struct infer *in = start(1000);

    tap_ok(finds(in, "d", "u", NULL, -1), "at first nothing is known");
    learn(in, "d", "u", "iOS");
    tap_ok(finds(in, "d", "other", "iOS", FIELD_DEVICE_ID), "the device is known");
    tap_ok(finds(in, "other", "u", "iOS", FIELD_USER_ID), "the user is known");
    learn(in, "d2", "u", "web");
    tap_ok(finds(in, "d", "u", "iOS", FIELD_DEVICE_ID),
           "the device takes precedence over the user");
    tap_ok(finds(in, "other", "u", "web", FIELD_USER_ID), "the last type of a user counts");
    learn(in, "d", NULL, "android");
    tap_ok(knows_device(in, "d", "android"), "the last type of a device counts");
    tap_ok(finds(in, NULL, "u", "web", FIELD_USER_ID) && finds(in, NULL, NULL, NULL, -1),
           "a record may lack its device or user");
    tap_ok(finds(in, "u", "d", NULL, -1), "users and devices are kept apart");
    infer_free(in);
    infer_free(NULL);
}

static void test_unknown(void)
{
    struct infer *in = start(1000);

    learn(in, "d", "u", "unknown");
    tap_ok(finds(in, "d", "u", NULL, -1), "unknown is not learnt");
    learn(in, "d", "u", "web");
    learn(in, "d", "u", "Unknown");
    tap_ok(finds(in, "d", "u", "web", FIELD_DEVICE_ID), "unknown does not erase what is known");
    learn(in, "d", "u", "unknown2");
    tap_ok(finds(in, "d", "u", "unknown2", FIELD_DEVICE_ID),
           "a type that only begins with unknown is learnt");
    infer_free(in);
}

static void test_odd_values(void)
{
    struct infer *in = start(1000);
    struct json_value value[FIELD_COUNT] = {
        [FIELD_DEVICE_ID] = {.type = JSON_INT, .integer = 7},
        [FIELD_USER_ID] = {.type = JSON_STRING, .string = {"a\0b", 3}},
        [FIELD_DEVICE_TYPE] = {.type = JSON_STRING, .string = {"x\0y", 3}}};

    infer_learn(in, value);
    value[FIELD_DEVICE_TYPE] = text(NULL);
    tap_int(infer_device_type(in, value), FIELD_USER_ID,
            "a device_id that is not a string is ignored");
    tap_bytes(value[FIELD_DEVICE_TYPE].string.data, value[FIELD_DEVICE_TYPE].string.len, "x\0y", 3,
              "types may hold NUL");
    tap_ok(finds(in, NULL, "a", NULL, -1), "keys are compared beyond a NUL");
    infer_free(in);
}

static void test_lengths(void)
{
    struct infer *in = start(1000);
    static char key[INFER_KEY_LEN_MAX + 2], type[INFER_TYPE_LEN_MAX + 2];

    memset(key, 'k', sizeof key - 1);
    memset(type, 't', sizeof type - 1);
    learn(in, key, "u", "web");
    tap_ok(finds(in, key, "u", "web", FIELD_USER_ID), "a key that is too long is not remembered");
    key[INFER_KEY_LEN_MAX] = '\0';
    learn(in, key, NULL, "web");
    tap_ok(knows_device(in, key, "web"), "a key of the greatest length is remembered");
    learn(in, "d", "u", "iOS");
    learn(in, "d", "u", type);
    tap_ok(finds(in, "d", "u", NULL, -1), "a type that is too long erases the previous one");
    type[INFER_TYPE_LEN_MAX] = '\0';
    learn(in, "d", "u", type);
    tap_ok(knows_device(in, "d", type), "a type of the greatest length is remembered");
    infer_free(in);
}

static const char *numbered(char *name, const char *prefix, size_t i)
{
    sprintf(name, "%s%zu", prefix, i);
    return name;
}

// Returns whether device number `asked` is known after `learnt` devices have been learnt in order.
// A lookup moves keys, so each call learns them again.
static bool is_remembered(size_t keys, size_t learnt, size_t asked)
{
    struct infer *in = start(keys);
    char name[32];

    for (size_t i = 0; i < learnt; i++)
        learn(in, numbered(name, "d", i), NULL, "web");
    bool known = knows_device(in, numbered(name, "d", asked), "web");
    infer_free(in);
    return known;
}

static void test_types(void)
{
    struct infer *in = start(10000);
    char device[32], type[32];
    bool ok = true;

    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < 3 * INFER_TYPES_MAX; i++)
        learn(in, numbered(device, "d", i), NULL, numbered(type, "t", i));
    for (size_t i = 0; i < 3 * INFER_TYPES_MAX; i++)
        ok = ok && knows_device(in, numbered(device, "d", i),
                                i < INFER_TYPES_MAX ? numbered(type, "t", i) : NULL);
    tap_ok(ok, "types are remembered up to the limit");
    learn(in, "d2999", NULL, "t7");
    tap_ok(knows_device(in, "d2999", "t7"), "known types are still learnt after that");
    learn(in, "d7", NULL, "one more");
    tap_ok(knows_device(in, "d7", NULL), "a type beyond the limit erases the previous one");
    infer_free(in);
}

static void test_bound(void)
{
    static const size_t bounds[] = {1, 2, 3, 10, 51};

    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        size_t n = bounds[i], half = (n + 1) / 2, most = 0;
        bool newest = true;
        for (size_t learnt = 3 * n; learnt < 4 * n; learnt++) {
            size_t known = 0;
            for (size_t asked = 0; asked < learnt; asked++)
                known += is_remembered(n, learnt, asked);
            for (size_t back = 1; back <= half; back++)
                newest = newest && is_remembered(n, learnt, learnt - back);
            most = known > most ? known : most;
        }
        tap_ok(newest, "with a bound of %zu keys, the newer half is remembered", n);
        tap_ok(most <= n && most >= n - (n + 1) % 2,
               "and %zu in all, which is the bound or one less", most);
    }
}

static void test_use(void)
{
    struct infer *in = start(100);
    char name[32];
    bool ok = true;

    learn(in, "asked for", NULL, "iOS");
    learn(in, "seen", NULL, "android");
    learn(in, "neither", NULL, "web");
    for (size_t i = 0; i < 1000; i++) {
        learn(in, numbered(name, "d", i), "u", "web");
        if (i % 40 == 0)
            learn(in, "seen", NULL, i % 80 == 0 ? "iOS" : "android");
        ok = ok && (i % 40 != 0 || knows_device(in, "asked for", "iOS"));
    }
    tap_ok(ok, "a device that is looked up is not forgotten");
    tap_ok(knows_device(in, "seen", "iOS"), "a device that is learnt again is not forgotten");
    tap_ok(knows_device(in, "neither", NULL), "a device that is not used is forgotten");
    tap_ok(finds(in, NULL, "u", "web", FIELD_USER_ID), "users do not take the place of devices");
    infer_free(in);
}

int main(void)
{
    test_sources();
    test_unknown();
    test_odd_values();
    test_lengths();
    test_types();
    test_bound();
    test_use();
    return tap_done();
}
