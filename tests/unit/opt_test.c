// SPDX-License-Identifier: BSD-2-Clause
//
// Checks that the tables set the options. tests/options.bats checks wrong command lines.
#include <getopt.h>
#include <stddef.h>

#include "base/opt.h"
#include "tap.h"

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
    OPT_LIST("list", 'l', "[K:]L", struct options, list, ""),
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
    const struct opt_program program = {"", "", groups, 1, NULL};
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
           "operands, and an argument after -- that looks like an option");
    opt_release(&program);
    tap_ok(o.list.item == NULL && o.pairs.count == 0, "the lists are released");
}

static void test_optional_argument(void)
{
    char *argv[] = {"tool", "--call", "operand", NULL};
    struct options o = {0};
    const struct opt_group groups[] = {OPT_GROUP("Options", table, &o)};
    const struct opt_program program = {"", "", groups, 1, NULL};

    optind = 0; // restarts getopt
    opt_parse(&program, 3, argv);
    tap_ok(o.call != NULL && strcmp(o.call, "(none)") == 0,
           "a missing optional argument: the next argument is an operand");
    opt_release(&program);
}

int main(void)
{
    test_kinds();
    test_optional_argument();
    return tap_done();
}
