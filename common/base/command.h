// SPDX-License-Identifier: BSD-2-Clause
//
// command: a program and its arguments, built from templates, to execute or to print for a shell.
//
//     const struct command_value values[] = {{"GROUP", "logins"}, {"CREATE", ""}};
//     struct command c = COMMAND_INIT;
//     command_add(&c, command_find("kcat-in"));
//     command_add_template(&c, "-G {GROUP} --rejects - {CREATE}", values, 2);
//     command_print(&c); // kcat-in -G logins --rejects -
//     execv(c.argv[0], c.argv);
//     command_release(&c);
#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

struct command {
    char **argv; // owned, and so are its words; ends with NULL. NULL while there is no word
    size_t count;
};

#define COMMAND_INIT                                                                               \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

struct command_value {
    const char *name;
    const char *value;
};

void command_release(struct command *c);

// Appends one word, and takes ownership of it.
void command_add(struct command *c, char *take);

// Appends the words of a text, which are separated by whitespace. Quotes and patterns have no
// special meaning.
void command_add_words(struct command *c, const char *text);

// Appends the words of a template. In each word, replaces "{NAME}" with the value of that name. The
// value is not split into words. A word that becomes empty is left out. All names must be among the
// values.
void command_add_template(struct command *c, const char *text, const struct command_value *values,
                          size_t count);

// Returns whether one of the words holds the value of a secret setting.
bool command_has_secret(const struct command *c);

// Prints one word to stdout, quoted if a shell would otherwise change it.
void command_print_word(const char *word);

// Prints the words to stdout, with spaces between them. If a shell would find the program in PATH
// by its name, prints the name instead of the path. Hides the values of secret settings.
void command_print(const struct command *c);

// Returns the path of an executable file in the directories of PATH, or NULL. Free it with free().
char *command_find(const char *name);

// Does the same, but looks first in the directory of the running program.
char *command_find_beside(const char *name);

#endif
