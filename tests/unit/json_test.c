// SPDX-License-Identifier: BSD-2-Clause
//
// json_test              checks the parser
// json_test valid        prints the texts of json_texts.h that are JSON, one a line
// json_test invalid      and those that are not
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "json/json.h"
#include "json_texts.h"
#include "login/random.h"
#include "tap.h"

#define DEPTH_MAX JSON_DEPTH_MAX

static struct json *json;

// --- A second parser, written from the grammar of RFC 8259, to compare with ---

struct scan {
    const unsigned char *at, *end;
    int depth;
};

static bool scan_value(struct scan *s);

static void scan_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool scan_char(struct scan *s, char c)
{
    if (s->at == s->end || *s->at != (unsigned char)c)
        return false;
    s->at++;
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return false;
    s->at += len;
    return true;
}

static bool scan_digits(struct scan *s)
{
    const unsigned char *from = s->at;

    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > from;
}

static bool scan_number(struct scan *s)
{
    scan_char(s, '-');
    if (!scan_char(s, '0') && !scan_digits(s))
        return false;
    if (scan_char(s, '.') && !scan_digits(s))
        return false;
    if (!scan_char(s, 'e') && !scan_char(s, 'E'))
        return true;
    if (!scan_char(s, '+'))
        scan_char(s, '-');
    return scan_digits(s);
}

static bool is_hex(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool scan_escape(struct scan *s)
{
    if (s->at == s->end)
        return false;
    unsigned char c = *s->at++;
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    for (int i = 0; i < 4; i++) {
        if (s->at == s->end || !is_hex(*s->at++))
            return false;
    }
    return true;
}

static bool scan_string(struct scan *s)
{
    if (!scan_char(s, '"'))
        return false;
    while (s->at < s->end) {
        unsigned char c = *s->at++;
        if (c == '"')
            return true;
        if (c < 0x20 || (c == '\\' && !scan_escape(s)))
            return false;
    }
    return false;
}

static bool scan_member(struct scan *s)
{
    scan_space(s);
    if (!scan_string(s))
        return false;
    scan_space(s);
    return scan_char(s, ':') && scan_value(s);
}

static bool scan_container(struct scan *s, char close, bool (*item)(struct scan *))
{
    bool ok = ++s->depth <= DEPTH_MAX;

    scan_space(s);
    if (ok && !scan_char(s, close)) {
        do {
            ok = item(s);
        } while (ok && scan_char(s, ','));
        ok = ok && scan_char(s, close);
    }
    s->depth--;
    return ok;
}

// Scans a value and the white space around it.
static bool scan_value(struct scan *s)
{
    bool ok;

    scan_space(s);
    if (scan_char(s, '{'))
        ok = scan_container(s, '}', scan_member);
    else if (scan_char(s, '['))
        ok = scan_container(s, ']', scan_value);
    else if (s->at < s->end && *s->at == '"')
        ok = scan_string(s);
    else
        ok =
            scan_word(s, "true") || scan_word(s, "false") || scan_word(s, "null") || scan_number(s);
    scan_space(s);
    return ok;
}

// Follows the table in RFC 3629, section 4.
static bool is_utf8(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        unsigned char c = *at++;
        unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        int more = c < 0x80 ? 0 : c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1;
        if (more < 0 || end - at < more)
            return false;
        for (; more > 0; more--, at++, low = 0x80, high = 0xbf) {
            if (*at < low || *at > high)
                return false;
        }
    }
    return true;
}

static bool is_json(const char *text, size_t len)
{
    const unsigned char *data = (const unsigned char *)text;
    struct scan s = {data, data + len, 0};

    return is_utf8(data, data + len) && scan_value(&s) && s.at == s.end;
}

// --- The parser compared with the table and with the second parser ---

