// SPDX-License-Identifier: BSD-2-Clause
#include "base/metrics_merge.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"

void metrics_merge_release(struct metrics_merge *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->family[i].name);
        buf_release(&m->family[i].help);
        buf_release(&m->family[i].type);
        buf_release(&m->family[i].samples);
    }
    free(m->family);
    *m = (struct metrics_merge){0};
}

// --- Lines ---

// A part of a line.
struct part {
    const char *at;
    size_t len;
};

struct sample {
    struct part name;
    struct part labels; // what is between the braces
    struct part value;  // a timestamp behind it belongs to it
};

struct label {
    struct part name;
    struct part value; // with its escapes
};

// Takes the name at the beginning of a text. Returns false if there is none.
static bool take_name(struct part *text, struct part *name)
{
    size_t len = 0;

    while (len < text->len &&
           (isalnum((unsigned char)text->at[len]) || text->at[len] == '_' || text->at[len] == ':'))
        len++;
    *name = (struct part){text->at, len};
    text->at += len;
    text->len -= len;
    return len > 0 && !isdigit((unsigned char)name->at[0]);
}

static bool take_char(struct part *text, char c)
{
    if (text->len == 0 || text->at[0] != c)
        return false;
    text->at++;
    text->len--;
    return true;
}

static void skip_spaces(struct part *text)
{
    while (take_char(text, ' ') || take_char(text, '\t'))
        ;
}

// Takes one label, and the comma behind it. Returns false, and takes nothing, if there is none.
static bool take_label(struct part *text, struct label *l)
{
    struct part rest = *text;
    size_t len = 0;

    if (!take_name(&rest, &l->name) || !take_char(&rest, '=') || !take_char(&rest, '"'))
        return false;
    while (len < rest.len && rest.at[len] != '"')
        len += rest.at[len] == '\\' ? 2 : 1;
    if (len >= rest.len)
        return false;
    l->value = (struct part){rest.at, len};
    *text = (struct part){rest.at + len + 1, rest.len - len - 1};
    take_char(text, ',');
    return true;
}

static bool is_value(struct part text)
{
    char *copy = xstrndup(text.at, text.len), *end;

    strtod(copy, &end);
    bool is = end != copy && (*end == '\0' || *end == ' ');
    free(copy);
    return is;
}

static bool read_sample(struct part line, struct sample *s)
{
    struct label label;

    if (!take_name(&line, &s->name))
        return false;
    s->labels = (struct part){line.at, 0};
    if (take_char(&line, '{')) {
        s->labels.at = line.at;
        while (take_label(&line, &label))
            ;
        s->labels.len = (size_t)(line.at - s->labels.at);
        if (!take_char(&line, '}'))
            return false;
    }
    const size_t before = line.len;
    skip_spaces(&line);
    s->value = line;
    return line.len < before && is_value(line);
}

// --- Families ---

static bool is_part_of(const struct metrics_merge_family *f, struct part name)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    const size_t len = strlen(f->name);

    if (bytes_are(name.at, name.len, f->name))
        return true;
    if (name.len < len || memcmp(name.at, f->name, len) != 0 || f->type.len == 0 ||
        (memmem(f->type.data, f->type.len, " histogram\n", 11) == NULL &&
         memmem(f->type.data, f->type.len, " summary\n", 9) == NULL))
        return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        if (bytes_are(name.at + len, name.len - len, suffixes[i]))
            return true;
    }
    return false;
}

static const struct metrics_merge_family *find(const struct metrics_merge *m, struct part name)
{
    for (size_t i = 0; i < m->count; i++) {
        if (is_part_of(&m->family[i], name))
            return &m->family[i];
    }
    return NULL;
}

static struct metrics_merge_family *find_or_add(struct metrics_merge *m, struct part name)
{
    const struct metrics_merge_family *found = find(m, name);

    if (found != NULL)
        return &m->family[found - m->family];
    m->family = xreallocarray(m->family, m->count + 1, sizeof *m->family);
    m->family[m->count] = (struct metrics_merge_family){.name = xstrndup(name.at, name.len)};
    return &m->family[m->count++];
}

// --- Adding ---

