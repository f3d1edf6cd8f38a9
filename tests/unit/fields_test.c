// SPDX-License-Identifier: BSD-2-Clause
#include "login/fields.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "tap.h"

static int field_by_name(const char *name, size_t len)
{
    return (int)json_key_find(field_keys, FIELD_COUNT, name, len);
}

static void test_names(void)
{
    bool all = true;

    for (int i = 0; i < FIELD_COUNT; i++)
        all = all && field_by_name(field_keys[i].name, field_keys[i].len) == i;
    tap_ok(all, "each field is found by its name");
    tap_int(field_by_name("user_id ", 7), FIELD_USER_ID, "the length of the text counts");
    tap_int(field_by_name("user_i", 6), FIELD_COUNT, "part of a name is not a field");
    tap_int(field_by_name("", 0), FIELD_COUNT, "an empty name is not a field");
}

static void test_ip(void)
{
    tap_ok(field_ip_valid("192.0.2.1", 9), "an IPv4 address");
    tap_ok(field_ip_valid("192.0.2.12", 9), "the length of the text counts");
    tap_ok(field_ip_valid("2001:db8::1", 11), "an IPv6 address");
    tap_ok(field_ip_valid("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 45),
           "the longest address");
    tap_ok(!field_ip_valid("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", 46),
           "an address that is too long is refused");
    tap_ok(!field_ip_valid("", 0), "an empty text is refused");
    tap_ok(!field_ip_valid("192.0.2.1\0", 10), "an address with a NUL byte is refused");
    tap_ok(!field_ip_valid("192.0.2.1 ", 10), "an address with a space is refused");
}

// Texts made of the characters of addresses, near the limits of each number.
static void test_ip_like_the_library(void)
{
    static const char *const part[] = {"0",    "1",   "9",   "10",  "99",  "100", "199",
                                       "249",  "250", "255", "256", "260", "300", "999",
                                       "1000", "00",  "01",  "001", "",    " 1",  "1 ",
                                       "a",    "-1",  "+1",  "0x1", "1.1", "1."};
    const size_t count = sizeof part / sizeof *part;
    size_t differ = 0, valid = 0;
    char text[64];

    for (size_t i = 0; i < count * count * count * count; i++) {
        struct in_addr address;
        int len =
            snprintf(text, sizeof text, "%s.%s.%s.%s", part[i % count], part[i / count % count],
                     part[i / count / count % count], part[i / count / count / count]);
        bool expected = inet_pton(AF_INET, text, &address) == 1;
        differ += field_ip_valid(text, (size_t)len) != expected;
        valid += expected;
    }
    tap_int((int)differ, 0, "an IPv4 address is what inet_pton(3) says");
    tap_int((int)valid, 10 * 10 * 10 * 10, "... where there are some");
    tap_ok(!field_ip_valid("1.2.3", 5) && !field_ip_valid("1.2.3.4.5", 9) &&
               !field_ip_valid("1.2.3.", 6) && !field_ip_valid(".1.2.3", 6),
           "an IPv4 address has four numbers");
    tap_ok(field_ip_valid("1.2.3.45", 7), "the length of an IPv4 address counts");
}

int main(void)
{
    test_names();
    test_ip();
    test_ip_like_the_library();
    return tap_done();
}
