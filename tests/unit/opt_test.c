// SPDX-License-Identifier: BSD-2-Clause
//
// The parsers of option arguments; what a wrong command line does is in options.bats.
#include <getopt.h>
#include <stddef.h>

#include "base/opt.h"
#include "tap.h"

#define BAD UINT64_C(0xbad0bad0bad0bad0)

static uint64_t number(const char *text, unsigned k)
{
    uint64_t n;
    return opt_parse_number(text, k, &n) == 0 ? n : BAD;
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        unsigned k;
        uint64_t n;
    } cases[] = {{"0", 1000, 0},
                 {"1", 1000, 1},
                 {"007", 1000, 7},
                 {"10k", 1000, 10000},
                 {"10K", 1000, 10000},
                 {"10k", 1024, 10240},
                 {"5M", 1000, 5000000},
                 {"16M", 1024, 16 << 20},
                 {"2G", 1000, UINT64_C(2000000000)},
                 {"2G", 1024, UINT64_C(2) << 30},
                 {"0G", 1024, 0},
                 {"18446744073709551615", 1000, UINT64_MAX},
                 {"18446744073709551k", 1000, UINT64_C(18446744073709551000)}};
    static const char *const bad[] = {"",
                                      " ",
                                      "k",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.5",
                                      "1kk",
                                      "1kB",
                                      "1m",
                                      "1g",
                                      "1T",
                                      "0x10",
                                      "1e3",
                                      "ten",
                                      "1,000",
                                      "1_0",
                                      "18446744073709551616",
                                      "18446744073709552k",
                                      "99999999999G"};
    char title[80];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(title, sizeof title, "number %s, k being %u", cases[i].text, cases[i].k);
        tap_int((int64_t)number(cases[i].text, cases[i].k), (int64_t)cases[i].n, title);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(number(bad[i], 1000) == BAD, "no number: '%s'", bad[i]);
}

static void test_integers(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "1k",
                                      "\t1",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    int64_t n = 0;

    tap_ok(opt_parse_int("9223372036854775807", &n) == 0 && n == INT64_MAX, "the highest integer");
    tap_ok(opt_parse_int("-9223372036854775808", &n) == 0 && n == INT64_MIN, "the lowest integer");
    tap_ok(opt_parse_int("0", &n) == 0 && n == 0, "zero");
    tap_ok(opt_parse_int("-12", &n) == 0 && n == -12, "a negative integer");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        n = 77;
        tap_ok(opt_parse_int(bad[i], &n) != 0 && n == 77, "no integer: '%s'", bad[i]);
    }
}

struct options {
    bool flag;
    const char *string;
    struct opt_list list, pairs;
    uint64_t count, size;
    int64_t duration;
    double percent;
    const char *call;
};

static int set_call(void *options, const char *arg, struct err *err)
{
    (void)err;
    ((struct options *)options)->call = arg == NULL ? "(none)" : arg;
    return 0;
}

static const struct opt table[] = {
    OPT_FLAG("flag", 'f', struct options, flag, ""),
    OPT_STRING("string", 's', "S", struct options, string, ""),
    OPT_LIST("list", 'l', "L", struct options, list, ""),
    OPT_PAIRS("pairs", 0, "A B", struct options, pairs, ""),
    OPT_COUNT(NULL, 'n', "N", struct options, count, 0, ""),
    OPT_SIZE("size", 0, "N", struct options, size, 5, ""),
    OPT_DURATION("duration", 0, "D", struct options, duration, ""),
    OPT_PERCENT("percent", 0, "P", struct options, percent, ""),
    OPT_CALL("call", 'c', "[=X]", set_call, ""),
};

static void test_kinds(void)
{
    char *argv[] = {"tool",
                    "operand",
                    "-f",
                    "--string=a b",
                    "-lx",
                    "-l",
                    "y",
                    "--list",
                    "z",
                    "--pairs",
                    "p",
                    "q",
                    "--pairs=r",
                    "s",
                    "-n10k",
                    "--size",
                    "1k",
                    "--duration=1m",
                    "--percent",
                    "2.5",
                    "--call=value",
                    "--",
                    "-f",
                    NULL};
    struct options o = {0};
    const struct opt_group groups[] = {OPT_GROUP("Options", table, &o)};
    const struct opt_program program = {"", "", groups, 1};
    int argc = (int)(sizeof argv / sizeof *argv) - 1;

    int first = opt_parse(&program, argc, argv);
    tap_ok(o.flag, "a flag");
    tap_ok(strcmp(o.string, "a b") == 0, "a string");
    tap_ok(o.list.count == 3 && strcmp(o.list.item[0], "x") == 0 &&
               strcmp(o.list.item[1], "y") == 0 && strcmp(o.list.item[2], "z") == 0,
           "a list in its order");
    tap_ok(o.pairs.count == 4 && strcmp(o.pairs.item[1], "q") == 0 &&
               strcmp(o.pairs.item[2], "r") == 0 && strcmp(o.pairs.item[3], "s") == 0,
           "pairs take two arguments");
    tap_int((int64_t)o.count, 10000, "a count");
    tap_int((int64_t)o.size, 1024, "a size");
    tap_int(o.duration, 60000, "a duration");
    tap_ok(o.percent > 2.49 && o.percent < 2.51, "a percentage");
    tap_ok(strcmp(o.call, "value") == 0, "a call");
    tap_ok(argc - first == 2 && strcmp(argv[first], "operand") == 0 &&
               strcmp(argv[first + 1], "-f") == 0,
           "operands, and what looks like an option behind --");
    opt_release(&program);
    tap_ok(o.list.item == NULL && o.pairs.count == 0, "the lists are released");
}

static void test_optional_argument(void)
{
    char *argv[] = {"tool", "--call", "operand", NULL};
    struct options o = {0};
    const struct opt_group groups[] = {OPT_GROUP("Options", table, &o)};
    const struct opt_program program = {"", "", groups, 1};

    optind = 0; // has getopt begin again
    opt_parse(&program, 3, argv);
    tap_ok(o.call != NULL && strcmp(o.call, "(none)") == 0,
           "an optional argument that is missing; the next one is not taken for it");
    opt_release(&program);
}

int main(void)
{
    test_numbers();
    test_integers();
    test_kinds();
    test_optional_argument();
    return tap_done();
}
