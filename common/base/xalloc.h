// SPDX-License-Identifier: BSD-2-Clause
//
// xalloc: allocation that ends the process if there is no memory.
//
// A filter can do nothing useful without memory, so these functions print "out of memory" and exit
// with EX_TEMPFAIL, "start me again"; a stage that delivers its input at least once then reads it
// again. The same happens if a size would overflow. Free the memory with free().
//
//     struct item *list = xreallocarray(NULL, count, sizeof *list);
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

// Ends the process as if `size` bytes could not be had.
__attribute__((noreturn)) void xalloc_die(size_t size);

// Like malloc(3), calloc(3), reallocarray(3), strdup(3) and asprintf(3). A size of 0 yields memory
// too. xstrndup() copies exactly len bytes, NUL or not, and appends a NUL.
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);

__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
