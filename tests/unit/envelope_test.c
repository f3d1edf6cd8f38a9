// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "stream/envelope.h"
#include "tap.h"

static struct line line_of(const struct buf *b)
{
    return (struct line){.data = b->data, .len = b->len, .full_len = b->len, .number = 7};
}

// Writes an envelope around a value, and reads it again.
static void check_value(const char *value, size_t len, const char *wanted, const char *title)
{
    struct json *json = json_new();
    struct buf text = BUF_INIT, b = BUF_INIT;
    struct origin origin = ORIGIN_INIT;
    struct envelope env;
    struct line record;
    struct reject why;

    buf_append(&text, value, len);
    buf_reserve(&text, 1);
    origin.partition = 3;
    envelope_put(&b, &origin, text.data, len, json_parse(json, text.data, len) == 0);
    tap_text(b.data, b.len, wanted, title);
    envelope_init(&env);
    const struct line line = line_of(&b);
    if (tap_ok(envelope_read(&env, &line, &record, &why) == 0, "it can be read"))
        tap_ok(record.len == len && memcmp(record.data, text.data, len) == 0 &&
                   !record.origin->tombstone && record.number == 7,
               "its bytes are the same");
    envelope_release(&env);
    buf_release(&text);
    buf_release(&b);
    json_free(json);
}

static void test_values(void)
{
    static const struct {
        const char *value;
        size_t len;
        const char *wanted, *title;
    } cases[] = {
        {"{\"a\": [1,{}] }", 14, "\"value\":{\"a\": [1,{}] }", "an object"},
        {"[]", 2, "\"value\":[]", "an array"},
        {"1e999", 5, "\"value\":1e999", "a number that no double holds"},
        {"\"\\ud800\"", 8, "\"value\":\"\\ud800\"", "a lone surrogate"},
        {"null", 4, "\"value_text\":\"null\"", "the text null"},
        {"", 0, "\"value_text\":\"\"", "no bytes"},
        {" 1", 2, "\"value_text\":\" 1\"", "white space before a value"},
        {"1\t", 2, "\"value_text\":\"1\\t\"", "white space after a value"},
        {"[1,\n2]", 6, "\"value_text\":\"[1,\\n2]\"", "a line break"},
        {"[1,\r2]", 6, "\"value_text\":\"[1,\\r2]\"", "a carriage return"},
        {"a\0b", 3, "\"value_text\":\"a\\u0000b\"", "a NUL byte"},
        {"{\"@mark\":1}", 11, "\"value_text\":\"{\\\"@mark\\\":1}\"", "a member @mark"},
        {"{\"\\u0040m\\u0061rk\":1}", 21, "\"value_text\":\"{\\\"\\\\u0040m\\\\u0061rk\\\":1}\"",
         "a member @mark, escaped"},
        {"\"\\u00e9\"", 8, "\"value\":\"\\u00e9\"", "other escapes"},
        {"\xff", 1, "\"value_b64\":\"/w==\"", "a byte that is not UTF-8"},
        {"{\"a\":\"\xff\"}", 9, "\"value_b64\":\"eyJhIjoi/yJ9\"", "an object that is not UTF-8"},
    };
    char wanted[100];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(wanted, sizeof wanted, "{\"partition\":3,%s}", cases[i].wanted);
        check_value(cases[i].value, cases[i].len, wanted, cases[i].title);
    }
}

// A text that is valid by itself may be nested too deep within an envelope.
static void test_depth(void)
{
    for (size_t depth = JSON_DEPTH_MAX - 2; depth <= JSON_DEPTH_MAX; depth++) {
        struct buf value = BUF_INIT, wanted = BUF_INIT;
        for (size_t i = 0; i < depth; i++)
            buf_putc(&value, '[');
        buf_puts(&value, "\"]\\\\\"");
        for (size_t i = 0; i < depth; i++)
            buf_putc(&value, ']');
        buf_puts(&wanted, "{\"partition\":3,\"value");
        if (depth == JSON_DEPTH_MAX) {
            buf_puts(&wanted, "_text\":\"");
            for (size_t i = 0; i < value.len; i++) {
                if (value.data[i] == '"' || value.data[i] == '\\')
                    buf_putc(&wanted, '\\');
                buf_putc(&wanted, value.data[i]);
            }
            buf_puts(&wanted, "\"}");
        } else {
            buf_puts(&wanted, "\":");
            buf_append(&wanted, value.data, value.len);
            buf_putc(&wanted, '}');
        }
        buf_putc(&wanted, '\0');
        check_value(value.data, value.len, wanted.data, "a value that is nested deep");
        buf_release(&value);
        buf_release(&wanted);
    }
}

