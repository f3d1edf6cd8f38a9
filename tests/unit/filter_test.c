// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <unistd.h>

#include "json/filter.h"
#include "tap.h"

static struct json *json;

static struct filter *compile(const char *program)
{
    const struct filter_options options = {.program = program};
    struct err err;
    struct filter *f = filter_new(&options, &err);

    if (f == NULL)
        tap_ok(false, "%s: %s", program, err.text);
    return f;
}

// Runs the filter on a text and appends to *all each output on a line, "=" for the input itself, or
// "error: " and the message.
static void run(struct filter *f, const char *text, struct buf *all)
{
    struct filter_outputs outputs = FILTER_OUTPUTS_INIT;
    struct buf b = BUF_INIT;
    const char *data;
    size_t len;

    buf_puts(&b, text);
    if (json_parse(json, b.data, b.len) != 0)
        tap_ok(false, "the test's text is JSON: %s", text);
    int count = filter_run(f, json, &outputs);
    if (count < 0)
        buf_printf(all, "error: %s\n", filter_error(f));
    for (int i = 0; i < count; i++) {
        if (filter_outputs_made(&outputs, (size_t)i, &data, &len))
            buf_append(all, data, len);
        else
            buf_putc(all, '=');
        buf_putc(all, '\n');
    }
    filter_outputs_release(&outputs);
    buf_release(&b);
}

static void check(const char *program, const char *text, const char *wanted)
{
    struct filter *f = compile(program);
    struct buf all = BUF_INIT;

    if (f != NULL)
        run(f, text, &all);
    tap_text(all.data, all.len, wanted, program);
    filter_free(f);
    buf_release(&all);
}

// The filter tells when an output is the input, so that the original bytes can be passed on. They
// may have numbers that a double cannot hold.
static void test_identity(void)
{
    check(".", "{\"n\":12345678901234567890123}", "=\n");
    check("select(.n > 1)", "{\"n\":9007199254740993}", "=\n");
    check("., .", "{\"a\":[1]}", "=\n=\n");
    check(".a", "{\"a\":{}}", "{}\n");
    check(".a", "{\"a\":9007199254740993}", "9007199254740992\n");
    check(".", "[1,\"x\"]", "=\n");
    check(".", "null", "=\n");
    check(".", "9007199254740993", "=\n");
    check(".+1", "1", "2\n");
    check("[.[0]]", "[1]", "[1]\n");
    check("., .a, .", "{\"a\":1}", "=\n1\n=\n");
}

static void test_outputs(void)
{
    check("empty", "{}", "");
    check("select(.a)", "{\"a\":false}", "");
    check(".[]", "[1,\"a\\n\",null,[true]]", "1\n\"a\\n\"\nnull\n[true]\n");
    check("range(1; 6)", "0", "1\n2\n3\n4\n5\n");
    check("{b: .a, c}", "{\"a\":[{}],\"c\":0.5}", "{\"b\":[{}],\"c\":0.5}\n");
    check(".a | length", "{\"a\":\"x\\u0000\\u00e9\"}", "3\n");
    check("tojson", "{\"a\":[1,-2.5,18446744073709551615]}",
          "\"{\\\"a\\\":[1,-2.5,18446744073709552000]}\"\n");
    check(".v", "{\"v\":1,\"v\":2}", "2\n");
    check("try input catch \"no input\"", "{}", "\"no input\"\n");
    check("halt, 1", "{}", "");
}

static void test_errors(void)
{
    check("error(\"no \" + .a)", "{\"a\":\"way\"}", "error: no way\n");
    check("1, error(\"late\")", "{}", "error: late\n");
    check("try .a.b catch \"no object\"", "{\"a\":1}", "\"no object\"\n");
    check("error({\"a\":1})", "{}", "error: (not a string) {\"a\":1}\n");
    check("error", "[1]", "error: (not a string) [1]\n");
    check("\"stop\" | halt_error", "{}", "error: stop\n");
    check("try error(\"x\") catch .", "{}", "\"x\"\n");
}

// A filter is used for many records. Nothing of one record may appear in the output of the next.
static void test_many_records(void)
{
    struct filter *f = compile("if .n == 2 then error(.k) else .[.k], .[.k + \"2\"] end");
    struct buf all = BUF_INIT;

    run(f, "{\"n\":1,\"k\":\"a\",\"a\":1,\"a2\":{\"x\":1}}", &all);
    run(f, "{\"n\":2,\"k\":\"a long message\"}", &all);
    run(f, "{\"n\":2,\"k\":\"short\"}", &all);
    run(f, "{\"n\":3,\"k\":\"\",\"\":0}", &all);
    // Keys that have the same slot in the cache, since their lengths, first bytes and last bytes
    // are equal.
    run(f, "{\"n\":4,\"k\":\"abcd\",\"abcd\":5,\"axxd\":6}", &all);
    run(f, "{\"n\":4,\"k\":\"axxd\",\"abcd\":5,\"axxd\":6}", &all);
    tap_text(all.data, all.len,
             "1\n{\"x\":1}\nerror: a long message\nerror: short\n0\nnull\n5\nnull\n6\nnull\n",
             "records one after the other");
    filter_free(f);
    buf_release(&all);
}

