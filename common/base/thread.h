// SPDX-License-Identifier: BSD-2-Clause
//
// thread: starts a thread in which no signal is handled. So signals interrupt the calls of the main
// thread, as signals.h needs.
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

// Starts run(arg) in a thread, which must be joined. Returns 0, or the error of pthread_create(3).
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
