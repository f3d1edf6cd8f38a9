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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Returns whether the text is an IPv4 address: four numbers up to 255 without leading zeros, with
// dots between them. inet_pton(3) says the same, in four times the time.
static bool is_ipv4(const char *text, size_t len)
{
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        size_t start = at + (part > 0);
        unsigned number = 0;
        if (part > 0 && (at == len || text[at] != '.'))
            return false;
        for (at = start; at < len && at - start < 3 && is_digit(text[at]); at++)
            number = 10 * number + (unsigned)(text[at] - '0');
        if (at == start || number > 255 || (at - start > 1 && text[start] == '0'))
            return false;
    }
    return at == len;
}

bool field_ip_valid(const char *text, size_t len)
{
    char terminated[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];

    if (is_ipv4(text, len))
        return true;
    if (len >= sizeof terminated || memchr(text, ':', len) == NULL ||
        memchr(text, '\0', len) != NULL)
        return false;
    memcpy(terminated, text, len);
    terminated[len] = '\0';
    return inet_pton(AF_INET6, terminated, address) == 1;
}