static void add_sample(struct metrics_merge *m, struct part line, const char *labels)
{
    struct sample s;

    if (!read_sample(line, &s))
        return;
    struct buf *b = &find_or_add(m, s.name)->samples;
    buf_append(b, s.name.at, s.name.len);
    if (labels != NULL || s.labels.len > 0)
        buf_putc(b, '{');
    if (labels != NULL)
        buf_puts(b, labels);
    if (labels != NULL && s.labels.len > 0)
        buf_putc(b, ',');
    buf_append(b, s.labels.at, s.labels.len);
    if (labels != NULL || s.labels.len > 0)
        buf_putc(b, '}');
    buf_putc(b, ' ');
    buf_append(b, s.value.at, s.value.len);
    buf_putc(b, '\n');
}

// Adds a line such as "# TYPE name counter". Other comments are left out.
static void add_comment(struct metrics_merge *m, struct part line)
{
    struct part text = line, name;
    bool help = line.len > 7 && memcmp(line.at, "# HELP ", 7) == 0;

    if (!help && (line.len <= 7 || memcmp(line.at, "# TYPE ", 7) != 0))
        return;
    text.at += 7;
    text.len -= 7;
    if (!take_name(&text, &name) || !take_char(&text, ' '))
        return;
    struct metrics_merge_family *f = find_or_add(m, name);
    struct buf *b = help ? &f->help : &f->type;
    if (b->len > 0)
        return;
    buf_append(b, line.at, line.len);
    buf_putc(b, '\n');
}

void metrics_merge_add(struct metrics_merge *m, const char *text, size_t len, const char *labels)
{
    const char *const end = text + len;

    for (const char *next; text < end; text = next + 1) {
        next = memchr(text, '\n', (size_t)(end - text));
        if (next == NULL)
            return;
        const struct part line = {text, (size_t)(next - text)};
        if (line.len > 0 && line.at[0] == '#')
            add_comment(m, line);
        else
            add_sample(m, line, labels);
    }
}

bool metrics_merge_file(struct metrics_merge *m, const char *file, const char *labels)
{
    struct buf b = BUF_INIT;
    size_t n;

    FILE *f = fopen(file, "re");
    if (f == NULL)
        return false;
    do {
        buf_reserve(&b, 8192);
        n = fread(b.data + b.len, 1, b.size - b.len, f);
        b.len += n;
    } while (n > 0);
    const int error = ferror(f) ? EIO : 0;
    fclose(f);
    if (error == 0)
        metrics_merge_add(m, b.data, b.len, labels);
    buf_release(&b);
    errno = error;
    return error == 0;
}

// --- Telling ---

void metrics_merge_put(const struct metrics_merge *m, struct buf *b)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct metrics_merge_family *f = &m->family[i];
        if (f->samples.len == 0)
            continue;
        buf_append(b, f->help.data, f->help.len);
        buf_append(b, f->type.data, f->type.len);
        buf_append(b, f->samples.data, f->samples.len);
    }
}

// Returns whether the text with escapes stands for a value.
static bool is_escaped(struct part text, const char *value)
{
    for (; text.len > 0; text.at++, text.len--, value++) {
        char c = text.at[0];
        if (c == '\\' && text.len > 1) {
            text.at++;
            text.len--;
            c = text.at[0] == 'n' ? '\n' : text.at[0];
        }
        if (*value == '\0' || c != *value)
            return false;
    }
    return *value == '\0';
}

static bool has_label(struct part labels, const char *name, const char *value)
{
    struct label l;

    while (take_label(&labels, &l)) {
        if (bytes_are(l.name.at, l.name.len, name))
            return is_escaped(l.value, value);
    }
    return false;
}

static bool has_labels(const struct sample *s, va_list wanted)
{
    const char *name;

    while ((name = va_arg(wanted, const char *)) != NULL) {
        if (!has_label(s->labels, name, va_arg(wanted, const char *)))
            return false;
    }
    return true;
}

size_t metrics_merge_sum(const struct metrics_merge *m, const char *name, double *sum, ...)
{
    const struct metrics_merge_family *f = find(m, (struct part){name, strlen(name)});
    size_t found = 0;
    va_list wanted;

    *sum = 0;
    if (f == NULL || f->samples.len == 0)
        return 0;
    const char *end = f->samples.data + f->samples.len;
    for (const char *line = f->samples.data, *next; line < end; line = next + 1) {
        struct sample s;
        next = memchr(line, '\n', (size_t)(end - line));
        if (!read_sample((struct part){line, (size_t)(next - line)}, &s) ||
            !bytes_are(s.name.at, s.name.len, name))
            continue;
        va_start(wanted, sum);
        if (has_labels(&s, wanted)) {
            *sum += strtod(s.value.at, NULL); // the value ends with a newline
            found++;
        }
        va_end(wanted);
    }
    return found;
}
