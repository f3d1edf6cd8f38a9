// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/inflight.h"

#include "tap.h"

static void reached(struct inflight *w, const char *wanted, const char *title)
{
    struct buf line = BUF_INIT;
    bool any = inflight_reached(w, &line);

    if (wanted == NULL)
        tap_ok(!any, "%s", title);
    else if (tap_ok(any, "%s", title))
        tap_text(line.data, line.len, wanted, "this mark");
    buf_release(&line);
}

static void mark(struct inflight *w, const char *text)
{
    inflight_mark(w, text, strlen(text));
}

static void test_order(void)
{
    struct inflight w = {0};

    reached(&w, NULL, "at first no mark is reached");
    uint32_t a = inflight_sent(&w), b = inflight_sent(&w);
    mark(&w, "1");
    uint32_t c = inflight_sent(&w);
    mark(&w, "2");
    uint32_t d = inflight_sent(&w);
    reached(&w, NULL, "a mark is not reached while lines are in flight");
    inflight_acked(&w, c);
    inflight_acked(&w, d);
    reached(&w, NULL, "a later line does not count for the first mark");
    inflight_acked(&w, a);
    reached(&w, NULL, "a mark is not reached when half of its lines are acknowledged");
    inflight_acked(&w, b);
    reached(&w, "2", "when all lines are acknowledged, the newest mark is reached");
    reached(&w, NULL, "a mark is reached only once");
    mark(&w, "3");
    reached(&w, "3", "what has arrived before the mark came counts");
    mark(&w, "4");
    mark(&w, "5");
    reached(&w, "5", "marks with nothing before them are reached at once");
    inflight_release(&w);
}

static void test_numbers(void)
{
    struct inflight w = {.first = UINT32_MAX - 50};
    struct buf line = BUF_INIT;
    uint32_t kept = inflight_sent(&w);
    bool good = true;

    for (int i = 0; i < 100; i++)
        mark(&w, "early");
    good = good && !inflight_reached(&w, &line);
    inflight_acked(&w, kept);
    good = good && inflight_reached(&w, &line);
    tap_ok(w.first < 100, "0 follows the highest number");
    for (int i = 0; i < 100; i++) {
        uint32_t segment = inflight_sent(&w);
        mark(&w, "x");
        good = good && !inflight_reached(&w, &line);
        inflight_acked(&w, segment);
        good = good && inflight_reached(&w, &line);
    }
    tap_ok(good, "a mark is reached when its own segment is acknowledged");
    inflight_sent(&w);
    while (!inflight_is_full(&w))
        mark(&w, "y");
    tap_int((int64_t)w.count, INFLIGHT_SEGMENTS, "too many segments leave no room");
    buf_release(&line);
    inflight_release(&w);
}

static int collect(void *ctx, const char *text, size_t len)
{
    buf_append(ctx, text, len);
    return len == 4; // stop
}

static void test_pass(void)
{
    struct inflight w = {0};
    struct buf passed = BUF_INIT;
    uint32_t line[5];

    for (int i = 0; i < 5; i++) {
        line[i] = inflight_sent(&w);
        mark(&w, (const char *[]){"a", "b", "c", "stop", "d"}[i]);
    }
    inflight_acked(&w, line[1]);
    inflight_pass(&w, collect, &passed);
    tap_int((int64_t)passed.len, 0, "no line is passed before an earlier one is acknowledged");
    inflight_acked(&w, line[0]);
    inflight_drop(&w, line[2]);
    tap_int(inflight_pass(&w, collect, &passed), 0, "acknowledged lines are passed");
    tap_text(passed.data, passed.len, "ab", "the lines are passed in their order");
    for (int i = 2; i < 5; i++)
        inflight_acked(&w, line[i]);
    tap_int(inflight_pass(&w, collect, &passed), 1,
            "a return value other than 0 stops the passing");
    tap_text(passed.data, passed.len, "abstop", "dropped lines are left out");
    inflight_pass(&w, collect, &passed);
    tap_text(passed.data, passed.len, "abstop", "no line is passed twice");
    buf_reserve(&passed, INFLIGHT_BYTES);
    inflight_sent(&w);
    inflight_mark(&w, passed.data, INFLIGHT_BYTES);
    tap_ok(inflight_is_full(&w), "too many bytes leave no room");
    buf_release(&passed);
    inflight_release(&w);
}

int main(void)
{
    test_order();
    test_numbers();
    test_pass();
    return tap_done();
}