static void test_origin(void)
{
    static const struct origin_header headers[] = {
        {"a", 1, "1", 1}, {"a", 1, NULL, 0}, {"\xfe", 1, "\xff", 1}, {"", 0, "", 0}};
    struct origin origin = {.topic = "t",
                            .topic_len = 1,
                            .partition = 0,
                            .offset = INT64_MAX,
                            .known = true,
                            .time_type = ORIGIN_APPENDED,
                            .ts = -5,
                            .key = "\xff",
                            .key_len = 1,
                            .tombstone = true,
                            .header = headers,
                            .header_count = 4};
    struct buf b = BUF_INIT, again = BUF_INIT;
    struct envelope env;
    struct line record;
    struct reject why;

    envelope_put(&b, &origin, "null", 4, true);
    tap_text(
        b.data, b.len,
        "{\"topic\":\"t\",\"partition\":0,\"offset\":9223372036854775807,\"ts\":-5,"
        "\"tstype\":\"logappend\",\"key_b64\":\"/w==\",\"headers\":[[\"a\",\"1\"],[\"a\",null],"
        "[{\"b64\":\"/g==\"},{\"b64\":\"/w==\"}],[\"\",\"\"]],\"value\":null}",
        "all that a message has");
    envelope_init(&env);
    const struct line line = line_of(&b);
    if (tap_ok(envelope_read(&env, &line, &record, &why) == 0, "it can be read")) {
        tap_ok(record.origin->tombstone, "a tombstone is one");
        tap_text(record.data, record.len, "null", "its line is the text null");
        envelope_put(&again, record.origin, record.data, record.len, true);
        buf_putc(&b, '\0');
        tap_text(again.data, again.len, b.data, "it is the same when it is written again");
    }
    envelope_release(&env);
    buf_release(&b);
    buf_release(&again);
}

// What envelope_read() makes of a text: the value, or the reason and the detail of the reject.
static void check_read(const char *text, const char *wanted)
{
    struct buf b = BUF_INIT, seen = BUF_INIT;
    struct envelope env;
    struct line record;
    struct reject why;

    buf_puts(&b, text);
    envelope_init(&env);
    const struct line line = line_of(&b);
    if (envelope_read(&env, &line, &record, &why) == 0) {
        origin_put(&seen, record.origin);
        buf_puts(&seen, " ");
        buf_append(&seen, record.data, record.len);
    } else {
        buf_printf(&seen, "%s: %s", why.reason, why.detail);
    }
    tap_text(seen.data, seen.len, wanted, text);
    envelope_release(&env);
    buf_release(&b);
    buf_release(&seen);
}

