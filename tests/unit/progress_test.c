// SPDX-License-Identifier: BSD-2-Clause
#include "base/progress.h"

#include "base/datetime.h"
#include "tap.h"

static void check(struct progress_state now, struct progress_state before, int64_t ms,
                  const char *wanted, const char *title)
{
    const struct progress_sample a = {now, ms}, b = {before, 0};
    struct buf text = BUF_INIT;

    progress_put(&a, &b, &text);
    tap_text(text.data, text.len, wanted, title);
    buf_release(&text);
}

int main(void)
{
    const struct progress_state start = {0};

    check((struct progress_state){500, 250, 1000}, start, 2 * MS_SECOND,
          "25 %, 500 records, 250/s, 6 s left", "the time left is that of the rest");
    check((struct progress_state){1234567, 1000, 1000}, start, MS_SECOND,
          "100 %, 1,234,567 records, 1,234,567/s", "nothing is left at the end");
    check((struct progress_state){10, 10, 0}, start, MS_SECOND, "10 records, 10/s",
          "without a total there is no end");
    check((struct progress_state){10, 10, 100}, start, 0, "10 %, 10 records",
          "there is no speed without time");
    check((struct progress_state){10, 10, 100}, (struct progress_state){10, 10, 100}, MS_SECOND,
          "10 %, 10 records, 0/s", "and no time left while nothing moves");
    check((struct progress_state){1, 1, 1001}, start, MS_MINUTE,
          "0 %, 1 record, 0/s, 16 h 40 min left", "hours");
    check((struct progress_state){1, 1, 11}, start, MS_MINUTE, "9 %, 1 record, 0/s, 10 min left",
          "minutes");
    return tap_done();
}
