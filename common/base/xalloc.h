// SPDX-License-Identifier: BSD-2-Clause
//
// xalloc: allocation that ends the process if there is no memory.
//
// A stage can do nothing useful without memory. So these functions print "out of memory" and exit
// with EX_TEMPFAIL, which means that the stage can be started again. With at-least-once delivery it
// then reads its input again. The same happens if a size would overflow. Free the memory with
// free().
//
//     struct item *list = xreallocarray(NULL, count, sizeof *list);
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

// Ends the process as if `size` bytes could not be allocated.
__attribute__((noreturn)) void xalloc_die(size_t size);

// Work like malloc(3), calloc(3), reallocarray(3), strdup(3) and asprintf(3). For a size of 0 they
// return memory too. xstrndup() copies exactly len bytes, even NUL bytes, and appends a NUL.
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t len);

__attribute__((format(printf, 1, 2))) char *xasprintf(const char *fmt, ...);

#endif
