// SPDX-License-Identifier: BSD-2-Clause
#include "base/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/xalloc.h"

#define SEND_WAIT 1 // s until a manager that takes nothing from its socket is given up

// Returns a setting in µs as ms, or 0 if it is missing, malformed or for another process.
static int64_t take_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t n = 0;

    if (usec == NULL || number_parse(usec, 1, &n) != 0 || n / 1000 > INT64_MAX)
        n = 0;
    if (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid())
        n = 0;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return (int64_t)(n / 1000);
}

void notify_init(struct notify *n)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *n = (struct notify){.watchdog = take_watchdog()};
    if (name != NULL && (name[0] == '/' || name[0] == '@') && name[1] != '\0')
        n->socket = xstrdup(name);
    else if (name != NULL && name[0] != '\0')
        log_warn("NOTIFY_SOCKET: %s: neither a path nor an abstract name; nobody is notified",
                 name);
    unsetenv("NOTIFY_SOCKET");
    if (n->socket == NULL)
        n->watchdog = 0;
}

void notify_release(struct notify *n)
{
    free(n->socket);
    n->socket = NULL;
}

// Sends one datagram. Returns false with errno set.
static bool send_text(const char *name, const char *text, size_t len)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const struct timeval wait = {.tv_sec = SEND_WAIT};
    const size_t name_len = strlen(name);

    if (name_len >= sizeof to.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(to.sun_path, name, name_len);
    if (name[0] == '@')
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    // The length counts: an abstract name ends with it.
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name_len);
    bool sent = sendto(fd, text, len, MSG_NOSIGNAL, (const struct sockaddr *)&to, size) >= 0;
    int why = errno;
    close(fd);
    errno = why;
    return sent;
}

void notify_send(struct notify *n, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    if (n->socket == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const bool sent = send_text(n->socket, text, strlen(text));
    if (!sent && !n->failed)
        log_warn("NOTIFY_SOCKET: %s: %s", n->socket, strerror(errno));
    n->failed = !sent;
}
