// SPDX-License-Identifier: BSD-2-Clause
#include "base/command.h"

#include <limits.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "base/xalloc.h"

#define WHITESPACE " \t\n"

// --- Words ---

void command_release(struct command *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->argv[i]);
    free(c->argv);
    *c = (struct command)COMMAND_INIT;
}

void command_add(struct command *c, char *take)
{
    c->argv = xreallocarray(c->argv, c->count + 2, sizeof *c->argv);
    c->argv[c->count++] = take;
    c->argv[c->count] = NULL;
}

// Moves *text past its first word, and sets *word to where that word begins. Returns the word's
// length, or 0 when there is no further word.
static size_t next_word(const char **text, const char **word)
{
    *word = *text + strspn(*text, WHITESPACE);
    size_t len = strcspn(*word, WHITESPACE);
    *text = *word + len;
    return len;
}

void command_add_words(struct command *c, const char *text)
{
    const char *word;
    size_t len;

    while ((len = next_word(&text, &word)) > 0)
        command_add(c, xstrndup(word, len));
}

// Appends the value of a name, which has len bytes.
static void put_value(struct buf *b, const char *name, size_t len,
                      const struct command_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_are(name, len, values[i].name))
            buf_puts(b, values[i].value);
    }
}

static void expand(struct buf *b, const char *word, size_t len, const struct command_value *values,
                   size_t count)
{
    const char *const end = word + len;

    while (word < end) {
        const char *close = *word == '{' ? memchr(word, '}', (size_t)(end - word)) : NULL;
        if (close == NULL) {
            buf_putc(b, *word++);
        } else {
            put_value(b, word + 1, (size_t)(close - word - 1), values, count);
            word = close + 1;
        }
    }
}

void command_add_template(struct command *c, const char *text, const struct command_value *values,
                          size_t count)
{
    struct buf b = BUF_INIT;
    const char *word;
    size_t len;

    while ((len = next_word(&text, &word)) > 0) {
        buf_clear(&b);
        expand(&b, word, len, values, count);
        if (b.len > 0)
            command_add(c, xstrndup(b.data, b.len));
    }
    buf_release(&b);
}

// --- Finding programs ---

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

// Returns the path of a program in a directory, or NULL if it is not there. The directory's name
// has len bytes.
static char *find_in(const char *directory, size_t len, const char *name)
{
    char *path = len == 0 ? xasprintf("./%s", name) // as POSIX reads an empty entry of PATH
                          : xasprintf("%.*s/%s", (int)len, directory, name);

    if (is_program(path))
        return path;
    free(path);
    return NULL;
}

char *command_find(const char *name)
{
    const char *directory = getenv("PATH");
    char *path = NULL;

    if (directory == NULL)
        directory = _PATH_DEFPATH;
    for (;;) {
        size_t len = strcspn(directory, ":");
        path = find_in(directory, len, name);
        if (path != NULL || directory[len] == '\0')
            return path;
        directory += len + 1;
    }
}

char *command_find_beside(const char *name)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self);
    const char *slash = len < 0 ? NULL : memrchr(self, '/', (size_t)len);
    char *path = NULL;

    if (slash != NULL)
        path = find_in(self, slash == self ? 1 : (size_t)(slash - self), name);
    return path != NULL ? path : command_find(name);
}

// --- Printing ---

bool command_has_secret(const struct command *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->argv[i][secret_visible(c->argv[i])] != '\0')
            return true;
    }
    return false;
}

void command_print_word(const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_./:=,@%+-";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, stdout);
        return;
    }
    putchar('\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    }
    putchar('\'');
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// Prints a word without the value of a secret setting.
static void print_visible(const char *word)
{
    size_t len = secret_visible(word);

    if (word[len] == '\0') {
        command_print_word(word);
        return;
    }
    char *shown = xasprintf("%.*s" SECRET_HIDDEN, (int)len, word);
    command_print_word(shown);
    free(shown);
}

void command_print(const struct command *c)
{
    const char *slash = strrchr(c->argv[0], '/');
    const char *name = slash == NULL ? c->argv[0] : slash + 1;
    char *found = command_find(name);

    command_print_word(found != NULL && is_same_file(found, c->argv[0]) ? name : c->argv[0]);
    for (size_t i = 1; i < c->count; i++) {
        putchar(' ');
        print_visible(c->argv[i]);
    }
    free(found);
}
