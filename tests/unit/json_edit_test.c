// SPDX-License-Identifier: BSD-2-Clause
#include "json/json.h"
#include "json/json_edit.h"
#include "tap.h"

static struct json *json;
static struct json_edit *edit;

static void check_locate(const char *text, const char *wanted)
{
    static const struct json_key key = JSON_KEY("v");
    struct buf b = BUF_INIT;
    size_t start = 0, end = 0;

    buf_puts(&b, text);
    bool found = json_edit_locate(edit, b.data, b.len, &key, &start, &end);
    tap_ok(found == (wanted != NULL), "%s: is it found", text);
    if (found && wanted != NULL)
        tap_text(b.data + start, end - start, wanted, "its text");
    buf_release(&b);
}

static void test_locate(void)
{
    check_locate("{\"v\":1}", "1");
    check_locate("{\"v\" : 1.50e+1 }", "1.50e+1");
    check_locate(" {\t\"v\"\r:\t null\t,\"x\":1}", "null");
    check_locate("{\"v\":\"a\\\"}b\" , \"x\":1}", "\"a\\\"}b\"");
    check_locate("{\"x\":{\"v\":1},\"y\":[{\"v\":2}],\"v\":true}", "true");
    check_locate("{\"v\":1,\"v\":2}", "2");
    check_locate("{\"\\u0076\":3}", "3");
    check_locate("{\"\\ud800\":1,\"v\":\"\\ud800\"}", "\"\\ud800\"");
    check_locate("{\"v\":123456789012345678901234567890}", "123456789012345678901234567890");
    check_locate("{\"v\":1e999,\"x\":1e999}", "1e999");
    check_locate("{}", NULL);
    check_locate("{\"vv\":1,\"\":2}", NULL);
    check_locate("{\"x\":\"v\"}", NULL);
    check_locate("{\"v\":{}}", NULL);
    check_locate("{\"v\":[1]}", NULL);
    check_locate("{\"v\":1,\"v\":[]}", NULL);
    check_locate("{\"v\":[],\"v\":1}", "1");
}

static void check_set(const char *text, const char *value, const char *wanted)
{
    static const struct json_key key = JSON_KEY("v");
    struct buf b = BUF_INIT, out = BUF_INIT;

    buf_puts(&b, text);
    json_edit_set_string(edit, &out, b.data, b.len, &key, value, strlen(value));
    tap_text(out.data, out.len, wanted, text);
    tap_ok(json_parse(json, out.data, out.len) == 0, "the result is JSON");
    buf_release(&b);
    buf_release(&out);
}

static void test_set(void)
{
    check_set("{}", "x", "{\"v\":\"x\"}");
    check_set(" { \t} ", "x", " {\"v\":\"x\" \t} ");
    check_set("{\"a\":1}", "x", "{\"a\":1,\"v\":\"x\"}");
    check_set("{\"a\":1 }\r", "x", "{\"a\":1,\"v\":\"x\" }\r");
    check_set("{\"a\":{}}", "x", "{\"a\":{},\"v\":\"x\"}");
    check_set("{\"a\":\"}\"}", "x", "{\"a\":\"}\",\"v\":\"x\"}");
    check_set("{\"v\":null,\"a\":1}", "x", "{\"v\":\"x\",\"a\":1}");
    check_set("{\"v\" : 1 }", "x", "{\"v\" : \"x\" }");
    check_set("{\"v\":1,\"v\":2}", "x", "{\"v\":1,\"v\":\"x\"}");
    check_set("{\"v\":\"\\ud800\"}", "x", "{\"v\":\"x\"}");
    check_set("{\"v\":[1,2]}", "x", "{\"v\":[1,2],\"v\":\"x\"}");
    check_set("{\"a\":1}", "\"\\\n\x01\xc3\xa9", "{\"a\":1,\"v\":\"\\\"\\\\\\n\\u0001\xc3\xa9\"}");
    check_set("{\"a\":1}", "", "{\"a\":1,\"v\":\"\"}");
}

int main(void)
{
    json = json_new();
    edit = json_edit_new();
    test_locate();
    test_set();
    json_edit_free(edit);
    json_free(json);
    return tap_done();
}