// Parses from a buffer that holds only the text and the padding, so that sanitizers notice reads
// after the padding.
static bool parses(const char *text, size_t len)
{
    struct buf b = BUF_INIT;

    buf_reserve(&b, len + 1);
    buf_append(&b, text, len);
    bool ok = json_parse(json, b.data, b.len) == 0;
    bool unchanged = len == 0 || memcmp(b.data, text, len) == 0;
    buf_release(&b);
    if (!unchanged)
        tap_ok(false, "the text is not changed");
    return ok;
}

static void check_text(const struct json_text *text, bool valid)
{
    bool ok = parses(text->data, text->len);
    size_t why = ok ? 0 : strlen(json_error(json));

    if (!tap_ok(ok == valid && is_json(text->data, text->len) == valid && (ok || why > 4),
                valid ? "valid" : "invalid"))
        tap_show("text", text->data, text->len);
}

static void test_table(void)
{
    for (size_t i = 0; i < JSON_VALID_COUNT; i++)
        check_text(&json_valid[i], true);
    for (size_t i = 0; i < JSON_INVALID_COUNT; i++)
        check_text(&json_invalid[i], false);
}

// How many generated texts are JSON, and on how many the two parsers differ.
struct score {
    int64_t texts, valid, differences;
};

static void score_text(struct score *score, const char *text, size_t len)
{
    bool valid = is_json(text, len);
    bool parsed = json_parse(json, text, len) == 0; // callers provide the padding

    score->texts++;
    score->valid += valid;
    if (parsed == valid)
        return;
    if (++score->differences <= 10)
        tap_show(valid ? "valid, and not taken" : "invalid, and taken", text, len);
}

static void report(const struct score *score, const char *what)
{
    tap_ok(score->differences == 0 && score->valid > 0 && score->valid < score->texts,
           "%s: %lld texts, %lld of them valid, %lld judged wrong", what, (long long)score->texts,
           (long long)score->valid, (long long)score->differences);
}

static const char *const tokens[] = {"{",  "}",    "[",    "]",    ":",    ",",    "\"",   "\"a\"",
                                     "\\", "\\u",  "d800", "dc00", "00",   "0",    "-1",   ".",
                                     "e",  "true", "null", " ",    "\x01", "\xc3", "\xa9", "9"};

#define TOKEN_COUNT (sizeof tokens / sizeof *tokens)

// All texts of up to four tokens.
static void test_short(void)
{
    struct score score = {0};
    struct buf b = BUF_INIT;
    size_t total = 1;

    for (int length = 0; length <= 4; length++, total *= TOKEN_COUNT) {
        for (size_t n = 0; n < total; n++) {
            buf_clear(&b);
            size_t rest = n;
            for (int i = 0; i < length; i++, rest /= TOKEN_COUNT)
                buf_puts(&b, tokens[rest % TOKEN_COUNT]);
            score_text(&score, b.data, b.len);
        }
        buf_reserve(&b, 1);
    }
    report(&score, "all short texts");
    buf_release(&b);
}

// Appends a random value by the grammar.
static void make_value(struct buf *b, struct random *random, int depth)
{
    static const char *const scalars[] = {"null",
                                          "true",
                                          "false",
                                          "0",
                                          "-0.5e+3",
                                          "123456789012345678901234567890",
                                          "1e999",
                                          "\"\"",
                                          "\"text\"",
                                          "\"\\ud83d\\ude00\"",
                                          "\"\\ud800\\u0041\"",
                                          "\"\\\\\\\"\xf0\x9f\x98\x80\""};
    uint64_t bits = random_next(random);
    uint64_t kind = depth > 5 ? 2 : random_below(bits, 4);
    uint64_t count = bits & 3;

    if ((bits & 16) != 0)
        buf_putc(b, ' ');
    if (kind >= 2) {
        buf_puts(b, scalars[random_below(random_next(random), sizeof scalars / sizeof *scalars)]);
        return;
    }
    buf_putc(b, kind == 0 ? '{' : '[');
    for (uint64_t i = 0; i < count; i++) {
        buf_puts(b, i > 0 ? "," : "");
        buf_puts(b, kind == 0 ? "\"k\\u00e9y\": " : "");
        make_value(b, random, depth + 1);
    }
    buf_putc(b, kind == 0 ? '}' : ']');
}

