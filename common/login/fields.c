// SPDX-License-Identifier: BSD-2-Clause
#include "login/fields.h"

#include <arpa/inet.h>
#include <string.h>

const struct json_key field_keys[FIELD_COUNT] = {
    [FIELD_USER_ID] = JSON_KEY("user_id"),         [FIELD_APP_VERSION] = JSON_KEY("app_version"),
    [FIELD_DEVICE_TYPE] = JSON_KEY("device_type"), [FIELD_IP] = JSON_KEY("ip"),
    [FIELD_LOCALE] = JSON_KEY("locale"),           [FIELD_DEVICE_ID] = JSON_KEY("device_id"),
    [FIELD_TIMESTAMP] = JSON_KEY("timestamp"),
};

bool field_ip_valid(const char *text, size_t len)
{
    char terminated[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];

    if (len >= sizeof terminated || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    return inet_pton(memchr(text, ':', len) == NULL ? AF_INET : AF_INET6, terminated, address) == 1;
}
