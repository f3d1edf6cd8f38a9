// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/format_options.h"

#include <string.h>

#define SEPARATOR_DEFAULT "\\t"

static int set_key(void *options, const char *arg, struct err *err)
{
    (void)err;
    ((struct format_options *)options)->separator = arg == NULL ? SEPARATOR_DEFAULT : arg;
    return 0;
}

const struct opt format_opts[] = {
    OPT_STRING("format", 'f', "FORMAT", struct format_options, spec,
               "print each record so, such as '%o %k: %s\\n'; see kcat-in(1)"),
    OPT_CALL("key", 0, "[=SEP]", set_key, "print the key, SEP (default a tab) and the value"),
    OPT_STRING(NULL, 'K', "SEP", struct format_options, separator, "the same"),
    OPT_STRING("delimiter", 'D', "DELIM", struct format_options, delimiter,
               "print the value as it is, and DELIM after each record (default \\n)"),
    OPT_FLAG(NULL, 'O', struct format_options, offset, "print the offset and SEP first"),
    OPT_FLAG(NULL, 'Z', struct format_options, null, "print NULL for a null key or value"),
};
const size_t format_opt_count = sizeof format_opts / sizeof *format_opts;

bool format_options_wanted(const struct format_options *o)
{
    return o->spec != NULL || o->separator != NULL || o->delimiter != NULL || o->offset || o->null;
}

static int fail(const char *option, const struct err *why, struct err *err)
{
    return err_set(err, why->status, "%s: %s", option, why->text);
}

static int add_text(struct format *f, const char *option, const char *text, struct err *err)
{
    struct err why;

    return format_add_text(f, text, strlen(text), &why) == 0 ? 0 : fail(option, &why, err);
}

int format_options_build(struct format_options *o, struct err *err)
{
    struct format *f = &o->format;
    const char *separator = o->separator != NULL ? o->separator : SEPARATOR_DEFAULT;
    struct err why;

    f->null = o->null ? "NULL" : NULL;
    if (o->spec != NULL)
        return format_parse(f, o->spec, &why) == 0 ? 0 : fail("-f", &why, err);
    if (o->offset) {
        format_add_letter(f, 'o');
        if (add_text(f, "-K", separator, err) != 0)
            return -1;
    }
    if (o->separator != NULL) {
        format_add_letter(f, 'k');
        if (add_text(f, "-K", separator, err) != 0)
            return -1;
    }
    format_add_letter(f, 's');
    return add_text(f, "-D", o->delimiter != NULL ? o->delimiter : "\\n", err);
}

void format_options_release(struct format_options *o)
{
    format_release(&o->format);
}