// Random values, whole and with a byte changed or removed, or the end cut off.
static void test_damaged(void)
{
    static const char bytes[] = "{}[]\":,\\ 0123456789+-.eEtrufalsn\t\x01\x7f\x80\xc3\xff/'ud";
    struct score score = {0};
    struct buf good = BUF_INIT, bad = BUF_INIT;
    struct random random = {3};
    bool all = true;

    for (int i = 0; i < 20000; i++) {
        buf_clear(&good);
        make_value(&good, &random, 0);
        all = all && json_parse(json, good.data, good.len) == 0 && is_json(good.data, good.len);
        for (int j = 0; j < 10; j++) {
            uint64_t bits = random_next(&random);
            size_t at = (size_t)random_below(bits, good.len);
            buf_clear(&bad);
            buf_append(&bad, good.data, at);
            if ((bits & 3) < 3)
                buf_putc(&bad, bytes[random_below(bits << 20, sizeof bytes - 1)]);
            if ((bits & 12) != 0)
                buf_append(&bad, good.data + at + 1, good.len - at - 1);
            buf_reserve(&bad, 1);
            score_text(&score, bad.data, bad.len);
        }
    }
    tap_ok(all, "values made by the grammar are valid");
    report(&score, "damaged values");
    buf_release(&good);
    buf_release(&bad);
}

static void check_depth(int depth, bool valid, const char *open, const char *inner,
                        const char *close)
{
    struct buf b = BUF_INIT;

    for (int i = 0; i < depth; i++)
        buf_puts(&b, open);
    buf_puts(&b, inner);
    for (int i = 0; i < depth; i++)
        buf_puts(&b, close);
    tap_ok((json_parse(json, b.data, b.len) == 0) == valid, "%d times %s%s%s", depth, open, inner,
           close);
    if (!valid)
        tap_ok(strstr(json_error(json), "1024") != NULL, "and why");
    buf_release(&b);
}

// An empty container is not a level.
static void test_depth(void)
{
    check_depth(1024, true, "[", "1", "]");
    check_depth(1024, true, "[", "{}", "]");
    check_depth(1024, true, "{\"a\":", "[]", "}");
    check_depth(1023, true, "[", "[\"\\ud800\"]", "]");
    check_depth(1023, true, "{\"a\":", "{\"b\":1e999}", "}");
    check_depth(1024, false, "[", "[\"\\ud800\"]", "]");
    check_depth(1024, false, "{\"a\":", "[0]", "}");
    check_depth(1025, false, "[", "1", "]");
    check_depth(1025, false, "{\"a\":", "{}", "}");
    check_depth(1025, false, "[", "\"\\ud800\"", "]");
    check_depth(1000000, false, "[", "", "]");
}

// --- Values ---

// Parses a text and returns its member "v".
static struct json_value member(const char *text)
{
    static const struct json_key key = JSON_KEY("v");
    static struct buf b = BUF_INIT; // the value must outlive this call
    struct json_value value;

    buf_clear(&b);
    buf_puts(&b, text);
    if (json_parse(json, b.data, b.len) != 0)
        tap_ok(false, "%s: %s", text, json_error(json));
    json_fields(json, &key, 1, &value);
    return value;
}

static void check_string(const char *text, const char *wanted, size_t len)
{
    struct json_value value = member(text);

    if (tap_ok(value.type == JSON_STRING, "a string: %s", text))
        tap_bytes(value.string.data, value.string.len, wanted, len, "its bytes");
}

static void check_double(const char *text, double wanted)
{
    struct json_value value = member(text);

    tap_ok(value.type == JSON_DOUBLE && memcmp(&value.number, &wanted, sizeof wanted) == 0,
           "the double %.17g: %s", wanted, text);
}