// A program that depends on some fields runs on these alone. With a comment it runs on the whole
// record, and the result must be the same.
static void test_fields(void)
{
    static const char *const programs[] = {
        ".",
        ".a",
        ".a.b",
        ".a?",
        ".a[0]?",
        ".\"\xc3\xa9\"",
        "[\"x\"]",
        ".a == .b",
        ".a // .b",
        ".a | length",
        ".a | tostring",
        ".a | has(\"b\")",
        "has(\"a\")",
        "has(\"none\")",
        "select(.a)",
        "select(.a == null)",
        "select(has(\"a\") | not)",
        "select(.a.b == 1)",
        "select(.a | startswith(\"x\"))",
        "select(.a | test(\"^X\"; \"i\"))",
        "select(.a < 9.5)",
        "select(.a) | .b",
        "select(.a == 9007199254740993)",
        "select(.a | in({\"x\": 1}))",
    };
    static const char *const records[] = {
        "{}",
        "{\"a\":null}",
        "{\"a\":false,\"b\":[1,{\"c\":2}]}",
        "{\"a\":{\"b\":1},\"b\":{\"b\":1}}",
        "{\"z\":0,\"a\":1,\"a\":\"x\\u0000y\"}",
        "{\"a\":[1,2],\"\xc3\xa9\":\"\xc3\xa9\"}",
        "{\"\\u0061\":\"x\",\"b\":9}",
        "{\"a\":9007199254740993}",
        "{\"a\":18446744073709551615}",
        "{\"a\":1e999,\"b\":1e999}",
        "{\"a\":\"\\ud800\",\"b\":\"\\ufffd\"}",
        "{\"a\":-0.0,\"b\":0}",
        "{\"b\":{\"a\":1}}",
        "[1]",
        "[]",
        "\"x\"",
        "1",
        "null",
        "true",
    };
    const size_t count = sizeof records / sizeof *records;

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        struct buf commented = BUF_INIT, got = BUF_INIT, wanted = BUF_INIT;
        buf_printf(&commented, "%s # on the whole record", programs[i]);
        buf_putc(&commented, '\0');
        struct filter *by_fields = compile(programs[i]), *whole = compile(commented.data);
        // The second time, a result may be remembered.
        for (size_t j = 0; j < 2 * count; j++) {
            run(by_fields, records[j % count], &got);
            run(whole, records[j % count], &wanted);
        }
        tap_bytes(got.data, got.len, wanted.data, wanted.len, programs[i]);
        filter_free(by_fields);
        filter_free(whole);
        buf_release(&commented);
        buf_release(&got);
        buf_release(&wanted);
    }
}

static void test_arguments(void)
{
    const char *arg[] = {"a", "1", "b", "x\"y"}, *argjson[] = {"c", "{\"d\":[1]}"};
    const char *wrong[] = {"c", "{"};
    struct filter_options options = {.program = "[$a, $b, $c.d, ($ARGS.named | keys)]",
                                     .arg = {arg, 4},
                                     .argjson = {argjson, 2}};
    struct buf all = BUF_INIT;
    struct err err;

    struct filter *f = filter_new(&options, &err);
    tap_ok(f != NULL, "a program with arguments");
    run(f, "{}", &all);
    tap_text(all.data, all.len, "[\"1\",\"x\\\"y\",[1],[\"a\",\"b\",\"c\"]]\n",
             "arguments are strings or JSON, and all in $ARGS.named");
    filter_free(f);
    options.argjson.item = wrong;
    tap_ok(filter_new(&options, &err) == NULL && err.status == EX_USAGE, "an argument is not JSON");
    tap_text(err.text, strlen(err.text), "--argjson: c: '{' is not JSON", "its message");
    buf_release(&all);
}

static void test_compile_errors(void)
{
    const struct filter_options wrong = {.program = ".a |"}, unknown = {.program = "$x"};
    struct err err;

    tap_ok(filter_new(&wrong, &err) == NULL && err.status == EX_USAGE, "a syntax error");
    tap_ok(strncmp(err.text, "jq: syntax error", 16) == 0, "jq's own message: %s", err.text);
    tap_ok(filter_new(&unknown, &err) == NULL && err.status == EX_USAGE, "an unknown variable");
    tap_ok(strstr(err.text, "$x is not defined") != NULL, "jq's own message: %s", err.text);
}

static void test_file(void)
{
    char path[] = "/tmp/filter_test.XXXXXX";
    const struct filter_options options = {.file = path}, missing = {.file = "/tmp/no/such/file"};
    static const char program[] = "# a comment\ndef f: .a;\nf # another";
    struct buf all = BUF_INIT;
    struct err err;

    int fd = mkstemp(path);
    bool written = write(fd, program, sizeof program - 1) == sizeof program - 1;
    struct filter *f = filter_new(&options, &err);
    tap_ok(written && f != NULL, "a program in a file");
    run(f, "{\"a\":7}", &all);
    tap_text(all.data, all.len, "7\n", "runs");
    filter_free(f);
    written = write(fd, "", 1) == 1;
    tap_ok(written && filter_new(&options, &err) == NULL && err.status == EX_USAGE,
           "a file with a NUL byte is refused");
    tap_ok(filter_new(&missing, &err) == NULL && err.status == EX_USAGE, "a missing file too");
    tap_text(err.text, strlen(err.text), "--jq-file: /tmp/no/such/file: No such file or directory",
             "its message");
    close(fd);
    unlink(path);
    buf_release(&all);
}

int main(void)
{
    json = json_new();
    test_identity();
    test_outputs();
    test_errors();
    test_many_records();
    test_fields();
    test_arguments();
    test_compile_errors();
    test_file();
    json_free(json);
    return tap_done();
}
