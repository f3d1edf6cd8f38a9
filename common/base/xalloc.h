// SPDX-License-Identifier: BSD-2-Clause
//
// xalloc: memory that is there or ends the process.
//
// A filter can do nothing useful without memory, and what it has not passed on is still with its
// reader, so these say "out of memory" and exit with EX_TEMPFAIL (start me again). Sizes that
// would overflow end the same way. Free with free().
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

__attribute__((noreturn)) void xalloc_die(size_t size);

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);

__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
