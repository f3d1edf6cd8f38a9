// SPDX-License-Identifier: BSD-2-Clause
//
// directory: makes directories that only this user may read, and removes them.
//
//     if (directory_make("/var/lib/loginpipe/logins", "STATE_DIR", &err) != 0)
//         ...
//     char *dir = directory_make_temporary(places, 3, "loginpipe");
//     directory_remove(dir);
//     free(dir);
#ifndef BASE_DIRECTORY_H
#define BASE_DIRECTORY_H

#include <stddef.h>

#include "base/err.h"

// Makes a directory and its missing parents, as mkdir -p does. `setting` names it in a message.
// Returns 0, or -1 with EX_CANTCREAT.
int directory_make(const char *path, const char *setting, struct err *err);

// Makes a directory with a name of its own in the first place where that is possible. A place is an
// absolute path, or several between colons, of which the first one counts; others are left out.
// Returns its path, or NULL with errno set. Free it with free().
char *directory_make_temporary(const char *const *places, size_t count, const char *name);

// Removes a directory and the files in it, as far as that is possible.
void directory_remove(const char *path);

#endif