static void test_types(void)
{
    tap_ok(member("{}").type == JSON_ABSENT, "no such member");
    tap_ok(member("{\"V\":1,\"vv\":2,\"\":3,\"w\":{\"v\":4}}").type == JSON_ABSENT,
           "other members are not found");
    tap_ok(member("[\"v\",1]").type == JSON_ABSENT, "an array has no members");
    tap_ok(member("\"v\"").type == JSON_ABSENT, "a string has no members");
    tap_ok(member("{\"v\":null}").type == JSON_NULL, "null");
    tap_ok(member("{\"v\":true}").type == JSON_BOOL && member("{\"v\":true}").boolean, "true");
    tap_ok(member("{\"v\":false}").type == JSON_BOOL && !member("{\"v\":false}").boolean, "false");
    tap_ok(member("{\"v\":[1]}").type == JSON_ARRAY, "an array");
    tap_ok(member("{\"v\":{}}").type == JSON_OBJECT, "an object");
    tap_ok(member("{\"v\":{},\"v\":null}").type == JSON_NULL, "the last of two equal keys counts");
    tap_int(member("{\"v\":1,\"v\":2,\"v\":3}").integer, 3, "the last of three");
    tap_int(member("{\"\\u0076\":7}").integer, 7, "a key written as an escape");
    tap_int(member("{\"v\":-9223372036854775808}").integer, INT64_MIN, "the lowest integer");
    tap_int(member("{\"v\":9223372036854775807}").integer, INT64_MAX, "the highest integer");
    struct json_value value = member("{\"v\":18446744073709551615}");
    tap_ok(value.type == JSON_UINT && value.uinteger == UINT64_MAX, "the highest of 64 bits");
    tap_ok(member("{\"v\":1.0}").type == JSON_DOUBLE, "a fraction makes a double");
    tap_ok(member("{\"v\":1e2}").type == JSON_DOUBLE, "an exponent makes a double");
    check_double("{\"v\":0.1}", 0.1);
    check_double("{\"v\":-0.0}", -0.0);
    check_double("{\"v\":2.2250738585072011e-308}", 2.2250738585072011e-308);
    check_string("{\"v\":\"\"}", "", 0);
    check_string("{\"v\":\"a\\u0000b\"}", "a\0b", 3);
    check_string("{\"v\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t", 8);
    check_string("{\"v\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
                 9);
}

// Values that simdjson cannot represent are replaced as jq does.
static void test_relaxed(void)
{
    check_double("{\"v\":123456789012345678901234567890}", 123456789012345678901234567890.0);
    check_double("{\"v\":-9223372036854775809}", -9223372036854775808.0);
    check_double("{\"v\":1e999}", DBL_MAX);
    check_double("{\"v\":-1e999}", -DBL_MAX);
    check_double("{\"v\":1e-999}", 0.0);
    check_string("{\"v\":\"\\ud800\"}", "\xef\xbf\xbd", 3);
    check_string("{\"v\":\"a\\udc00\\ud83d\\ude00\\ud83db\"}",
                 "a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd"
                 "b",
                 12);
    check_string("{\"x\":1e999,\"v\":\"\\\\ud800\\\"\"}", "\\ud800\"", 7);
    tap_int(member("{\"x\":1e999,\"v\":1694479551}").integer, 1694479551,
            "an integer beside a repaired value is exact");
    struct json_value value = member("{\"x\":1e999,\"v\":1234567890123456789}");
    tap_ok(value.type == JSON_INT && value.integer == INT64_C(1234567890123456789),
           "a long integer beside a repaired value is exact");
    value = member("{\"x\":1e999,\"v\":-123456789012345678}");
    tap_ok(value.type == JSON_INT && value.integer == INT64_C(-123456789012345678),
           "a long negative integer beside a repaired value is exact");
    value = member("{\"x\":\"\\ud800\",\"v\":18446744073709551615}");
    tap_ok(value.type == JSON_UINT && value.uinteger == UINT64_MAX,
           "the highest integer beside a repaired value is exact");
}