static void test_read(void)
{
    check_read("{\"value\":{\"a\":1}}", "\"key\":null,\"headers\":[] {\"a\":1}");
    check_read(" { \"value\" : [ 1 ] , \"key\" : \"k\" } ", "\"key\":\"k\",\"headers\":[] [ 1 ]");
    check_read("{\"key\":{\"id\": 1},\"value\":0}", "\"key\":{\"id\": 1},\"headers\":[] 0");
    check_read(
        "{\"topic\":null,\"partition\":null,\"offset\":-1,\"ts\":-1,\"headers\":null,\"value\":1}",
        "\"key\":null,\"headers\":[] 1");
    // As kcat 1.7.1 writes it.
    check_read(
        "{\"topic\":\"t\",\"partition\":1,\"offset\":2,\"tstype\":\"create\",\"ts\":3,\"broker\":1,"
        "\"headers\":[\"a\",\"1\",\"b\",null],\"key\":\"k\",\"payload\":\"{\\\"x\\\":1}\"}",
        "\"topic\":\"t\",\"partition\":1,\"offset\":2,\"ts\":3,\"tstype\":\"create\",\"key\":\"k\","
        "\"headers\":[[\"a\",\"1\"],[\"b\",null]] {\"x\":1}");
    check_read("{\"payload\":{\"x\":1}}", "\"key\":null,\"headers\":[] {\"x\":1}");
    check_read("{\"payload\":null}", "\"key\":null,\"headers\":[] null");

    check_read("{", "not_json: malformed JSON");
    check_read("[]", "not_envelope: no value, value_text or value_b64; -J is for envelopes");
    check_read("{\"topic\":\"t\"}",
               "not_envelope: no value, value_text or value_b64; -J is for envelopes");
    check_read("{\"value\":1,\"payload\":1}",
               "not_envelope: more than one of value, value_text, value_b64 and payload");
    check_read("{\"value_text\":1}",
               "not_envelope: value_text is not a string, or value_b64 not base64");
    check_read("{\"value_b64\":\"=\"}",
               "not_envelope: value_text is not a string, or value_b64 not base64");
    check_read("{\"topic\":1,\"value\":1}",
               "not_envelope: topic, partition or offset is malformed");
    check_read("{\"partition\":2147483648,\"value\":1}",
               "not_envelope: topic, partition or offset is malformed");
    check_read("{\"offset\":\"1\",\"value\":1}",
               "not_envelope: topic, partition or offset is malformed");
    check_read("{\"ts\":\"1\",\"value\":1}", "not_envelope: ts is not a number of ms since 1970");
    check_read("{\"key\":\"a\",\"key_b64\":\"YQ==\",\"value\":1}",
               "not_envelope: key_b64 is not base64, or there is a key too");
    check_read("{\"headers\":{\"a\":1},\"value\":1}",
               "not_envelope: headers is not a list such as [[\"name\",\"value\"]]");
    check_read("{\"headers\":[[\"a\"]],\"value\":1}",
               "not_envelope: headers is not a list such as [[\"name\",\"value\"]]");
    check_read("{\"headers\":[[\"a\",\"b\",\"c\"]],\"value\":1}",
               "not_envelope: headers is not a list such as [[\"name\",\"value\"]]");
    check_read("{\"headers\":[\"a\"],\"value\":1}",
               "not_envelope: headers is not a list such as [[\"name\",\"value\"]]");
    check_read("{\"headers\":[[\"a\",{\"b64\":\"?\"}]],\"value\":1}",
               "not_envelope: headers is not a list such as [[\"name\",\"value\"]]");
}

static void check_changed(const char *text, const char *value, const char *wanted)
{
    struct buf b = BUF_INIT, changed = BUF_INIT;
    struct envelope env;
    struct line record;
    struct reject why;

    buf_puts(&b, text);
    envelope_init(&env);
    const struct line line = line_of(&b);
    if (tap_ok(envelope_read(&env, &line, &record, &why) == 0, "it can be read"))
        envelope_put_changed(&changed, &env, &line, value, strlen(value));
    tap_text(changed.data, changed.len, wanted, text);
    envelope_release(&env);
    buf_release(&b);
    buf_release(&changed);
}

static void test_change(void)
{
    check_changed("{\"a\" : 1, \"value\" : {\"b\":2} , \"c\":3}", "[4]",
                  "{\"a\" : 1,\"value\":[4] , \"c\":3}");
    check_changed("{\"value_text\":\"x\"}", "{}", "{\"value\":{}}");
    check_changed("{\"value\":1,\"key\":\"k\"}", "{\"a\":\n1}",
                  "{\"value_text\":\"{\\\"a\\\":\\n1}\",\"key\":\"k\"}");
}

int main(void)
{
    test_values();
    test_depth();
    test_origin();
    test_read();
    test_change();
    return tap_done();
}
