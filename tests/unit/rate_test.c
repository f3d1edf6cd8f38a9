// SPDX-License-Identifier: BSD-2-Clause
#include "base/rate.h"

#include "base/datetime.h"
#include "tap.h"

#define START INT64_C(1000000)

// A clock that advances in steps, and a reader that takes all that is due at each step.
struct reader {
    struct rate rate;
    int64_t now;
    uint64_t most; // records that were due at once
};

static void reader_init(struct reader *r, const char *rate, int64_t burst)
{
    struct err err;

    *r = (struct reader){.rate = {.burst = burst}, .now = START};
    tap_ok(rate_parse(rate, &r->rate, &err) == 0, "%s is a rate", rate);
}

static uint64_t take_due(struct reader *r)
{
    uint64_t due = rate_due(&r->rate, r->now);

    for (uint64_t i = 0; i < due; i++)
        rate_take(&r->rate);
    if (due > r->most)
        r->most = due;
    return due;
}

// Reads for so many ms, in steps. Returns the number of records.
static uint64_t read_for(struct reader *r, int64_t ms, int64_t step)
{
    int64_t end = r->now + ms;
    uint64_t count = 0;

    for (; r->now < end; r->now += step)
        count += take_due(r);
    return count;
}

static void test_pace(void)
{
    struct reader r;

    reader_init(&r, "100", 100);
    tap_int((int64_t)read_for(&r, 10 * MS_SECOND, 1), 1000, "100 a second are 1000 in ten seconds");
    tap_int((int64_t)r.most, 1, "they come one by one");
    reader_init(&r, "7/s", 100);
    tap_int((int64_t)read_for(&r, 1000 * MS_SECOND, 13), 7000, "fractions of a millisecond add up");
    tap_int((int64_t)r.most, 1, "and the steps of the clock do not matter");
    reader_init(&r, "1M", 100);
    tap_int((int64_t)read_for(&r, 10 * MS_SECOND, 10), 9990001,
            "a million a second are 10,000 in 10 ms");
    tap_int((int64_t)r.most, 10000, "of which none come earlier");
    reader_init(&r, "3/m", 100);
    tap_int((int64_t)read_for(&r, 10 * MS_MINUTE, 50), 30, "3 a minute are 30 in ten minutes");
    reader_init(&r, "1/h", 100);
    tap_int((int64_t)read_for(&r, 24 * MS_HOUR, 100), 24, "1 an hour are 24 in a day");
    reader_init(&r, "1G", 100);
    tap_int((int64_t)read_for(&r, 100, 100), 1, "the first record is due at once");
    tap_int((int64_t)take_due(&r), 100000000, "100 ms later come those of 100 ms");
}

static void test_pause(void)
{
    struct reader r;

    reader_init(&r, "1000", 100);
    read_for(&r, 1000, 1);
    r.now += 100;
    tap_int((int64_t)take_due(&r), 101, "a delay of 100 ms is made up for");
    read_for(&r, 1000, 1);
    r.now += 5 * MS_SECOND;
    tap_int((int64_t)take_due(&r), 1, "a longer pause is not");
    r.most = 0;
    tap_int((int64_t)read_for(&r, 10000, 1), 9999, "the pace afterwards is the same");
    tap_int((int64_t)r.most, 1, "and there is no burst");
}

static void test_wait(void)
{
    struct reader r;

    reader_init(&r, "3", 100);
    tap_int(rate_wait(&r.rate, r.now), 0, "there is nothing to wait for at first");
    take_due(&r);
    tap_int(rate_wait(&r.rate, r.now), 334, "the next record is due after a third of a second");
    r.now += 333;
    tap_int((int64_t)take_due(&r), 0, "and no earlier");
    r.now += rate_wait(&r.rate, r.now);
    tap_int((int64_t)take_due(&r), 1, "it is due after the wait");
    r.now += 400;
    tap_int(rate_wait(&r.rate, r.now), 0, "a late record waits no longer");
}

static void test_parse(void)
{
    static const char *const wrong[] = {
        "",      "0",
        "-1",    "1/d",
        "1/",    "/s",
        "5k/ss", "1.5",
        "2G",    "s",
        "5/ s",  "1/s/s",
        "x",     "10000000000000000000000000000000000000000000000000000/s"};
    struct rate rate = {.count = 5};
    struct err err;

    tap_int(rate_parse("5k/s", &rate, &err), 0, "5k/s is a rate");
    tap_ok(rate.count == 5000 && rate.period == MS_SECOND, "of 5000 records in a second");
    tap_int(rate_parse("30/m", &rate, &err), 0, "30/m is a rate");
    tap_ok(rate.count == 30 && rate.period == MS_MINUTE, "of 30 records in a minute");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        tap_ok(rate_parse(wrong[i], &rate, &err) == -1, "'%s' is none", wrong[i]);
    tap_ok(rate.count == 30 && err.status == EX_USAGE, "a wrong rate changes nothing");
}

int main(void)
{
    test_pace();
    test_pause();
    test_wait();
    test_parse();
    return tap_done();
}
