// SPDX-License-Identifier: BSD-2-Clause
#include "login/fields.h"
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

int main(void)
{
    test_names();
    test_ip();
    return tap_done();
}
