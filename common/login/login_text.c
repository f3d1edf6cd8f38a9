// SPDX-License-Identifier: BSD-2-Clause
#include "login/login_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/datetime.h"
#include "login/random.h"
#include "stream/reject.h"

#define RECORD_MAX 512 // bytes; no record is longer

#define PICK(bits, array) ((array)[random_below(bits, sizeof(array) / sizeof *(array))])

// The orders in which producers write the fields: the order of a public data generator, one of real
// records, and one of a log shipper that puts the time first.
static const unsigned char orders[][FIELD_COUNT] = {
    {FIELD_USER_ID, FIELD_APP_VERSION, FIELD_DEVICE_TYPE, FIELD_IP, FIELD_LOCALE, FIELD_DEVICE_ID,
     FIELD_TIMESTAMP},
    {FIELD_USER_ID, FIELD_APP_VERSION, FIELD_IP, FIELD_LOCALE, FIELD_DEVICE_ID, FIELD_TIMESTAMP,
     FIELD_DEVICE_TYPE},
    {FIELD_TIMESTAMP, FIELD_USER_ID, FIELD_DEVICE_ID, FIELD_DEVICE_TYPE, FIELD_APP_VERSION,
     FIELD_IP, FIELD_LOCALE},
};

const char *const login_text_fault_reason[LOGIN_TEXT_FAULT_COUNT] = {
    [LOGIN_TEXT_MISSING_FIELD] = REJECT_MISSING_FIELD,
    [LOGIN_TEXT_WRONG_TYPE] = REJECT_WRONG_TYPE,
    [LOGIN_TEXT_EMPTY] = REJECT_EMPTY,
    [LOGIN_TEXT_BAD_IP] = REJECT_BAD_IP,
    [LOGIN_TEXT_BAD_TIMESTAMP] = REJECT_BAD_TIMESTAMP,
    [LOGIN_TEXT_NOT_JSON] = REJECT_NOT_JSON,
    [LOGIN_TEXT_NOT_OBJECT] = REJECT_NOT_OBJECT,
};

// The text before the value of each field, and its length without the space.
static const struct key {
    char data[24];
    size_t len;
} keys[FIELD_COUNT] = {
    [FIELD_USER_ID] = {"\"user_id\": ", 10},
    [FIELD_APP_VERSION] = {"\"app_version\": ", 14},
    [FIELD_DEVICE_TYPE] = {"\"device_type\": ", 14},
    [FIELD_IP] = {"\"ip\": ", 5},
    [FIELD_LOCALE] = {"\"locale\": ", 9},
    [FIELD_DEVICE_ID] = {"\"device_id\": ", 12},
    [FIELD_TIMESTAMP] = {"\"timestamp\": ", 12},
};

static const unsigned char required[] = {FIELD_USER_ID, FIELD_APP_VERSION, FIELD_IP,
                                         FIELD_LOCALE,  FIELD_DEVICE_ID,   FIELD_TIMESTAMP};

static const char *const wrong_types[] = {"null", "true", "[\"x\"]", "{\"x\":1}"};

static const char *const bad_ips[] = {"\"999.10.1.2\"", "\"10.0.0\"",     "\"localhost\"",
                                      "\"10.0.0.1:8\"", "\"fe80::1::2\"", "\"10.0.0.256\""};

static const char *const bad_times[] = {"\"soon\"",        "-1",
                                        "253402300800", // the year 10000
                                        "1694479551.5",    "\"2023-02-29T00:45:51Z\"",
                                        "\"1694479551 \"", "12"};

static const char *const not_json[] = {"ERROR connection reset by peer", "user_id=42 login ok",
                                       "{'user_id': 'python'}", "{\"user_id\":}"};

static const char *const not_objects[] = {"[1694479551,\"login\"]", "\"login\"", "42", "null",
                                          "true"};

static const uint64_t powers_of_ten[] = {1, 10, 100, 1000, 10000};

static void put(struct login_text_value *t, const char *data, size_t len)
{
    memcpy(t->data + t->len, data, len);
    t->len += len;
}

static void put_char(struct login_text_value *t, char c)
{
    t->data[t->len++] = c;
}

static void put_hex(struct login_text_value *t, uint64_t n, unsigned digits)
{
    static const char hex[] = "0123456789abcdef";

    for (unsigned i = digits; i-- > 0;)
        put_char(t, hex[n >> (4 * i) & 15]);
}

// Appends the number in decimal, with leading zeros if it has fewer than `digits` digits.
static void put_number(struct login_text_value *t, uint64_t n, unsigned digits)
{
    for (uint64_t rest = n / powers_of_ten[digits]; rest > 0; rest /= 10)
        digits++;
    t->len += digits;
    for (unsigned i = 1; i <= digits; i++, n /= 10)
        t->data[t->len - i] = (char)('0' + n % 10);
}

static void set_raw(struct login_text *l, enum field field, const char *text)
{
    l->field[field].len = 0;
    put(&l->field[field], text, strlen(text));
}

void login_text_set_string(struct login_text *l, enum field field, const char *text)
{
    set_raw(l, field, "\"");
    put(&l->field[field], text, strlen(text));
    put_char(&l->field[field], '"');
}

