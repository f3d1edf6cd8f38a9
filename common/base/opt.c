// SPDX-License-Identifier: BSD-2-Clause
#include "base/opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/xalloc.h"

#ifndef LOGINPIPE_VERSION
#define LOGINPIPE_VERSION "unreleased"
#endif

#define FIRST_CODE 256 // getopt codes of long options start here, above every letter
#define HELP_COLUMN 30

enum { GENERAL_HELP, GENERAL_VERSION, GENERAL_QUIET, GENERAL_VERBOSE };

static int set_quiet(void *options, const char *arg, struct err *err)
{
    (void)options, (void)arg, (void)err;
    log_set_level(LOG_ERROR);
    return 0;
}

static int set_verbose(void *options, const char *arg, struct err *err)
{
    (void)options, (void)arg, (void)err;
    log_set_level(log_level() < LOG_INFO ? LOG_INFO : LOG_DEBUG);
    return 0;
}

static const struct opt general[] = {
    [GENERAL_HELP] = {"help", 'h', OPT_KIND_FLAG, NULL, "print this and exit", 0, NULL, 0},
    [GENERAL_VERSION] = {"version", 'V', OPT_KIND_FLAG, NULL, "print the versions and exit", 0,
                         NULL, 0},
    [GENERAL_QUIET] = OPT_CALL("quiet", 'q', NULL, set_quiet, "print errors only"),
    [GENERAL_VERBOSE] = OPT_CALL("verbose", 'v', NULL, set_verbose,
                                 "print progress, and the ledger at exit; twice for more"),
};

void opt_usage_error(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_error("%s (see %s --help)", text, log_program());
    exit(EX_USAGE);
}

int opt_accept(void *options, const char *arg, struct err *err)
{
    (void)options;
    (void)arg;
    (void)err;
    return 0;
}

void opt_list_add(struct opt_list *list, const char *item)
{
    // Doubles the array whenever the count is a power of two, so that no capacity has to be kept.
    if ((list->count & (list->count - 1)) == 0) {
        size_t capacity = list->count == 0 ? 1 : 2 * list->count;
        list->item = xreallocarray(list->item, capacity, sizeof *list->item);
    }
    list->item[list->count++] = item;
}

void opt_list_release(struct opt_list *list)
{
    free(list->item);
    *list = (struct opt_list){0};
}

static bool has_argument(const struct opt *o)
{
    return o->arg != NULL;
}

static bool argument_is_optional(const struct opt *o)
{
    return o->arg != NULL && strncmp(o->arg, "[=", 2) == 0;
}

// Returns the option as a user writes it: "--name", or "-x" if it has only a letter.
static const char *display_name(const struct opt *o, char *text, size_t size)
{
    if (o->name != NULL)
        snprintf(text, size, "--%s", o->name);
    else
        snprintf(text, size, "-%c", o->letter);
    return text;
}

static int store(const struct opt *o, void *options, const char *arg, struct err *err)
{
    char *member = (char *)options + o->offset;
    char *end;

    switch (o->kind) {
    case OPT_KIND_FLAG:
        *(bool *)(void *)member = true;
        return 0;
    case OPT_KIND_STRING:
        *(const char **)(void *)member = arg;
        return 0;
    case OPT_KIND_LIST:
    case OPT_KIND_PAIRS:
        opt_list_add((struct opt_list *)(void *)member, arg);
        return 0;
    case OPT_KIND_COUNT:
    case OPT_KIND_SIZE: {
        uint64_t *n = (uint64_t *)(void *)member;
        if (number_parse(arg, o->kind == OPT_KIND_COUNT ? 1000 : 1024, n) != 0)
            return err_set(err, EX_USAGE, "'%s' is not a number", arg);
        if (*n < o->min)
            return err_set(err, EX_USAGE, "'%s' is below %llu", arg, (unsigned long long)o->min);
        return 0;
    }
    case OPT_KIND_DURATION:
        if (duration_parse(arg, (int64_t *)(void *)member) != 0)
            return err_set(err, EX_USAGE, "'%s' is not a duration such as 500ms, 10s or 1h", arg);
        return 0;
    case OPT_KIND_PERCENT: {
        double *percent = (double *)(void *)member;
        *percent = strtod(arg, &end);
        if (end == arg || *end != '\0' || !(*percent >= 0 && *percent <= 100))
            return err_set(err, EX_USAGE, "'%s' is not a percentage from 0 to 100", arg);
        return 0;
    }
    case OPT_KIND_CALL:
        return o->set(options, arg, err);
    }
    return err_set(err, EX_SOFTWARE, "option of an unknown kind");
}

static void print_option(const struct opt *o)
{
    char left[64];
    int len = 0;

    if (o->letter != 0)
        len = snprintf(left, sizeof left, "  -%c", o->letter);
    else
        len = snprintf(left, sizeof left, "    ");
    if (o->name != NULL)
        len += snprintf(left + len, sizeof left - (size_t)len, "%s--%s",
                        o->letter != 0 ? ", " : "  ", o->name);
    if (has_argument(o))
        len += snprintf(left + len, sizeof left - (size_t)len, "%s%s",
                        argument_is_optional(o) ? "" : " ", o->arg);
    if (len > HELP_COLUMN - 2)
        printf("%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
    else
        printf("%-*s%s\n", HELP_COLUMN, left, o->help);
}

void opt_exit_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        exit(EX_OK);
    log_error("stdout: %s", strerror(errno));
    exit(EX_IOERR);
}

