// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/filter_fields.h"
#include "tap.h"

// `wanted` lists the fields, each with a comma behind it. It is "all" if the program depends on the
// whole record.
static void check(const char *program, const char *wanted)
{
    struct filter_fields fields;
    struct buf got = BUF_INIT;

    if (filter_fields_find(&fields, program)) {
        for (size_t i = 0; i < fields.count; i++) {
            buf_append(&got, fields.key[i].name, fields.key[i].len);
            buf_putc(&got, ',');
        }
    } else {
        buf_puts(&got, "all");
    }
    tap_text(got.data, got.len, wanted, program);
    buf_release(&got);
}

static void test_paths(void)
{
    check(".a", "a,");
    check(" .a.b\n", "a,");
    check("\t._9Z .b", "_9Z,");
    check(".a.b[0][-1][\"c d\"].\"e\"?", "a,");
    check(".\"a b\"", "a b,");
    check(".[\"a\"]?", "a,");
    check(".[ \"\xc3\xa9\" ].x", "\xc3\xa9,");
    check(".\"\"", ",");
    check(".and", "and,");
    check(".", "");
    check(". | .a", "a,");
    check(".a | .b", "a,");
    check(".a | .", "a,");
    check(".a | .[0] | .[\"b\"]", "a,");
}

static void test_operators(void)
{
    check(".a == 1", "a,");
    check("1<.a", "a,");
    check(".a<=-1.5e+3", "a,");
    check(".a!=.b", "a,b,");
    check(".a >= \"x\" and .b > null or (.c|not)", "a,b,c,");
    check(".a // .b // \"none\"", "a,b,");
    check(".a == [1, \"x\", {}, [], {\"k\": [true, false], j: $x}]", "a,");
    check(".a == \"\\\"\\\\(\\u0041\"", "a,");
    check(".a == $wanted", "a,");
    check(".a == .a and .b == .a", "a,b,");
    check(".a | . == 1 or . == 2", "a,");
    check(".a | (. > 1 and . < 3) // .x", "a,");
    check("(.a) | (.)", "a,");
    check("true and 1", "");
}

static void test_functions(void)
{
    check("select(.a)", "a,");
    check("select( .a == 1 ) | select(.b|not)", "a,b,");
    check("select(has(\"a\") and has(\"b\"))", "a,b,");
    check("select(.a | has(\"b\") or has(0))", "a,");
    check("select(.a | startswith(\"x\") or endswith(\"y\") or contains(\"z\"))", "a,");
    check("select(.a | test(\"^x\"; \"i\") | not)", "a,");
    check("select(.a | test([\"^x\", \"i\"]))", "a,");
    check("select(.a | in({\"x\": 1, y: 2}))", "a,");
    check("select(.a | in([1, 2]))", "a,");
    check("select((.a | ascii_downcase) == \"ios\")", "a,");
    check("select(.a | length > 3)", "a,");
    check("select((.a | tonumber) > 1 and (.b | type) == \"string\" and (.c|tostring) == \"1\")",
          "a,b,c,");
    check("select(.a) | .b", "a,b,");
    check("(select(.a)) | select(.b) | .", "a,b,");
    check(".a | select(. == 1)", "a,");
    check("select(select(.a) | .b)", "a,b,");
}

// The record itself may only be passed on and asked for its fields.
static void test_whole_record(void)
{
    check(". == 1", "all");
    check(". == {}", "all");
    check(".a == .", "all");
    check(". and .a", "all");
    check(".a // .", "all");
    check("select(.)", "all");
    check("select(select(.a))", "all");
    check("select(.a) == 1", "all");
    check("length", "all");
    check("not", "all");
    check(". | test(\"x\")", "all");
    check("test(\"x\")", "all");
    check("(.) | startswith(\"x\")", "all");
    check("select(.a) | in({})", "all");
    check("has(0)", "all");
    check("has(.a)", "all");
    check("has($a)", "all");
    check(".[0]", "all");
    check(".[-1]", "all");
    check(".[$a]", "all");
    check(".[.a]", "all");
    check(".[]", "all");
    check("..", "all");
    check(".?", "all");
}