void login_text_set_uuid(struct login_text *l, enum field field, uint64_t bits)
{
    struct login_text_value *t = &l->field[field];
    uint64_t more = random_mix(bits + RANDOM_STEP);

    set_raw(l, field, "\"");
    put_hex(t, bits >> 32, 8);
    put_char(t, '-');
    put_hex(t, bits >> 16, 4);
    put_char(t, '-');
    put_hex(t, 0x4000 | (bits & 0xfff), 4);
    put_char(t, '-');
    put_hex(t, 0x8000 | (more >> 48 & 0x3fff), 4);
    put_char(t, '-');
    put_hex(t, more, 12);
    put_char(t, '"');
}

void login_text_set_serial(struct login_text *l, enum field field, uint64_t bits)
{
    struct login_text_value *t = &l->field[field];

    set_raw(l, field, "\"");
    put_number(t, random_below(bits, 1000), 3);
    put_char(t, '-');
    put_number(t, random_below(bits << 16, 100), 2);
    put_char(t, '-');
    put_number(t, random_below(bits << 32, 10000), 4);
    put_char(t, '"');
}

void login_text_set_ip(struct login_text *l, uint64_t bits)
{
    struct login_text_value *t = &l->field[FIELD_IP];

    set_raw(l, FIELD_IP, "\"");
    if (random_below(bits << 32, 10) == 0) {
        put(t, "2001:db8:", 9); // reserved for documentation, RFC 3849
        put_hex(t, 0x1000 | (bits >> 52), 4);
        put_char(t, ':');
        put_hex(t, 0x1000 | (bits >> 40 & 0xfff), 4);
        put(t, "::", 2);
        put_hex(t, 0x10 | (bits >> 32 & 0xff), 2);
    } else {
        put_number(t, 11 + random_below(bits, 116), 1); // 11 to 126: no private or loopback net
        put_char(t, '.');
        put_number(t, bits >> 48 & 255, 1);
        put_char(t, '.');
        put_number(t, bits >> 40 & 255, 1);
        put_char(t, '.');
        put_number(t, 1 + (bits >> 32 & 127), 1);
    }
    put_char(t, '"');
}

void login_text_set_time(struct login_text *l, int64_t ms, bool quoted)
{
    struct login_text_value *t = &l->field[FIELD_TIMESTAMP];

    set_raw(l, FIELD_TIMESTAMP, quoted ? "\"" : "");
    put_number(t, (uint64_t)(ms / MS_SECOND), 1);
    if (quoted)
        put_char(t, '"');
}

void login_text_format(const struct login_text *l, uint64_t bits, struct buf *b)
{
    const unsigned char *order = PICK(bits, orders);
    size_t space = bits & 1; // a space behind : and , as Python's json.dumps() writes

    buf_reserve(b, RECORD_MAX);
    char *at = b->data + b->len;
    *at++ = '{';
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct key *key = &keys[order[i]];
        const struct login_text_value *t = &l->field[order[i]];
        if (t->len == 0)
            continue;
        memcpy(at, key->data, sizeof key->data); // fixed size is faster; the excess is overwritten
        at += key->len + space;
        memcpy(at, t->data, t->len);
        at += t->len;
        memcpy(at, ", ", 2);
        at += 1 + space;
    }
    at -= 1 + space; // drop the last comma; a record has at least one field
    *at++ = '}';
    b->len = (size_t)(at - b->data);
}

static void format_not_json(struct login_text *l, uint64_t bits, uint64_t fault_bits, struct buf *b)
{
    size_t start = b->len;

    switch (fault_bits % 3) {
    case 0:
        buf_puts(b, PICK(fault_bits, not_json));
        return;
    case 1: // cut short, as if the writer had died
        login_text_format(l, bits, b);
        b->len = start + 1 + random_below(fault_bits, b->len - start - 1);
        return;
    default: // not UTF-8
        login_text_set_string(l, FIELD_LOCALE, "\xc3(");
        login_text_format(l, bits, b);
    }
}

void login_text_format_faulty(struct login_text *l, uint64_t bits, enum login_text_fault fault,
                              uint64_t fault_bits, struct buf *b)
{
    enum field field = PICK(fault_bits, required);
    uint64_t how = fault_bits << 32;

    switch (fault) {
    case LOGIN_TEXT_NOT_JSON:
        format_not_json(l, bits, fault_bits, b);
        return;
    case LOGIN_TEXT_NOT_OBJECT:
        buf_puts(b, PICK(how, not_objects));
        return;
    case LOGIN_TEXT_WRONG_TYPE:
        set_raw(l, field, PICK(how, wrong_types));
        break;
    case LOGIN_TEXT_EMPTY:
        set_raw(l, field, "\"\"");
        break;
    case LOGIN_TEXT_BAD_IP:
        set_raw(l, FIELD_IP, PICK(how, bad_ips));
        break;
    case LOGIN_TEXT_BAD_TIMESTAMP:
        set_raw(l, FIELD_TIMESTAMP, PICK(how, bad_times));
        break;
    case LOGIN_TEXT_MISSING_FIELD:
    case LOGIN_TEXT_FAULT_COUNT:
        l->field[field].len = 0;
        break;
    }
    login_text_format(l, bits, b);
}
