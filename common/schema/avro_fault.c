// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int avro_fault_set(struct avro_fault *fault, const char *fmt, ...)
{
    va_list ap;

    fault->path[0] = '\0';
    va_start(ap, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, ap);
    va_end(ap);
    return -1;
}

static int put_before(struct avro_fault *fault, const char *step)
{
    const size_t len = strlen(fault->path), step_len = strlen(step);
    const size_t dot = len > 0 && fault->path[0] != '[' && fault->path[0] != '.';

    if (step_len + dot + len >= sizeof fault->path - 3) {
        if (len + 3 < sizeof fault->path && strncmp(fault->path, "...", 3) != 0) {
            memmove(fault->path + 3, fault->path, len + 1);
            memcpy(fault->path, "...", 3);
        }
        return -1;
    }
    memmove(fault->path + step_len + dot, fault->path, len + 1);
    memcpy(fault->path, step, step_len);
    if (dot)
        fault->path[step_len] = '.';
    return -1;
}

int avro_fault_in_field(struct avro_fault *fault, const char *name)
{
    return strncmp(fault->path, "...", 3) == 0 ? -1 : put_before(fault, name);
}

int avro_fault_in_item(struct avro_fault *fault, size_t index)
{
    char step[32];

    snprintf(step, sizeof step, "[%zu]", index);
    return avro_fault_in_field(fault, step);
}
