// SPDX-License-Identifier: BSD-2-Clause
#include "view/label.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/datetime.h"

#define DATE_LEN 10 // of 2023-09-12

// Appends a moment with as many parts as its precision needs. The precision is in ms.
static void put_moment(struct buf *b, int64_t ms, int64_t precision)
{
    struct buf text = BUF_INIT;
    size_t len = precision % MS_DAY == 0      ? DATE_LEN
                 : precision % MS_MINUTE == 0 ? sizeof "2023-09-12T00:00" - 1
                                              : sizeof "2023-09-12T00:00:00" - 1;

    time_format(&text, ms);
    if (text.len > len)
        text.len = len;
    if (text.len > DATE_LEN)
        text.data[DATE_LEN] = ' ';
    buf_append(b, text.data, text.len);
    buf_release(&text);
}

// Returns a time of which all starts and ends of the windows are multiples.
static int64_t precision(const struct series *s, const struct window *w)
{
    static const int64_t units[] = {MS_DAY, MS_MINUTE};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (s->length % units[i] == 0 && s->step % units[i] == 0 && w->start % units[i] == 0)
            return units[i];
    }
    return MS_SECOND;
}

size_t label_window(struct buf *b, const struct series *s, const struct window *w)
{
    size_t start = b->len;

    if (w->start != INSIGHT_NO_TIME) {
        put_moment(b, w->start, precision(s, w));
        return b->len - start > DATE_LEN ? DATE_LEN + 1 : 0;
    }
    if (s->kind == WINDOW_RECORDS)
        buf_printf(b, "#%" PRId64, w->order);
    else
        buf_puts(b, "all");
    return 0;
}

void label_time(struct buf *b, int64_t ms)
{
    put_moment(b, ms, MS_SECOND);
    buf_puts(b, " UTC");
}

// Appends the end of a window, without the date if that of the start was just appended.
static void put_end(struct buf *b, const struct series *s, const struct window *w)
{
    struct buf text = BUF_INIT;
    bool same_day = w->end - w->start < MS_DAY && w->end / MS_DAY == w->start / MS_DAY;

    put_moment(&text, w->end, precision(s, w));
    size_t skip = same_day && text.len > DATE_LEN ? DATE_LEN + 1 : 0;
    buf_append(b, text.data + skip, text.len - skip);
    buf_release(&text);
}

void label_window_span(struct buf *b, const struct series *s, const struct window *w)
{
    label_window(b, s, w);
    if (w->start != INSIGHT_NO_TIME) {
        if (s->length != MS_DAY) {
            buf_puts(b, " to ");
            put_end(b, s, w);
        }
        buf_puts(b, " UTC");
    } else if (w->first != INSIGHT_NO_TIME && w->last != INSIGHT_NO_TIME) {
        buf_puts(b, ", ");
        put_moment(b, w->first, MS_SECOND);
        buf_puts(b, " to ");
        label_time(b, w->last);
    }
}

void label_series(struct buf *b, const struct series *s)
{
    static const struct {
        const char *name, *words;
    } known[] = {
        {"1h", "per hour"},
        {"1d", "per day"},
        {"1m", "per minute"},
        {"all", "of the whole input"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(s->name, known[i].name) == 0) {
            buf_puts(b, known[i].words);
            return;
        }
    }
    const char *slash = strchr(s->name, '/');
    size_t len = slash == NULL ? strlen(s->name) : (size_t)(slash - s->name);
    buf_puts(b, "per window of ");
    buf_append(b, s->name, len);
    if (slash != NULL)
        buf_printf(b, ", each %s", slash + 1);
}

void label_plural(struct buf *b, const char *field)
{
    static const struct {
        const char *field, *words;
    } known[] = {
        {"user_id", "users"},
        {"ip", "addresses"},
        {"device_id", "devices"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(field, known[i].field) == 0) {
            buf_puts(b, known[i].words);
            return;
        }
    }
    buf_printf(b, "%ss", field);
}
