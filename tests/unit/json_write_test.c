// SPDX-License-Identifier: BSD-2-Clause
#include <float.h>
#include <stdlib.h>

#include "json/json.h"
#include "json/json_write.h"
#include "tap.h"

static struct json *json;

static bool is_json(const struct buf *b)
{
    return json_parse(json, b->data, b->len) == 0;
}

static void test_put_string(void)
{
    struct buf b = BUF_INIT;
    bool same = true;

    for (int c = 0; c < 128; c++) {
        char text[3] = {'a', (char)c, 'z'};
        buf_clear(&b);
        json_put_string(&b, text, 3);
        same = same && is_json(&b);
        struct json_value value = json_root(json);
        same = same && value.string.len == 3 && memcmp(value.string.data, text, 3) == 0;
    }
    tap_ok(same, "all of ASCII is read back as it was");
    buf_clear(&b);
    json_put_string(&b, "", 0);
    tap_text(b.data, b.len, "\"\"", "the empty string");
    buf_clear(&b);
    json_put_string(&b, "\"\\\n\r\t\x01\x7f/\xc3\xa9", 10);
    tap_text(b.data, b.len, "\"\\\"\\\\\\n\\r\\t\\u0001\\u007f/\xc3\xa9\"", "the escapes");
    buf_release(&b);
}

static void check_put_double(double number, const char *wanted)
{
    struct buf b = BUF_INIT;

    json_put_double(&b, number);
    tap_text(b.data, b.len, wanted, wanted);
    tap_ok(is_json(&b), "the text is JSON");
    buf_putc(&b, '\0');
    double back = strtod(b.data, NULL);
    tap_ok(memcmp(&back, &number, sizeof back) == 0, "the text is read back as the same double");
    buf_release(&b);
}

static void test_put_double(void)
{
    check_put_double(0.1, "0.1");
    check_put_double(1.5, "1.5");
    check_put_double(100, "100");
    check_put_double(1e21, "1e+21");
    check_put_double(1e-7, "1e-07");
    check_put_double(0.30000000000000004, "0.30000000000000004");
    check_put_double(DBL_MAX, "1.7976931348623157e+308");
    check_put_double(5e-324, "5e-324");
    check_put_double(-0.0, "-0");
}

static void test_members(void)
{
    static const struct json_key key = JSON_KEY("a\"b");
    struct buf b = BUF_INIT;

    buf_puts(&b, "{");
    json_put_member_text(&b, "text", "x\ny");
    json_put_member_string(&b, "string", "a\0{", 3);
    json_put_member_u64(&b, "u64", UINT64_MAX);
    json_put_member_i64(&b, "i64", INT64_MIN);
    json_put_member_bool(&b, "true", true);
    json_put_member_bool(&b, "false", false);
    json_put_member_time(&b, "time", INT64_C(1694479551007));
    json_put_key(&b, &key);
    buf_puts(&b, "1}");
    tap_text(b.data, b.len,
             "{\"text\":\"x\\ny\",\"string\":\"a\\u0000{\",\"u64\":18446744073709551615,"
             "\"i64\":-9223372036854775808,\"true\":true,\"false\":false,"
             "\"time\":\"2023-09-12T00:45:51.007Z\",\"a\\\"b\":1}",
             "members of each kind");
    tap_ok(is_json(&b), "make an object");
    buf_release(&b);
}

static void test_commas(void)
{
    struct buf b = BUF_INIT;

    json_put_comma(&b);
    tap_int((int64_t)b.len, 0, "no comma comes first");
    buf_puts(&b, "{");
    json_put_name(&b, "list");
    buf_puts(&b, "[");
    for (int i = 0; i < 3; i++) {
        json_put_comma(&b);
        buf_puts(&b, "{");
        json_put_member_text(&b, "opens", "[");
        json_put_member_text(&b, "", "{");
        buf_puts(&b, "}");
    }
    buf_puts(&b, "]");
    json_put_name(&b, "empty");
    buf_puts(&b, "[]");
    json_put_member_u64(&b, "last", 0);
    buf_puts(&b, "}");
    tap_text(b.data, b.len,
             "{\"list\":[{\"opens\":\"[\",\"\":\"{\"},{\"opens\":\"[\",\"\":\"{\"},"
             "{\"opens\":\"[\",\"\":\"{\"}],\"empty\":[],\"last\":0}",
             "commas between members and elements only, whatever brackets the strings hold");
    buf_release(&b);
}

int main(void)
{
    json = json_new();
    test_put_string();
    test_put_double();
    test_members();
    test_commas();
    json_free(json);
    return tap_done();
}
