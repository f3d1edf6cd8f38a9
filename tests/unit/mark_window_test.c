// SPDX-License-Identifier: BSD-2-Clause
#include "mark_window.h"

#include "tap.h"

static void reached(struct mark_window *w, const char *wanted, const char *title)
{
    struct buf line = BUF_INIT;
    bool any = mark_window_reached(w, &line);

    if (wanted == NULL)
        tap_ok(!any, "%s", title);
    else if (tap_ok(any, "%s", title))
        tap_text(line.data, line.len, wanted, "this mark");
    buf_release(&line);
}

static void mark(struct mark_window *w, const char *text)
{
    mark_window_mark(w, text, strlen(text));
}

static void test_order(void)
{
    struct mark_window w = {0};

    reached(&w, NULL, "nothing is reached in the beginning");
    uint32_t a = mark_window_leave(&w), b = mark_window_leave(&w);
    mark(&w, "1");
    uint32_t c = mark_window_leave(&w);
    mark(&w, "2");
    uint32_t d = mark_window_leave(&w);
    reached(&w, NULL, "nor while lines are under way");
    mark_window_arrive(&w, c);
    mark_window_arrive(&w, d);
    reached(&w, NULL, "a later line does not count for the first mark");
    mark_window_arrive(&w, a);
    reached(&w, NULL, "nor half of its lines");
    mark_window_arrive(&w, b);
    reached(&w, "2", "all lines reach both marks, of which the newer counts");
    reached(&w, NULL, "once");
    mark(&w, "3");
    reached(&w, "3", "what has arrived before the mark came counts");
    mark(&w, "4");
    mark(&w, "5");
    reached(&w, "5", "marks with nothing before them are reached at once");
    mark_window_release(&w);
}

static void test_numbers(void)
{
    struct mark_window w = {0};
    struct buf line = BUF_INIT;
    uint32_t highest = 0, kept = mark_window_leave(&w);
    bool good = true;

    for (int i = 0; i < 100; i++)
        mark(&w, "early");
    good = good && !mark_window_reached(&w, &line);
    mark_window_arrive(&w, kept);
    good = good && mark_window_reached(&w, &line);
    for (uint32_t i = 0; i < 3 * MARK_WINDOW_EPOCHS; i++) {
        uint32_t epoch = mark_window_leave(&w);
        highest = epoch > highest ? epoch : highest;
        mark(&w, "x");
        good = good && !mark_window_reached(&w, &line);
        mark_window_arrive(&w, epoch);
        good = good && mark_window_reached(&w, &line);
    }
    tap_ok(good, "numbers that come again mean the newer epoch");
    tap_int(highest, MARK_WINDOW_EPOCHS - 1, "they fit 15 bits");
    mark_window_leave(&w);
    while (!mark_window_is_full(&w))
        mark(&w, "y");
    tap_int((int64_t)w.count, MARK_WINDOW_EPOCHS - 1, "a window gets full");
    buf_release(&line);
    mark_window_release(&w);
}

static int collect(void *ctx, const char *text, size_t len)
{
    buf_append(ctx, text, len);
    return len == 4; // stop
}

static void test_pass(void)
{
    struct mark_window w = {0};
    struct buf passed = BUF_INIT;
    uint32_t line[5];

    for (int i = 0; i < 5; i++) {
        line[i] = mark_window_leave(&w);
        mark(&w, (const char *[]){"a", "b", "c", "stop", "d"}[i]);
    }
    mark_window_arrive(&w, line[1]);
    mark_window_pass(&w, collect, &passed);
    tap_int((int64_t)passed.len, 0, "no line is passed before the one in front of it");
    mark_window_arrive(&w, line[0]);
    mark_window_drop(&w, line[2]);
    tap_int(mark_window_pass(&w, collect, &passed), 0, "lines are passed");
    tap_text(passed.data, passed.len, "ab", "in their order");
    for (int i = 2; i < 5; i++)
        mark_window_arrive(&w, line[i]);
    tap_int(mark_window_pass(&w, collect, &passed), 1, "until the taker has enough");
    tap_text(passed.data, passed.len, "abstop", "without those that are dropped");
    mark_window_pass(&w, collect, &passed);
    tap_text(passed.data, passed.len, "abstop", "each once");
    buf_reserve(&passed, MARK_WINDOW_BYTES);
    mark_window_leave(&w);
    mark_window_mark(&w, passed.data, MARK_WINDOW_BYTES);
    tap_ok(mark_window_is_full(&w), "many bytes fill a window too");
    buf_release(&passed);
    mark_window_release(&w);
}

int main(void)
{
    test_order();
    test_numbers();
    test_pass();
    return tap_done();
}
