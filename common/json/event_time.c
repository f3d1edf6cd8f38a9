// SPDX-License-Identifier: BSD-2-Clause
#include "json/event_time.h"

#include "base/datetime.h"

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z
#define EARLIEST INT64_C(-62167219200000)
#define LATEST INT64_C(253402300799999)

static bool digits(const char *text, size_t len, int64_t *n)
{
    if (len == 0 || len > 19)
        return false;
    *n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        // A number of 19 digits may overflow.
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, text[i] - '0', n))
            return false;
    }
    return true;
}

bool event_time_seconds(const struct json_value *value, int64_t *ms)
{
    int64_t seconds;

    if (value->type == JSON_INT)
        seconds = value->integer;
    else if (value->type != JSON_STRING || !digits(value->string.data, value->string.len, &seconds))
        return false;
    return !__builtin_mul_overflow(seconds, MS_SECOND, ms);
}

// Converts an integer to milliseconds, rounded down. Its magnitude tells the unit.
static int64_t integer_moment(int64_t n)
{
    int64_t divisor = 1;

    // Compare negative magnitudes, since INT64_MIN has no positive counterpart.
    int64_t below = n > 0 ? -n : n;
    if (below > -INT64_C(100000000000))
        return n * MS_SECOND;
    if (below <= -INT64_C(100000000000000000))
        divisor = 1000000;
    else if (below <= -INT64_C(100000000000000))
        divisor = 1000;
    return n / divisor - (n % divisor < 0);
}

bool event_time(const struct json_value *value, int64_t *ms)
{
    int64_t n;

    if (value->type == JSON_INT)
        *ms = integer_moment(value->integer);
    else if (value->type != JSON_STRING)
        return false;
    else if (digits(value->string.data, value->string.len, &n))
        *ms = integer_moment(n);
    else if (time_parse(value->string.data, value->string.len, ms) != 0)
        return false;
    return *ms >= EARLIEST && *ms <= LATEST;
}
