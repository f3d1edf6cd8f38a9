// SPDX-License-Identifier: BSD-2-Clause
//
// secret: which settings are secret, and how a process keeps them to itself.
//
// A setting is secret by its name: sasl.password, ssl.key.password, ssl.key.pem, and all other
// names that end in such a way. Print a word of a command line only up to secret_visible():
//
//     size_t len = secret_visible(word);
//     printf("%.*s%s", (int)len, word, word[len] == '\0' ? "" : SECRET_HIDDEN);
//
// A value that begins with @ names the file with the secret (kafka/config_file.h), and may be seen.
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_HIDDEN "(hidden)"

bool secret_is_name(const char *name);

// Returns whether a setting holds a secret: whether its name is that of one, and the value is
// neither empty nor the name of a file.
bool secret_is_setting(const char *name, const char *value);

// Returns how many bytes of a word of a command line may be shown: all of them, or in a word such
// as "sasl.password=TEXT" or "-Xsasl.password=TEXT" those up to the equals sign.
size_t secret_visible(const char *word);

// Keeps the memory of this process from everyone but root: the kernel writes no core dump of it,
// and lets no other process of the same user trace or read it. A child inherits this, until it
// executes another program.
void secret_protect(void);

// Returns a copy of a URL without a login in it, USER:PASSWORD@, to be shown. Free it with free().
char *secret_url(const char *url);

#endif
