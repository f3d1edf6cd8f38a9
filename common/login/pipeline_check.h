// SPDX-License-Identifier: BSD-2-Clause
//
// pipeline_check: whether a pipeline could run: loginpipe --check. Prints one line to stdout for
// each thing that it checks, which begins with "ok:" or "failed:". Kafka is checked by the
// pipeline's own kcat-in and kcat-out, with all their options and --check, so what passes is what
// will be used.
//
// Nothing is changed, and a pipeline that runs is not disturbed.
#ifndef LOGIN_PIPELINE_CHECK_H
#define LOGIN_PIPELINE_CHECK_H

#include "login/pipeline.h"

// Checks the pipeline, and its merger if it has one. Returns the status of the first failure;
// EX_OK; or EX_IOERR, with a message, if stdout cannot be written. pipeline_new() has found the
// tools.
int pipeline_check(struct pipeline *p);

#endif
