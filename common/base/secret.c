// SPDX-License-Identifier: BSD-2-Clause
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/xalloc.h"

static bool is_name(const char *name, size_t len)
{
    static const char *const ends[] = {"password",           "passphrase",  "secret",    "key.pem",
                                       "oauthbearer.config", "jaas.config", "user.info", NULL};

    for (const char *const *end = ends; *end != NULL; end++) {
        size_t end_len = strlen(*end);
        if (len >= end_len && bytes_are(name + len - end_len, end_len, *end))
            return true;
    }
    return false;
}

// Returns whether a value is the secret itself. "@FILE" only names its file.
static bool is_value(const char *value)
{
    return value[0] != '\0' && (value[0] != '@' || value[1] == '@');
}

bool secret_is_name(const char *name)
{
    return is_name(name, strlen(name));
}

bool secret_is_setting(const char *name, const char *value)
{
    return secret_is_name(name) && is_value(value);
}

size_t secret_visible(const char *word)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._-";
    size_t len = strspn(word, letters);

    if (word[len] != '=' || !is_name(word, len) || !is_value(word + len + 1))
        return strlen(word);
    return len + 1;
}

void secret_protect(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        log_warn("cannot keep secrets out of core dumps: %s", strerror(errno));
}

char *secret_url(const char *url)
{
    const char *host = strstr(url, "://");
    const char *at = host == NULL ? NULL : memrchr(host, '@', strcspn(host, "?#"));

    return at == NULL ? xstrdup(url) : xasprintf("%.*s://%s", (int)(host - url), url, at + 1);
}
