// SPDX-License-Identifier: BSD-2-Clause
#include "insight/quiet.h"

#include "base/datetime.h"
#include "tap.h"

#define START INT64_C(1700000000000) // the clock when the monotonic one is 0

struct input {
    struct quiet quiet;
    int64_t monotonic, now;
    uint64_t records;
    int64_t newest;
};

static void input_init(struct input *in)
{
    *in = (struct input){.now = START, .newest = INT64_MIN};
    quiet_init(&in->quiet, 10 * MS_SECOND, 10 * MS_MINUTE);
}

static void pass(struct input *in, int64_t ms)
{
    in->monotonic += ms;
    in->now += ms;
}

static bool check(struct input *in, int64_t *time)
{
    return quiet_check(&in->quiet, in->records, in->newest, in->monotonic, in->now, time);
}

// Checks every second for so many seconds. Returns how often the watermark followed the clock.
static int seconds(struct input *in, int count)
{
    int64_t time;
    int followed = 0;

    for (int i = 0; i < count; i++) {
        pass(in, MS_SECOND);
        followed += check(in, &time);
    }
    return followed;
}

// A record of the age `behind` comes, and is noticed at the next check.
static void receive(struct input *in, int64_t behind)
{
    in->records++;
    in->newest = in->now - behind;
    seconds(in, 1);
}

static void test_live(void)
{
    struct input in;
    int64_t time;

    input_init(&in);
    tap_int(seconds(&in, 100), 0, "nothing is followed before the first record");
    receive(&in, 0);
    tap_int(seconds(&in, 9), 0, "a live input is not quiet at once");
    pass(&in, MS_SECOND);
    tap_ok(check(&in, &time), "it is quiet after ten seconds");
    tap_int(time, in.now - 10 * MS_SECOND, "the watermark is as far behind the clock");
    receive(&in, 0);
    tap_int(seconds(&in, 9), 0, "a record begins the time anew");
    tap_int(seconds(&in, 9), 9, "then it goes on");
    receive(&in, 9 * MS_MINUTE);
    tap_int(seconds(&in, 20), 11, "a record of nine minutes ago is live");
    receive(&in, -9 * MS_MINUTE);
    tap_int(seconds(&in, 20), 11, "so is one that is ahead");
}

static void test_replay(void)
{
    struct input in;

    input_init(&in);
    receive(&in, 11 * MS_MINUTE);
    tap_int(seconds(&in, 1000), 0, "a replay does not follow the clock");
    receive(&in, 0);
    tap_int(seconds(&in, 20), 11, "unless it has reached the clock");
    input_init(&in);
    in.quiet.idle = 0;
    receive(&in, 0);
    tap_int(seconds(&in, 1000), 0, "with 0 it never does");
}

static void test_pause(void)
{
    struct input in;
    int64_t time;

    input_init(&in);
    receive(&in, 0);
    pass(&in, MS_HOUR);
    tap_ok(!check(&in, &time), "a pause of the process is not quiet");
    tap_int(seconds(&in, 9), 0, "the time begins anew after it");
    tap_int(seconds(&in, 5), 5, "and then counts");
    in.now += MS_HOUR;
    tap_int(seconds(&in, 9), 0, "nor is the sleep of a machine, when only the clock has moved");
    tap_int(seconds(&in, 5), 4, "after it the time counts too");
    in.now -= MS_HOUR;
    tap_int(seconds(&in, 9), 0, "nor is a clock that was set back");
}

int main(void)
{
    test_live();
    test_replay();
    test_pause();
    return tap_done();
}
