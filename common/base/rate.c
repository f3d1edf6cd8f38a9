// SPDX-License-Identifier: BSD-2-Clause
#include "base/rate.h"

#include <string.h>

#include "base/datetime.h"
#include "base/number.h"

#define MOST UINT64_C(1000000000) // records in a period

static int64_t period_of(char unit)
{
    switch (unit) {
    case 's':
        return MS_SECOND;
    case 'm':
        return MS_MINUTE;
    case 'h':
        return MS_HOUR;
    default:
        return 0;
    }
}

int rate_parse(const char *text, struct rate *rate, struct err *err)
{
    size_t len = strlen(text);
    int64_t period = MS_SECOND;
    char number[32];
    uint64_t count;

    if (len > 2 && text[len - 2] == '/') {
        period = period_of(text[len - 1]);
        len -= 2;
    }
    len = len < sizeof number ? len : sizeof number - 1;
    memcpy(number, text, len);
    number[len] = '\0';
    if (period == 0 || number_parse(number, 1000, &count) != 0 || count < 1 || count > MOST)
        return err_set(err, EX_USAGE, "'%s' is not a rate such as 100, 5k/s or 30/m", text);
    rate->count = count;
    rate->period = period;
    return 0;
}

uint64_t rate_due(struct rate *rate, int64_t now)
{
    if (!rate->begun || now - rate->at > rate->burst) {
        rate->begun = true;
        rate->at = now;
        rate->part = 0;
    }
    if (now < rate->at)
        return 0;
    // The records whose times are not after now: those with at + (part + n * period) / count <=
    // now.
    uint64_t late = (uint64_t)(now - rate->at) * rate->count;
    return late < rate->part ? 0 : (late - rate->part) / (uint64_t)rate->period + 1;
}

void rate_take(struct rate *rate)
{
    rate->part += (uint64_t)rate->period;
    rate->at += (int64_t)(rate->part / rate->count);
    rate->part %= rate->count;
}

int64_t rate_wait(const struct rate *rate, int64_t now)
{
    int64_t at = rate->at + (rate->part > 0);

    return at > now ? at - now : 0;
}
