// SPDX-License-Identifier: BSD-2-Clause
#include "insight/window_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "json/json_write.h"

// Longer than anyone needs, and short enough that the sum of a time and a size never overflows.
#define LONGEST (100 * 366 * MS_DAY)

// Reads "1h" or "1h/5m". Returns 0 or -1.
static int parse_time(const char *text, struct window_spec *spec)
{
    size_t len = strcspn(text, "/");
    char *size = xstrndup(text, len);
    int status = duration_parse(size, &spec->size);

    free(size);
    spec->step = spec->size;
    if (status == 0 && text[len] == '/')
        status = duration_parse(text + len + 1, &spec->step);
    return status;
}

// Returns the length of the number in "500n" or "500n,30s", or 0 when the text is neither.
static size_t number_length(const char *text)
{
    size_t len = strcspn(text, ",");

    return len > 1 && text[len - 1] == 'n' ? len - 1 : 0;
}

// Reads "500n" or "500n,30s". Returns 0 or -1.
static int parse_records(const char *text, struct window_spec *spec)
{
    size_t len = number_length(text);
    char *number = xstrndup(text, len);
    int status = number_parse(number, 1000, &spec->records);

    free(number);
    if (status == 0 && text[len + 1] == ',') {
        status = duration_parse(text + len + 2, &spec->span);
        if (spec->span == 0)
            status = -1;
    }
    return status;
}

int window_spec_parse(const char *text, struct window_spec *spec, struct err *err)
{
    int status = 0;

    *spec = (struct window_spec){.text = text, .kind = WINDOW_ALL};
    if (strcmp(text, "all") == 0)
        return 0;
    spec->kind = number_length(text) > 0 ? WINDOW_RECORDS : WINDOW_TIME;
    status = spec->kind == WINDOW_TIME ? parse_time(text, spec) : parse_records(text, spec);
    if (status != 0)
        return err_set(err, EX_USAGE,
                       "'%s' is not a window such as 1h, 1h/5m, 500n, 500n,30s or all", text);
    if (spec->kind == WINDOW_RECORDS && spec->records == 0)
        return err_set(err, EX_USAGE, "'%s': the number of records is 0", text);
    if (spec->kind == WINDOW_TIME && (spec->size == 0 || spec->step == 0))
        return err_set(err, EX_USAGE, "'%s': the length is 0", text);
    if (spec->size > LONGEST || spec->span > LONGEST)
        return err_set(err, EX_USAGE, "'%s' is longer than a hundred years", text);
    if (spec->step > spec->size)
        return err_set(err, EX_USAGE, "'%s' would leave gaps between the windows", text);
    return 0;
}

int64_t window_spec_previous(const struct window_spec *spec, int64_t start)
{
    return spec->kind == WINDOW_TIME ? start - spec->step : start - 1;
}

int64_t window_spec_start(const struct window_spec *spec, int64_t time)
{
    int64_t into = time % spec->step;

    return time - into - (into < 0 ? spec->step : 0);
}

int64_t window_spec_end(const struct window_spec *spec, int64_t start)
{
    return start + spec->size;
}

void window_spec_put_key(struct buf *b, const struct window_spec *spec, int64_t start)
{
    buf_puts(b, spec->text);
    if (spec->kind == WINDOW_ALL)
        return;
    buf_putc(b, '/');
    if (spec->kind == WINDOW_TIME)
        time_format(b, start);
    else
        buf_put_i64(b, start);
}

void window_spec_put_json(struct buf *b, const struct window_spec *spec, int64_t start,
                          int64_t first, int64_t last)
{
    buf_putc(b, '{');
    if (spec->kind == WINDOW_TIME) {
        json_put_member_time(b, "start", start);
        json_put_member_time(b, "end", window_spec_end(spec, start));
    } else {
        buf_puts(b, "\"start\":null,\"end\":null");
        if (spec->kind == WINDOW_RECORDS)
            json_put_member_i64(b, "number", start);
        json_put_member_time(b, "first", first);
        json_put_member_time(b, "last", last);
    }
    buf_putc(b, '}');
}
