// SPDX-License-Identifier: BSD-2-Clause
//
// opt: command-line options, described by const tables that drive both parsing and --help.
//
// Each table describes the members of one options struct; a program has one or more tables.
// Options of kind string point into argv.
//
//     struct options { uint64_t count; bool strict; };
//     static const struct opt table[] = {
//         OPT_COUNT("count", 'c', "N", struct options, count, 1, "stop after N records"),
//         OPT_FLAG("strict", 0, struct options, strict, "stop at the first reject"),
//     };
//     const struct opt_group groups[] = {OPT_GROUP("Options", table, &options), ...};
//     const struct opt_program program = {"[-c N] [FILE]", "Does a thing.", groups, 1};
//     int first_operand = opt_parse(&program, argc, argv);
//     ...
//     opt_release(&program);
//
// Every program also has -h, -V, -q and -v. A wrong option ends the process with EX_USAGE.
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum opt_kind {
    OPT_KIND_FLAG,
    OPT_KIND_STRING,
    OPT_KIND_LIST,
    OPT_KIND_PAIRS,
    OPT_KIND_COUNT,
    OPT_KIND_SIZE,
    OPT_KIND_DURATION,
    OPT_KIND_PERCENT,
    OPT_KIND_CALL,
};

struct opt {
    const char *name; // NULL when there is only a letter
    char letter;      // 0 when there is only a name
    enum opt_kind kind;
    const char *arg; // what --help calls the argument; NULL for none
    const char *help;
    size_t offset; // of the member in the options struct
    int (*set)(void *options, const char *arg, struct err *err);
    uint64_t min; // of OPT_COUNT and OPT_SIZE
};

// The entries of a table. Each kind requires a member of its own type.

// bool
#define OPT_FLAG(name, letter, type, member, help)                                                 \
    OPT_MEMBER(name, letter, OPT_KIND_FLAG, NULL, help, type, member, bool, 0)
// const char *
#define OPT_STRING(name, letter, arg, type, member, help)                                          \
    OPT_MEMBER(name, letter, OPT_KIND_STRING, arg, help, type, member, const char *, 0)
// struct opt_list, one item each time it is given
#define OPT_LIST(name, letter, arg, type, member, help)                                            \
    OPT_MEMBER(name, letter, OPT_KIND_LIST, arg, help, type, member, struct opt_list, 0)
// struct opt_list, two items each time: NAME VALUE
#define OPT_PAIRS(name, letter, arg, type, member, help)                                           \
    OPT_MEMBER(name, letter, OPT_KIND_PAIRS, arg, help, type, member, struct opt_list, 0)
// uint64_t, min or more; "10k", "5M" and "2G" are thousands, millions and billions
#define OPT_COUNT(name, letter, arg, type, member, min, help)                                      \
    OPT_MEMBER(name, letter, OPT_KIND_COUNT, arg, help, type, member, uint64_t, min)
// uint64_t bytes, min or more; k, M and G are powers of 1024
#define OPT_SIZE(name, letter, arg, type, member, min, help)                                       \
    OPT_MEMBER(name, letter, OPT_KIND_SIZE, arg, help, type, member, uint64_t, min)
// int64_t milliseconds
#define OPT_DURATION(name, letter, arg, type, member, help)                                        \
    OPT_MEMBER(name, letter, OPT_KIND_DURATION, arg, help, type, member, int64_t, 0)
// double from 0 to 100
#define OPT_PERCENT(name, letter, arg, type, member, help)                                         \
    OPT_MEMBER(name, letter, OPT_KIND_PERCENT, arg, help, type, member, double, 0)
// Calls set(options, arg, &err), which returns 0, or -1 with EX_USAGE. An arg of the form "[=NAME]"
// is optional: set() gets NULL when it is missing.
#define OPT_CALL(name, letter, arg, set, help)                                                     \
    {                                                                                              \
        name, letter, OPT_KIND_CALL, arg, help, 0, set, 0                                          \
    }

// The multiplication by 0 makes the compiler check the member's type.
#define OPT_MEMBER(name, letter, kind, arg, help, type, member, of, min)                           \
    {                                                                                              \
        name, letter, kind, arg, help,                                                             \
            offsetof(type, member) + 0 * sizeof(1 ? (of *)0 : &((type *)0)->member), NULL, min     \
    }

struct opt_list {
    const char **item;
    size_t count;
};

struct opt_group {
    const char *title;
    const struct opt *table;
    size_t count;
    void *options;
};

#define OPT_GROUP(title, table, options)                                                           \
    {                                                                                              \
        title, table, sizeof(table) / sizeof *(table), options                                     \
    }

// A group without options: text that --help prints behind all options, such as the environment.
#define OPT_TEXT(text)                                                                             \
    {                                                                                              \
        text, NULL, 0, NULL                                                                        \
    }

struct opt_program {
    const char *synopsis; // behind the program's name
    const char *summary;  // one sentence
    const struct opt_group *groups;
    size_t group_count;
};

// Fills the options and returns the index of the first operand in argv, which it permutes as
// getopt_long(3) does.
int opt_parse(const struct opt_program *program, int argc, char **argv);

// For what prints and ends, such as --help: flushes stdout and ends the process, with EX_IOERR and
// a message when not all could be written.
_Noreturn void opt_exit_printed(void);

// Frees what opt_parse() allocated for the options: the lists.
void opt_release(const struct opt_program *program);

// Ends the process with EX_USAGE and "tool: what: why (see tool --help)".
__attribute__((format(printf, 1, 2))) _Noreturn void opt_usage_error(const char *fmt, ...);

void opt_list_add(struct opt_list *list, const char *item);
void opt_list_release(struct opt_list *list);

// "100", "10k", "5M", "2G" with the given power of k. Returns 0 or -1.
int opt_parse_number(const char *text, unsigned k, uint64_t *n);

// Reads a whole decimal int64_t. Returns 0 or -1.
int opt_parse_int(const char *text, int64_t *n);

#endif
