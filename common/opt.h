// SPDX-License-Identifier: BSD-2-Clause
//
// opt: command-line options from const tables, which drive parsing and --help alike.
//
// Each table describes the members of one options struct; several tables make a program. The
// strings that options point to are argv's own.
//
//     struct options { uint64_t count; bool strict; };
//     static const struct opt table[] = {
//         {"count", 'c', OPT_COUNT, "N", "stop after N records", offsetof(struct options, count)},
//         {"strict", 0, OPT_FLAG, NULL, "stop at the first reject", offsetof(...)},
//     };
//     const struct opt_group groups[] = {{"Options", table, 2, &options}, ...};
//     const struct opt_program program = {"[-c N] [FILE]", "does a thing", groups, 1};
//     int first_operand = opt_parse(&program, argc, argv);
//     ...
//     opt_release(&program);
//
// -h, -V, -q and -v are added to every program. A wrong option ends the process with EX_USAGE.
#ifndef COMMON_OPT_H
#define COMMON_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum opt_kind {
    OPT_FLAG,     // bool
    OPT_STRING,   // const char *
    OPT_LIST,     // struct opt_list, one item each time it is given
    OPT_PAIRS,    // struct opt_list, two arguments each time: NAME VALUE
    OPT_COUNT,    // uint64_t; "10k", "5M" and "2G" are thousands, millions, milliards
    OPT_SIZE,     // uint64_t of bytes; k, M and G are powers of 1024
    OPT_DURATION, // int64_t of milliseconds
    OPT_PERCENT,  // double from 0 to 100
    OPT_CALL,     // handed to set() with the struct; arg is NULL where an optional one is missing
};

struct opt {
    const char *name;
    char letter; // 0 when there is no short form
    enum opt_kind kind;
    const char *arg; // what --help calls the argument; "[=NAME]" makes it optional (OPT_CALL only)
    const char *help;
    size_t offset; // of the member, in the options struct
    int (*set)(void *options, const char *arg, struct err *err);
    uint64_t min; // for OPT_COUNT and OPT_SIZE
};

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
