// SPDX-License-Identifier: BSD-2-Clause
//
// pipeline_check: whether a pipeline could run: loginpipe --check. Prints one line to stdout for
// each thing that it checks, as base/check_report.h shows. Kafka is checked by
// the pipeline's own kcat-in and kcat-out, with all their options and --check, so what passes is
// what will be used.
//
// Nothing is changed, and a pipeline that runs is not disturbed.
#ifndef LOGIN_PIPELINE_CHECK_H
#define LOGIN_PIPELINE_CHECK_H

#include "login/pipeline.h"

// Checks the pipeline, and its merger if it has one, and the file for metrics, or NULL. Returns the
// status of check_report_end(). pipeline_new() has found the tools.
int pipeline_check(struct pipeline *p, const char *metrics);

#endif