static void test_other_programs(void)
{
    check("", "all");
    check("#", "all");
    check(".a # .b", "all");
    check(".a\r", "all");
    check("select(.a)|", "all");
    check("select(.a", "all");
    check("select(.a))", "all");
    check("select .a", "all");
    check(".a = 1", "all");
    check(".a |= 1", "all");
    check(".a //= 1", "all");
    check(".a + 1", "all");
    check(".a - 1", "all");
    check(".a -1", "all");
    check("-.a", "all");
    check(".a, .b", "all");
    check("{a}", "all");
    check("{a: .a}", "all");
    check("[.a]", "all");
    check(".a == {(.b): 1}", "all");
    check(".a == \"\\(.b)\"", "all");
    check(".a == \"x", "all");
    check(".a == \"x\\", "all");
    check(".a == 1.", "all");
    check(".a == 1.2.3", "all");
    check(".a == .5", "all");
    check(".a == 1x", "all");
    check(".a == -", "all");
    check(".a == $", "all");
    check(".a == $m::x", "all");
    check(".a[]", "all");
    check(".a[1:2]", "all");
    check(".a[.b]", "all");
    check(".a.", "all");
    check(".a == .b == .c", "all");
    check(".\"a\\u0062\"", "all");
    check("has(\"a\\nb\")", "all");
    check(".\"\xff\"", "all");
    check("input", "all");
    check("$ENV.HOME", "all");
    check("env", "all");
    check(".a | now", "all");
    check(".a | selecting", "all");
    check(".a | test", "all");
    check(".a | test(\"x\"; \"i\"; 1)", "all");
    check(".a | test(.b)", "all");
    check(".a | not(1)", "all");
    check(".a | m::test(\"x\")", "all");
    check(".a andalso .b", "all");
    check("@json", "all");
    check(".a as $x | $x", "all");
    check("if .a then . else empty end", "all");
    check("try .a", "all");
    check("def select(f): .b; select(.a)", "all");
    check("import \"m\" as m; .a", "all");
    check("reduce .a as $x (0; .)", "all");
}

static void test_limits(void)
{
    struct buf program = BUF_INIT;

    for (int i = 0; i < FILTER_FIELDS_MAX; i++)
        buf_printf(&program, "%s.f%02d", i == 0 ? "" : " or ", i);
    buf_putc(&program, '\0');
    check(program.data, "f00,f01,f02,f03,f04,f05,f06,f07,f08,f09,f10,f11,f12,f13,f14,f15,");
    program.len--;
    buf_append(&program, " or .f00", 9);
    check(program.data, "f00,f01,f02,f03,f04,f05,f06,f07,f08,f09,f10,f11,f12,f13,f14,f15,");
    program.len--;
    buf_append(&program, " or .f16", 9);
    check(program.data, "all");

    buf_clear(&program);
    for (int i = 0; i < 100000; i++)
        buf_putc(&program, '(');
    buf_putc(&program, '\0');
    check(program.data, "all");
    for (int i = 0; i < 100000; i++)
        program.data[i] = '[';
    check(program.data, "all");
    buf_release(&program);
}

// Reads programs from stdin, with a NUL between two. Fails at the first one whose fields are not
// known, and prints it.
static int read_programs(void)
{
    struct filter_fields fields;
    char *program = NULL;
    size_t size = 0;
    bool known = true;

    while (known && getdelim(&program, &size, '\0', stdin) > 0) {
        known = filter_fields_find(&fields, program);
        if (!known)
            puts(program);
    }
    free(program);
    return known ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "known") == 0) // for tests/filter
        return read_programs();
    test_paths();
    test_operators();
    test_functions();
    test_whole_record();
    test_other_programs();
    test_limits();
    return tap_done();
}
