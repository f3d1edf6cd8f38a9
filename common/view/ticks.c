// SPDX-License-Identifier: BSD-2-Clause
#include "view/ticks.h"

#include <stddef.h>
#include <time.h>

#include "base/datetime.h"

static const int64_t usual[] = {
    MS_SECOND,  2 * MS_SECOND, 5 * MS_SECOND, 10 * MS_SECOND, 15 * MS_SECOND, 30 * MS_SECOND,
    MS_MINUTE,  2 * MS_MINUTE, 5 * MS_MINUTE, 10 * MS_MINUTE, 15 * MS_MINUTE, 30 * MS_MINUTE,
    MS_HOUR,    2 * MS_HOUR,   3 * MS_HOUR,   6 * MS_HOUR,    12 * MS_HOUR,   MS_DAY,
    2 * MS_DAY, 7 * MS_DAY,    14 * MS_DAY,
};

#define USUAL (sizeof usual / sizeof *usual)

uint64_t ticks_step(uint64_t highest, uint64_t most)
{
    uint64_t step = 1;

    for (int i = 0; highest / step > most || (highest % step > 0 && highest / step == most); i++)
        step = i % 3 == 1 ? step / 2 * 5 : step * 2; // 1, 2, 5, 10
    return step;
}

int64_t ticks_duration(int64_t span, int64_t step, int64_t most)
{
    int64_t times = span / step / most + 1;

    if (span / step <= most)
        return step;
    for (size_t i = 0; i < USUAL; i++) {
        if (usual[i] % step == 0 && span / usual[i] <= most && usual[i] / 3 <= times * step)
            return usual[i];
    }
    return times * step;
}

struct time_ticks time_ticks(int64_t start, int64_t end, int64_t least, int64_t most)
{
    static const int months[] = {1, 2, 3, 6, 12, 24, 60, 120, 1200, 12000};
    size_t i = 0, k = 0;

    while (i < USUAL && (usual[i] < least || (end - start) / usual[i] > most))
        i++;
    if (i < USUAL)
        return (struct time_ticks){.step = usual[i]};
    while (k + 1 < sizeof months / sizeof *months &&
           (end - start) / (30 * MS_DAY) / months[k] > most)
        k++;
    return (struct time_ticks){.months = months[k]};
}

// Returns the beginning of a month, counted from January 1970.
static int64_t month_start(int64_t month)
{
    struct tm tm = {.tm_mday = 1, .tm_year = 70 + (int)(month / 12), .tm_mon = (int)(month % 12)};

    return (int64_t)timegm(&tm) * 1000;
}

static struct tm fields_of(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    return tm;
}

static int64_t month_of(int64_t ms)
{
    struct tm tm = fields_of(ms);

    return 12 * (int64_t)(tm.tm_year - 70) + tm.tm_mon;
}

int64_t time_tick_first(const struct time_ticks *t, int64_t ms)
{
    // Weeks begin on a Monday; 1970-01-01 was a Thursday.
    int64_t shift = t->step > 0 && t->step % (7 * MS_DAY) == 0 ? 4 * MS_DAY : 0;

    if (t->step > 0)
        return (ms - shift + t->step - 1) / t->step * t->step + shift;
    int64_t month = month_of(ms) / t->months * t->months;
    return month_start(month) >= ms ? month_start(month) : month_start(month + t->months);
}

int64_t time_tick_next(const struct time_ticks *t, int64_t ms)
{
    return t->step > 0 ? ms + t->step : month_start(month_of(ms) + t->months);
}

void time_tick_put(const struct time_ticks *t, struct buf *b, int64_t ms)
{
    static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm = fields_of(ms);

    if (t->step == 0)
        buf_printf(b, "%s %d", names[tm.tm_mon], tm.tm_year + 1900);
    else if (ms % MS_DAY == 0)
        buf_printf(b, "%d %s", tm.tm_mday, names[tm.tm_mon]);
    else if (t->step % MS_MINUTE == 0)
        buf_printf(b, "%02d:%02d", tm.tm_hour, tm.tm_min);
    else
        buf_printf(b, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}
