// SPDX-License-Identifier: BSD-2-Clause
//
// Checks the replacements as text. json_test.c checks that they are then parsed as by jq.
#include "json/json_relax.h"
#include "tap.h"

static struct buf copy = BUF_INIT;

static void check(const char *text, const char *wanted)
{
    buf_clear(&copy);
    json_relax(&copy, text, strlen(text));
    tap_text(copy.data, copy.len, wanted, text);
}

static void unchanged(const char *text)
{
    check(text, text);
}

static void test_unchanged(void)
{
    unchanged("");
    unchanged(" {\"a\" : [1, -2.50e+3, true, null, \"x\\n\\u00e9\\\"\"] }\r");
    unchanged("[9223372036854775807,-9223372036854775808,18446744073709551615]");
    unchanged("[2.2250738585072014e-308,1.7976931348623157e308,0,-0.0]");
    unchanged("\"\\ud83d\\ude00\"");
    unchanged("\"\\\\ud800 \\\\\\\\udc00\"");
    unchanged("{\"123456789012345678901234567890\":\"1e999\"}");
}

static void test_numbers(void)
{
    check("18446744073709551616", "1.84467440737095516e+19");
    check("[-9223372036854775809,1]", "[-9.22337203685477581e+18,1]");
    check("{\"a\":1e999}", "{\"a\":1.79769313486231571e+308}");
    check("-1e999", "-1.79769313486231571e+308");
    check("1e-999", "0.00000000000000000e+00");
    check("-1E-999 ", "-0.00000000000000000e+00 ");
}

static void test_surrogates(void)
{
    check("\"\\ud800\"", "\"\\ufffd\"");
    check("\"\\uDC00x\"", "\"\\ufffdx\"");
    check("\"\\ud800\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"");
    check("\"\\ud83d\\ud83d\"", "\"\\ufffd\\ufffd\"");
    check("\"\\ud800\\ue000\"", "\"\\ufffd\\ue000\"");
    check("\"\\ude00\\ud83d\"", "\"\\ufffd\\ufffd\"");
    check("{\"\\ud800\":1}", "{\"\\ufffd\":1}");
}

// Malformed text is not repaired, and nothing after the end of the text is read.
static void test_malformed(void)
{
    unchanged("\"abc");
    unchanged("\"abc\\");
    unchanged("\"\\ud8");
    unchanged("\"\\ud8zz\"");
    unchanged("\"\\u");
    unchanged("[01, .5, 1., 1e, -, +1]");
    unchanged("tru {]");
    check("\"\\ud83d\\ude", "\"\\ufffd\\ude");
    buf_clear(&copy);
    json_relax(&copy, "\"\\ud83d\\ude00\"", 7);
    tap_text(copy.data, copy.len, "\"\\ufffd", "a text that ends within a surrogate pair");
    buf_clear(&copy);
    json_relax(&copy, "[1234]", 3);
    tap_text(copy.data, copy.len, "[12", "a text that ends within a number");
    json_relax(&copy, ",1e999", 6);
    tap_text(copy.data, copy.len, "[12,1.79769313486231571e+308", "what the buffer holds is kept");
}

int main(void)
{
    test_unchanged();
    test_numbers();
    test_surrogates();
    test_malformed();
    buf_release(&copy);
    return tap_done();
}
