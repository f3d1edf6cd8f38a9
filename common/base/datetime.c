// SPDX-License-Identifier: BSD-2-Clause
#include "base/datetime.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1},      {"s", MS_SECOND}, {"m", MS_MINUTE},
             {"h", MS_HOUR}, {"d", MS_DAY},    {"w", 7 * MS_DAY}};

#define UNIT_COUNT (sizeof units / sizeof *units)

static int64_t unit_ms(const char *name, size_t len)
{
    if (len == 0)
        return MS_SECOND;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (bytes_are(name, len, units[i].name))
            return units[i].ms;
    }
    return 0;
}

int duration_parse(const char *text, int64_t *ms)
{
    int64_t sum = 0;

    if (!isdigit((unsigned char)*text))
        return -1;
    while (*text != '\0') {
        int64_t n = 0, part;
        if (!isdigit((unsigned char)*text))
            return -1;
        for (; isdigit((unsigned char)*text); text++) {
            if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *text - '0', &n))
                return -1;
        }
        size_t len = strspn(text, "mshdw");
        int64_t unit = unit_ms(text, len);
        text += len;
        if (unit == 0 || __builtin_mul_overflow(n, unit, &part) ||
            __builtin_add_overflow(sum, part, &sum))
            return -1;
    }
    *ms = sum;
    return 0;
}

// Convert a date of the proleptic Gregorian calendar to days since 1970-01-01, and back. The
// algorithms are days_from_civil and civil_from_days of Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms".
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

// Reads exactly `digits` digits and the separator after them. '\0' means no separator.
static bool read_digits(const char **at, const char *end, int digits, char separator, int *n)
{
    *n = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (*at == end || !isdigit((unsigned char)**at))
            return false;
        *n = *n * 10 + (**at - '0');
    }
    if (separator == '\0')
        return true;
    if (*at == end || **at != separator)
        return false;
    (*at)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

// Reads the fraction of a second, if there is one. *at points to the byte after the seconds.
static bool read_fraction(const char **at, const char *end, int64_t *ms)
{
    int64_t scale = 100;

    *ms = 0;
    if (*at == end || **at != '.')
        return true;
    if (++*at == end || !isdigit((unsigned char)**at))
        return false;
    for (; *at < end && isdigit((unsigned char)**at); (*at)++, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

// Reads "Z" or "+hh:mm", which must end the text.
static bool read_offset(const char **at, const char *end, int64_t *ms)
{
    int hours, minutes;

    *ms = 0;
    if (end - *at == 1 && (**at == 'Z' || **at == 'z'))
        return true;
    if (end - *at != 6 || (**at != '+' && **at != '-'))
        return false;
    int64_t sign = *(*at)++ == '-' ? -1 : 1;
    if (!read_digits(at, end, 2, ':', &hours) || !read_digits(at, end, 2, '\0', &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *ms = sign * (hours * MS_HOUR + minutes * MS_MINUTE);
    return true;
}

int time_parse(const char *text, size_t len, int64_t *ms)
{
    const char *at = text, *end = text + len;
    int year, month, day, hour, minute, second;
    int64_t fraction, offset;

    if (!read_digits(&at, end, 4, '-', &year) || !read_digits(&at, end, 2, '-', &month) ||
        !read_digits(&at, end, 2, '\0', &day) || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return -1;
    int64_t midnight = days_from_date(year, month, day) * MS_DAY;
    if (at == end) {
        *ms = midnight;
        return 0;
    }
    if (*at != 'T' && *at != 't' && *at != ' ')
        return -1;
    at++;
    // A leap second, written as :60, counts as the first second of the next minute.
    if (!read_digits(&at, end, 2, ':', &hour) || !read_digits(&at, end, 2, ':', &minute) ||
        !read_digits(&at, end, 2, '\0', &second) || hour > 23 || minute > 59 || second > 60 ||
        !read_fraction(&at, end, &fraction) || !read_offset(&at, end, &offset))
        return -1;
    *ms = midnight + hour * MS_HOUR + minute * MS_MINUTE + second * MS_SECOND + fraction - offset;
    return 0;
}

void time_format(struct buf *b, int64_t ms)
{
    int64_t year, month, day;
    int64_t days = ms / MS_DAY - (ms % MS_DAY < 0);
    int64_t rest = ms % MS_DAY + (ms % MS_DAY < 0 ? MS_DAY : 0);

    date_from_days(days, &year, &month, &day);
    buf_printf(b, "%04lld-%02lld-%02lldT%02d:%02d:%02d", (long long)year, (long long)month,
               (long long)day, (int)(rest / MS_HOUR), (int)(rest / MS_MINUTE % 60),
               (int)(rest / MS_SECOND % 60));
    if (rest % MS_SECOND != 0)
        buf_printf(b, ".%03d", (int)(rest % MS_SECOND));
    buf_putc(b, 'Z');
}

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return now.tv_sec * MS_SECOND + now.tv_nsec / 1000000;
}

int64_t time_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