static void test_many_fields(void)
{
    static const struct json_key keys[] = {JSON_KEY("a"), JSON_KEY("b"), JSON_KEY("c")};
    static const char *const orders[] = {"{\"a\":1,\"b\":2,\"c\":3}", "{\"c\":3,\"b\":2,\"a\":1}",
                                         "{\"b\":2,\"c\":3,\"a\":1}",
                                         "{\"x\":0,\"b\":2,\"y\":[],\"a\":1,\"c\":3,\"z\":{}}",
                                         "{\"a\":9,\"b\":9,\"b\":2,\"a\":1,\"c\":3}"};
    struct json_value value[3];
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        buf_clear(&b);
        buf_puts(&b, orders[i]);
        json_parse(json, b.data, b.len);
        json_fields(json, keys, 3, value);
        tap_ok(value[0].integer == 1 && value[1].integer == 2 && value[2].integer == 3,
               "fields of %s", orders[i]);
    }
    json_fields(json, keys, 0, value);
    buf_release(&b);
}

static void put_scalar(struct buf *b, const struct json_value *value)
{
    switch (value->type) {
    case JSON_STRING:
        buf_append(b, value->string.data, value->string.len);
        return;
    case JSON_INT:
        buf_put_i64(b, value->integer);
        return;
    case JSON_DOUBLE:
        buf_printf(b, "%g", value->number);
        return;
    case JSON_BOOL:
        buf_puts(b, value->boolean ? "true" : "false");
        return;
    default:
        buf_puts(b, value->type == JSON_NULL ? "null" : "?");
    }
}

static void put_all(struct buf *b, const struct json_value *value)
{
    struct json_iter it;
    struct json_value key, each;

    if (value->type != JSON_OBJECT && value->type != JSON_ARRAY) {
        put_scalar(b, value);
        return;
    }
    buf_putc(b, value->type == JSON_OBJECT ? '{' : '[');
    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &each)) {
        if (value->type == JSON_OBJECT) {
            put_scalar(b, &key);
            buf_putc(b, ':');
        }
        put_all(b, &each);
        buf_putc(b, ';');
    }
    buf_putc(b, value->type == JSON_OBJECT ? '}' : ']');
}

static void test_iteration(void)
{
    static const char text[] = "{\"a\":[1,[],{},-2.5,\"\\u00e9\"],\"a\":null,\"\":{\"b\":true}}";
    struct buf b = BUF_INIT, out = BUF_INIT;

    buf_puts(&b, text);
    json_parse(json, b.data, b.len);
    struct json_value root = json_root(json);
    put_all(&out, &root);
    tap_text(out.data, out.len, "{a:[1;[];{};-2.5;\xc3\xa9;];a:null;:{b:true;};}",
             "iterating over all values");
    buf_release(&b);
    buf_release(&out);
}

static void test_utf8(void)
{
    int64_t wrong = 0;

    // A sample of all sequences of three bytes. It covers the table except for sequences of four
    // bytes.
    for (unsigned n = 0; n < 1u << 24; n += 1 + (n & 7)) {
        unsigned char bytes[3] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8),
                                  (unsigned char)n};
        wrong += json_utf8_valid((const char *)bytes, 3) != is_utf8(bytes, bytes + 3);
    }
    tap_int(wrong, 0, "json_utf8_valid() agrees with RFC 3629 on three bytes");
    tap_ok(json_utf8_valid("", 0), "no bytes are valid UTF-8");
    tap_ok(json_utf8_valid("\xf4\x8f\xbf\xbf", 4), "the last character of Unicode is valid");
    tap_ok(!json_utf8_valid("\xf4\x90\x80\x80", 4), "a character beyond it is not");
}

static void print_texts(const struct json_text *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fwrite(texts[i].data, 1, texts[i].len, stdout);
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        if (strcmp(argv[1], "valid") == 0)
            print_texts(json_valid, JSON_VALID_COUNT);
        else
            print_texts(json_invalid, JSON_INVALID_COUNT);
        return 0;
    }
    json = json_new();
    test_table();
    test_short();
    test_damaged();
    test_depth();
    test_types();
    test_relaxed();
    test_many_fields();
    test_iteration();
    test_utf8();
    json_free(json);
    return tap_done();
}
