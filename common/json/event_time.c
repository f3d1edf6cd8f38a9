// SPDX-License-Identifier: BSD-2-Clause
#include "json/event_time.h"

#include <string.h>

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

int time_unit_parse(const char *text, enum time_unit *unit, struct err *err)
{
    static const char *const names[] = {[TIME_UNIT_AUTO] = "auto",
                                        [TIME_UNIT_S] = "s",
                                        [TIME_UNIT_MS] = "ms",
                                        [TIME_UNIT_US] = "us",
                                        [TIME_UNIT_NS] = "ns"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *unit = (enum time_unit)i;
            return 0;
        }
    }
    return err_set(err, EX_USAGE, "'%s' is not a unit: s, ms, us, ns or auto", text);
}

// Returns the unit that the magnitude of an integer tells.
static enum time_unit unit_of(int64_t n)
{
    // Compare negative magnitudes, since INT64_MIN has no positive counterpart.
    int64_t below = n > 0 ? -n : n;

    if (below > -INT64_C(100000000000))
        return TIME_UNIT_S;
    if (below > -INT64_C(100000000000000))
        return TIME_UNIT_MS;
    return below > -INT64_C(100000000000000000) ? TIME_UNIT_US : TIME_UNIT_NS;
}

// Converts an integer to milliseconds, rounded down. Returns false if the result overflows.
static bool integer_moment(int64_t n, enum time_unit unit, int64_t *ms)
{
    int64_t divisor = 1;

    if (unit == TIME_UNIT_AUTO)
        unit = unit_of(n);
    if (unit == TIME_UNIT_S)
        return !__builtin_mul_overflow(n, MS_SECOND, ms);
    if (unit != TIME_UNIT_MS)
        divisor = unit == TIME_UNIT_US ? 1000 : 1000000;
    *ms = n / divisor - (n % divisor < 0);
    return true;
}

bool event_time(const struct json_value *value, enum time_unit unit, int64_t *ms)
{
    int64_t n;

    if (value->type == JSON_INT) {
        if (!integer_moment(value->integer, unit, ms))
            return false;
    } else if (value->type != JSON_STRING) {
        return false;
    } else if (digits(value->string.data, value->string.len, &n)) {
        if (!integer_moment(n, unit, ms))
            return false;
    } else if (time_parse(value->string.data, value->string.len, ms) != 0) {
        return false;
    }
    return *ms >= EARLIEST && *ms <= LATEST;
}