static _Noreturn void print_help(const struct opt_program *program, const struct opt_group *groups,
                                 size_t count)
{
    printf("Usage: %s %s\n%s\n", log_program(), program->synopsis, program->summary);
    for (size_t i = 0; i < count; i++) {
        if (groups[i].table != NULL)
            printf("\n%s:\n", groups[i].title);
        for (size_t j = 0; j < groups[i].count; j++)
            print_option(&groups[i].table[j]);
    }
    for (size_t i = 0; i < count; i++) {
        if (groups[i].table == NULL)
            printf("\n%s\n", groups[i].title);
    }
    printf("\nMore in %s(1) and loginpipe(7).\n", log_program());
    opt_exit_printed();
}

const char *opt_version(void)
{
    return LOGINPIPE_VERSION;
}

static _Noreturn void print_version(const struct opt_program *program)
{
    printf("%s (loginpipe) %s\n", log_program(), opt_version());
    for (const struct opt_library *l = program->libraries; l != NULL && l->name != NULL; l++)
        printf("%s %s\n", l->name, l->version());
    opt_exit_printed();
}

// The options of all groups in one array, as getopt_long(3) requires.
struct lookup {
    struct option *longs;
    const struct opt **opts;
    void **options; // the options struct of each
    struct buf letters;
    size_t count, long_count;
};

static void lookup_add(struct lookup *l, const struct opt *o, void *options)
{
    int has_arg = !has_argument(o)          ? no_argument
                  : argument_is_optional(o) ? optional_argument
                                            : required_argument;

    if (o->name != NULL)
        l->longs[l->long_count++] =
            (struct option){o->name, has_arg, NULL, FIRST_CODE + (int)l->count};
    if (o->letter != 0)
        buf_printf(&l->letters, "%c%.*s", o->letter, has_arg, "::");
    l->opts[l->count] = o;
    l->options[l->count++] = options;
}

static void lookup_init(struct lookup *l, const struct opt_group *groups, size_t group_count)
{
    size_t total = 0;

    for (size_t i = 0; i < group_count; i++)
        total += groups[i].count;
    *l = (struct lookup){.letters = BUF_INIT};
    l->longs = xcalloc(total + 1, sizeof *l->longs);
    l->opts = xcalloc(total, sizeof *l->opts);
    l->options = xcalloc(total, sizeof *l->options);
    buf_putc(&l->letters, ':'); // getopt prints nothing and returns ':' for a missing argument
    for (size_t i = 0; i < group_count; i++) {
        for (size_t j = 0; j < groups[i].count; j++)
            lookup_add(l, &groups[i].table[j], groups[i].options);
    }
    buf_putc(&l->letters, '\0');
}

static void lookup_release(struct lookup *l)
{
    free(l->longs);
    free(l->opts);
    free(l->options);
    buf_release(&l->letters);
}

static size_t lookup_find(const struct lookup *l, int code)
{
    if (code >= FIRST_CODE)
        return (size_t)(code - FIRST_CODE);
    for (size_t i = 0; i < l->count; i++) {
        if (l->opts[i]->letter == code)
            return i;
    }
    opt_usage_error("-%c: unknown option", code);
}

static _Noreturn void reject_option(const struct lookup *l, int code, char *const *argv)
{
    char name[64];

    if (code == ':' && optopt >= FIRST_CODE)
        opt_usage_error("--%s: needs an argument", l->opts[optopt - FIRST_CODE]->name);
    if (code == ':')
        opt_usage_error("-%c: needs an argument", optopt);
    if (optopt >= FIRST_CODE)
        opt_usage_error("%s: takes no argument",
                        display_name(l->opts[optopt - FIRST_CODE], name, sizeof name));
    if (optopt != 0)
        opt_usage_error("-%c: unknown option", optopt);
    opt_usage_error("%s: unknown or ambiguous option", argv[optind - 1]);
}

static void apply(const struct lookup *l, size_t i, int argc, char **argv)
{
    const struct opt *o = l->opts[i];
    struct err err;
    char name[64];

    if (store(o, l->options[i], optarg, &err) != 0) {
        if (err.status != EX_USAGE)
            err_die(&err);
        opt_usage_error("%s: %s", display_name(o, name, sizeof name), err.text);
    }
    if (o->kind == OPT_KIND_PAIRS) {
        // getopt does not know of the second argument. Step over it.
        if (optind >= argc)
            opt_usage_error("%s: needs two arguments, %s", display_name(o, name, sizeof name),
                            o->arg);
        store(o, l->options[i], argv[optind++], &err);
    }
}

int opt_parse(const struct opt_program *program, int argc, char **argv)
{
    size_t count = program->group_count + 1;
    struct opt_group *groups = xcalloc(count, sizeof *groups);
    struct lookup l;
    int code;

    memcpy(groups, program->groups, program->group_count * sizeof *groups);
    groups[count - 1] = (struct opt_group)OPT_GROUP("General", general, NULL);
    lookup_init(&l, groups, count);
    while ((code = getopt_long(argc, argv, l.letters.data, l.longs, NULL)) != -1) {
        if (code == '?' || code == ':')
            reject_option(&l, code, argv);
        size_t i = lookup_find(&l, code);
        if (l.opts[i] == &general[GENERAL_HELP])
            print_help(program, groups, count);
        if (l.opts[i] == &general[GENERAL_VERSION])
            print_version(program);
        apply(&l, i, argc, argv);
    }
    lookup_release(&l);
    free(groups);
    return optind;
}

void opt_release(const struct opt_program *program)
{
    for (size_t i = 0; i < program->group_count; i++) {
        const struct opt_group *g = &program->groups[i];
        for (size_t j = 0; j < g->count; j++) {
            if (g->table[j].kind == OPT_KIND_LIST || g->table[j].kind == OPT_KIND_PAIRS)
                opt_list_release((void *)((char *)g->options + g->table[j].offset));
        }
    }
}
