// SPDX-License-Identifier: BSD-2-Clause
#include "record.h"

#include <arpa/inet.h>
#include <string.h>

#include "datetime.h"

const struct json_key record_keys[RECORD_FIELD_COUNT] = {
    [RECORD_USER_ID] = JSON_KEY("user_id"),         [RECORD_APP_VERSION] = JSON_KEY("app_version"),
    [RECORD_DEVICE_TYPE] = JSON_KEY("device_type"), [RECORD_IP] = JSON_KEY("ip"),
    [RECORD_LOCALE] = JSON_KEY("locale"),           [RECORD_DEVICE_ID] = JSON_KEY("device_id"),
    [RECORD_TIMESTAMP] = JSON_KEY("timestamp"),
};

int record_field_by_name(const char *name, size_t len)
{
    for (int i = 0; i < RECORD_FIELD_COUNT; i++) {
        if (record_keys[i].len == len && memcmp(record_keys[i].name, name, len) == 0)
            return i;
    }
    return -1;
}

bool record_ip_valid(const char *text, size_t len)
{
    char terminated[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];

    if (len >= sizeof terminated || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    return inet_pton(memchr(text, ':', len) == NULL ? AF_INET : AF_INET6, terminated, address) == 1;
}

static bool digits(const char *text, size_t len, int64_t *n)
{
    if (len == 0 || len > 18)
        return false;
    *n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *n = *n * 10 + (text[i] - '0');
    }
    return true;
}

bool record_time(const struct json_value *value, int64_t *ms)
{
    int64_t seconds;

    if (value->type == JSON_INT)
        seconds = value->integer;
    else if (value->type != JSON_STRING || !digits(value->string.data, value->string.len, &seconds))
        return false;
    return !__builtin_mul_overflow(seconds, MS_SECOND, ms);
}
