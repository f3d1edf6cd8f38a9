// SPDX-License-Identifier: BSD-2-Clause
#include "login/environment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

const char *environment_get(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value == NULL || *value == '\0' ? otherwise : value;
}

char *environment_state(void)
{
    const char *base = environment_get("STATE_DIR", NULL);

    if (base != NULL)
        return xstrdup(base);
    base = environment_get("STATE_DIRECTORY", NULL);
    if (base != NULL)
        return xstrndup(base, strcspn(base, ":")); // systemd may name several
    base = environment_get("XDG_STATE_HOME", "");
    if (*base == '/') // the standard says to ignore others
        return xasprintf("%s/loginpipe", base);
    base = environment_get("HOME", NULL);
    return base == NULL ? NULL : xasprintf("%s/.local/state/loginpipe", base);
}

char *environment_process(void)
{
    char host[HOST_NAME_MAX + 1] = "";

    gethostname(host, sizeof host - 1);
    return xasprintf("%s-%d", host, (int)getpid());
}
