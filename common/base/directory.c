// SPDX-License-Identifier: BSD-2-Clause
#include "base/directory.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int directory_make(const char *path, const char *setting, struct err *err)
{
    size_t len = 0;

    while (path[len] != '\0') {
        len += 1 + strcspn(path + len + 1, "/");
        char *part = xstrndup(path, len);
        bool made = mkdir(part, 0700) == 0 || (errno == EEXIST && is_directory(part));
        free(part);
        if (!made)
            return err_set(err, EX_CANTCREAT, "%s: %s: %s", setting, path, strerror(errno));
    }
    return 0;
}

char *directory_make_temporary(const char *const *places, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        const size_t len = strcspn(places[i], ":");
        if (len == 0 || places[i][0] != '/')
            continue;
        char *dir = xasprintf("%.*s/%s.XXXXXX", (int)len, places[i], name);
        if (mkdtemp(dir) != NULL)
            return dir;
        int why = errno;
        free(dir);
        errno = why;
    }
    return NULL;
}

void directory_remove(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
    rmdir(path);
}
