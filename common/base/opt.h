// SPDX-License-Identifier: BSD-2-Clause
//
// opt: parses command-line options with const tables, which also contain the text of --help.
//
// Each table describes the members of one options struct. A program has one or more tables. Strings
// and list items point into argv. Parsing changes only the members whose options are given, so set
// the defaults beforehand.
//
//     struct options { uint64_t count; bool strict; };
//     static const struct opt table[] = {
//         OPT_COUNT("count", 'c', "N", struct options, count, 1, "stop after N records"),
//         OPT_FLAG("strict", 0, struct options, strict, "stop at the first reject"),
//     };
//     const struct opt_group groups[] = {OPT_GROUP("Options", table, &options)};
//     const struct opt_program program = {"[-c N] [FILE]", "Does a thing.", groups, 1, NULL};
//     int first_operand = opt_parse(&program, argc, argv);
//     ...
//     opt_release(&program);
//
// Every program also has -h, -V, -q and -v. A usage error ends the process with EX_USAGE and a
// message; -h and -V end it with EX_OK.
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
    const char *name; // without the dashes; NULL if there is only a letter
    char letter;      // 0 if there is only a name
    enum opt_kind kind;
    const char *arg; // the name of the argument in --help; NULL if the option takes none
    const char *help;
    size_t offset; // of the member, in the options struct
    int (*set)(void *options, const char *arg, struct err *err);
    uint64_t min; // the least value of OPT_COUNT and OPT_SIZE
};

// The entries of a table. The comment on each gives the type of the member it sets.

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
// No member: calls set(options, arg, &err), which returns 0, or -1 with *err set. If the status is
// EX_USAGE, the option's name is put before the message. If `arg` has the form "[=NAME]", the
// argument is optional; if it is missing, set() gets NULL.
#define OPT_CALL(name, letter, arg, set, help)                                                     \
    {                                                                                              \
        name, letter, OPT_KIND_CALL, arg, help, 0, set, 0                                          \
    }

// The term that is multiplied by 0 has no effect, but makes the compiler check the type of the
// member.
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

// A group without options: text that --help prints after all options, such as the environment.
#define OPT_TEXT(text)                                                                             \
    {                                                                                              \
        text, NULL, 0, NULL                                                                        \
    }

// A library whose version --version prints. Arrays end with a NULL name.
struct opt_library {
    const char *name;
    const char *(*version)(void);
};

struct opt_program {
    const char *synopsis; // follows the program's name in --help
    const char *summary;  // one sentence
    const struct opt_group *groups;
    size_t group_count;
    const struct opt_library *libraries; // that the program uses; NULL if there are none
};

// Sets the options and returns the index in argv of the first operand. Moves the operands to the
// end of argv, as getopt_long(3) does.
int opt_parse(const struct opt_program *program, int argc, char **argv);

// Flushes stdout and ends the process with EX_OK; or, if not everything could be written, with
// EX_IOERR and a message. For options that print something and exit, such as --help.
_Noreturn void opt_exit_printed(void);

// Frees the lists that opt_parse() filled.
void opt_release(const struct opt_program *program);

// Ends the process with EX_USAGE and "tool: what: why (see tool --help)".
__attribute__((format(printf, 1, 2))) _Noreturn void opt_usage_error(const char *fmt, ...);

// Returns the version that --version prints.
const char *opt_version(void);

// Does nothing, and returns 0. For OPT_CALL: an option that another program needs, and that this
// one accepts so that command lines can be taken over.
int opt_accept(void *options, const char *arg, struct err *err);

// Appends an item, which is borrowed.
void opt_list_add(struct opt_list *list, const char *item);
void opt_list_release(struct opt_list *list);

#endif
