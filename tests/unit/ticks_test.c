// SPDX-License-Identifier: BSD-2-Clause
//
// ticks: the marks of an axis.

#include <stdlib.h>

#include "base/datetime.h"
#include "tap.h"
#include "view/ticks.h"

static int64_t at(const char *text)
{
    int64_t ms = 0;

    if (time_parse(text, strlen(text), &ms) != 0)
        abort();
    return ms;
}

static void check_marks(const char *from, const char *to, int64_t least, int64_t most,
                        const char *want)
{
    int64_t start = at(from), end = at(to);
    struct time_ticks t = time_ticks(start, end, least, most);
    struct buf b = BUF_INIT;

    for (int64_t ms = time_tick_first(&t, start); ms < end; ms = time_tick_next(&t, ms)) {
        if (b.len > 0)
            buf_putc(&b, ' ');
        time_tick_put(&t, &b, ms);
    }
    tap_text(b.data, b.len, want, want);
    buf_release(&b);
}

int main(void)
{
    tap_int((int64_t)ticks_step(1, 5), 1, "the least step is 1");
    tap_int((int64_t)ticks_step(5, 5), 1, "five steps of 1 reach 5");
    tap_int((int64_t)ticks_step(6, 5), 2, "6 needs steps of 2");
    tap_int((int64_t)ticks_step(1234, 5), 500, "1234 needs steps of 500");
    tap_int((int64_t)ticks_step(1000001, 5), 500000, "a million and one needs steps of 500,000");
    for (uint64_t n = 1; n < UINT64_C(1000000000000000000); n = n * 7 + 3) {
        uint64_t step = ticks_step(n, 5);
        if ((n + step - 1) / step > 5)
            tap_ok(false, "no more than five steps reach %llu", (unsigned long long)n);
    }
    tap_int(ticks_duration(30 * MS_DAY, MS_HOUR, 744), MS_HOUR, "a month has room for each hour");
    tap_int(ticks_duration(60 * MS_DAY, MS_HOUR, 744), 2 * MS_HOUR, "two months have not");
    tap_int(ticks_duration(1000 * 7 * MS_MINUTE, 7 * MS_MINUTE, 100), 77 * MS_MINUTE,
            "an unusual step is multiplied");
    check_marks("2023-09-12T00:00:00Z", "2023-09-12T03:00:00Z", MS_HOUR, 16, "12 Sep 01:00 02:00");
    check_marks("2023-09-12T22:10:00Z", "2023-09-13T02:00:00Z", MS_MINUTE, 5, "23:00 13 Sep 01:00");
    check_marks("2023-09-12T00:00:10Z", "2023-09-12T00:01:00Z", MS_SECOND, 5,
                "00:00:10 00:00:20 00:00:30 00:00:40 00:00:50");
    check_marks("2023-09-01T00:00:00Z", "2023-10-01T00:00:00Z", MS_HOUR, 5,
                "4 Sep 11 Sep 18 Sep 25 Sep");
    check_marks("2023-01-15T00:00:00Z", "2023-12-31T00:00:00Z", MS_DAY, 5,
                "Mar 2023 May 2023 Jul 2023 Sep 2023 Nov 2023");
    check_marks("1969-11-15T00:00:00Z", "1970-03-02T00:00:00Z", MS_DAY, 5,
                "Dec 1969 Jan 1970 Feb 1970 Mar 1970");
    check_marks(
        "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", MS_DAY, 5,
        "Jan 970 Jan 1970 Jan 2970 Jan 3970 Jan 4970 Jan 5970 Jan 6970 Jan 7970 Jan 8970 Jan 9970");
    return tap_done();
}
