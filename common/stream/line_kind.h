// SPDX-License-Identifier: BSD-2-Clause
//
// line_kind: whether a line is an insight or a partial, by its first bytes (loginpipe-stream(5)).
// mark_is() and reject_is() recognise the other lines that are not data.
#ifndef STREAM_LINE_KIND_H
#define STREAM_LINE_KIND_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/line.h"

static inline bool line_is_insight(const struct line *line)
{
    return bytes_begin(line->data, line->len, "{\"insight\":");
}

static inline bool line_is_partial(const struct line *line)
{
    return bytes_begin(line->data, line->len, "{\"partial\":");
}

#endif
