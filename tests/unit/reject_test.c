// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "stream/origin.h"
#include "stream/reject.h"
#include "tap.h"

static void check(const struct reject *reject, const struct line *line, const char *wanted,
                  const char *title)
{
    struct buf b = BUF_INIT;

    reject_format(&b, reject, "stage", line);
    tap_text(b.data, b.len, wanted, title);
    tap_ok(reject_is(b.data, b.len), "reject_is() accepts it");
    buf_release(&b);
}

static struct line line_of(const char *data, size_t len)
{
    return (struct line){.data = data, .len = len, .number = 7, .full_len = len};
}

static void test_members(void)
{
    struct origin origin = {
        .topic = "t", .topic_len = 1, .partition = 3, .offset = INT64_C(9007199254740993)};
    struct line line = line_of("{}", 2);

    check(&(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, &line,
          "{\"reject\":\"not_object\",\"stage\":\"stage\",\"line\":7,\"raw\":\"{}\"}\n",
          "a reason alone");
    check(&(struct reject){REJECT_BAD_IP, "i\"p", "why\nnot"}, &line,
          "{\"reject\":\"bad_ip\",\"field\":\"i\\\"p\",\"stage\":\"stage\",\"line\":7,"
          "\"detail\":\"why\\nnot\",\"raw\":\"{}\"}\n",
          "a field and a message, with escapes");
    check(&(struct reject){REJECT_BAD_IP, NULL, "\xff"}, &line,
          "{\"reject\":\"bad_ip\",\"stage\":\"stage\",\"line\":7,"
          "\"detail\":\"(not UTF-8)\",\"raw\":\"{}\"}\n",
          "a message that is not UTF-8");
    line.origin = &origin;
    check(&(struct reject){REJECT_NOT_JSON, NULL, NULL}, &line,
          "{\"reject\":\"not_json\",\"stage\":\"stage\",\"line\":7,\"topic\":\"t\",\"partition\":3,"
          "\"offset\":9007199254740993,\"raw\":\"{}\"}\n",
          "where in Kafka the record was");
}

static void test_message(void)
{
    static const struct origin_header headers[] = {
        {"h", 1, "\xff", 1}, {ORIGIN_ATTEMPTS, 18, "7", 1}, {ORIGIN_FIRST, 15, "2026-01-02", 10}};
    struct origin origin = {.partition = ORIGIN_UNKNOWN,
                            .offset = ORIGIN_UNKNOWN,
                            .tombstone = true,
                            .known = true,
                            .time_type = ORIGIN_APPENDED,
                            .ts = 5,
                            .key = "k\xff",
                            .key_len = 2,
                            .header = headers,
                            .header_count = 3};
    struct line line = line_of("null", 4);

    line.origin = &origin;
    check(&(struct reject){REJECT_NO_KEY, NULL, NULL}, &line,
          "{\"reject\":\"no_key\",\"stage\":\"stage\",\"line\":7,\"ts\":5,"
          "\"tstype\":\"logappend\",\"key_b64\":\"a/8=\",\"headers\":[[\"h\",{\"b64\":\"/w==\"}],"
          "[\"loginpipe.attempts\",\"7\"],[\"loginpipe.first\",\"2026-01-02\"]],"
          "\"attempts\":8,\"first\":\"2026-01-02T00:00:00Z\",\"raw\":null}\n",
          "the message of a record that was rejected before");
}

static void test_raw(void)
{
    static const struct {
        const char *data;
        size_t len;
        const char *wanted, *title;
    } cases[] = {
        {"", 0, "\"raw\":\"\"", "no bytes"},
        {"\"\\\b\f\n\r\t/", 8, "\"raw\":\"\\\"\\\\\\u0008\\u000c\\n\\r\\t/\"", "escapes"},
        {"a\0b\x1f\x7f", 5, "\"raw\":\"a\\u0000b\\u001f\\u007f\"", "control characters"},
        {"\xc3\xa9\xf0\x9f\x98\x80", 6, "\"raw\":\"\xc3\xa9\xf0\x9f\x98\x80\"", "UTF-8"},
        {"\xff\xfe", 2, "\"raw_b64\":\"//4=\"", "not UTF-8"},
        {"a\xc3", 2, "\"raw_b64\":\"YcM=\"", "a character cut short"},
        {"\xed\xa0\x80", 3, "\"raw_b64\":\"7aCA\"", "a surrogate in UTF-8"},
        {"\xc0\x80", 2, "\"raw_b64\":\"wIA=\"", "an overlong form"},
        {"\xf4\x90\x80\x80", 4, "\"raw_b64\":\"9JCAgA==\"", "beyond Unicode"},
    };
    char wanted[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct line line = line_of(cases[i].data, cases[i].len);
        snprintf(wanted, sizeof wanted, "{\"reject\":\"x\",\"stage\":\"stage\",\"line\":7,%s}\n",
                 cases[i].wanted);
        check(&(struct reject){"x", NULL, NULL}, &line, wanted, cases[i].title);
    }
}

static void test_cut(void)
{
    static const struct {
        const char *data;
        size_t len;
        const char *wanted, *title;
    } cases[] = {
        {"abc", 3, "\"raw\":\"abc\"", "a cut line"},
        {"ab\xc3\xa9", 4, "\"raw\":\"ab\xc3\xa9\"", "a line cut after a character"},
        {"ab\xc3", 3, "\"raw\":\"ab\"", "a line cut within a character of two bytes"},
        {"ab\xe2\x82", 4, "\"raw\":\"ab\"", "a line cut within a character of three bytes"},
        {"ab\xf0\x9f\x98", 5, "\"raw\":\"ab\"", "a line cut within a character of four bytes"},
        {"ab\xf0", 3, "\"raw\":\"ab\"", "a line cut after the first byte of a character"},
        {"\xf0\x9f\x98", 3, "\"raw\":\"\"", "a line cut within its only character"},
        {"\x80\x80\x80\x80", 4, "\"raw_b64\":\"gICAgA==\"",
         "a cut line of continuation bytes only"},
        {"\xff"
         "ab\xc3",
         4, "\"raw_b64\":\"/2Fiww==\"", "a cut line that is not UTF-8 keeps all its bytes"},
    };
    char wanted[200];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct line line = line_of(cases[i].data, cases[i].len);
        line.full_len = 1000;
        snprintf(wanted, sizeof wanted,
                 "{\"reject\":\"x\",\"stage\":\"stage\",\"line\":7,"
                 "\"truncated\":true,\"length\":1000,%s}\n",
                 cases[i].wanted);
        check(&(struct reject){"x", NULL, NULL}, &line, wanted, cases[i].title);
    }
}

static void test_is(void)
{
    tap_ok(reject_is("{\"reject\":\"\"}", 13), "reject_is() accepts an empty reason");
    tap_ok(!reject_is("{\"reject\":", 10), "reject_is() refuses a line that is cut short");
    tap_ok(!reject_is("{\"reject\":1}", 12), "reject_is() refuses a reason that is not a string");
    tap_ok(!reject_is("{\"reject\": \"x\"}", 15), "reject_is() refuses other white space");
    tap_ok(!reject_is("{\"rejects\":\"x\"}", 15), "reject_is() refuses another key");
    tap_ok(!reject_is("", 0), "reject_is() refuses an empty line");
}

int main(void)
{
    test_members();
    test_message();
    test_raw();
    test_cut();
    test_is();
    return tap_done();
}
