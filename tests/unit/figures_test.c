// SPDX-License-Identifier: BSD-2-Clause
#include "base/datetime.h"
#include "base/metrics.h"
#include "login/figures.h"
#include "tap.h"

#define RECORDS(stage, outcome, n)                                                                 \
    "loginpipe_records_total{stage=\"" stage "\",outcome=\"" outcome "\"} " n "\n"
#define LAG(partition, n)                                                                          \
    "loginpipe_consumer_lag{stage=\"kcat-in\",topic=\"t\",partition=\"" partition "\"} " n "\n"
#define WATERMARK(stage, n) "loginpipe_watermark_timestamp_seconds{stage=\"" stage "\"} " n "\n"
#define RESTARTS(n) "loginpipe_restarts_total{stage=\"loginpipe\"} " n "\n"
#define CLOCK INT64_C(1700000100000)

// Takes the texts of the members, one for each.
static void update(struct figures *f, struct figures_member *members, size_t count,
                   const char *const *texts)
{
    struct metrics_merge m = {0};

    for (size_t i = 0; i < count; i++) {
        struct buf label = BUF_INIT;
        metrics_put_label(&label, "member", members[i].name);
        buf_putc(&label, '\0');
        metrics_merge_add(&m, texts[i], strlen(texts[i]), label.data);
        buf_release(&label);
    }
    figures_update(f, members, count, &m);
    metrics_merge_release(&m);
}

static void check_line(const struct figures *now, const struct figures *before, int64_t ms,
                       const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;

    figures_put_line(now, before, ms, CLOCK, &b);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static void check_status(const struct figures *now, const struct figures *before, int64_t ms,
                         const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;

    figures_put_status(now, before, ms, &b);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static void test_pipeline(void)
{
    struct figures_member member = {.name = "pipeline"};
    struct figures now = {0}, before;
    const char *text = RECORDS("kcat-in", "in", "1000") RECORDS("loginclean", "out", "990")
        RECORDS("kcat-out", "out", "995") RESTARTS("0");

    update(&now, &member, 1, &text);
    before = (struct figures){0};
    check_line(&now, &before, 10000,
               "1,000 records in the last 10 s (100/s): 990 clean, 0 rejected, 0 late",
               "what is not known is left out");
    check_status(&now, &before, 10000, "100 records/s, 0 restarts", "from the status too");

    text = RECORDS("kcat-in", "in", "73000") RECORDS("kcat-in", "rejected", "100")
        RECORDS("loginclean", "out", "72290") RECORDS("loginclean", "rejected", "600")
            RECORDS("loginagg", "late", "7") RECORDS("loginclean", "filtered", "3") LAG("0", "3000")
                LAG("1", "400") WATERMARK("kcat-in", "1700000099")
                    WATERMARK("loginagg", "1700000088.5") RESTARTS("2");
    before = now;
    update(&now, &member, 1, &text);
    check_line(&now, &before, 60000,
               "72,000 records in the last minute (1,200/s): 71,300 clean, 700 rejected, 7 late, "
               "3 filtered; lag 3,400; watermark 2023-11-14T22:14:48Z, 12 s behind; 2 restarts",
               "the figures of a minute are what was added to those before");
    check_status(&now, &before, 60000, "1,200 records/s, lag 3,400, 2 restarts",
                 "the status has rate, lag and restarts");
    text = "loginpipe_broker_up{stage=\"kcat-in\"} 1\nloginpipe_broker_up{stage=\"kcat-out\"} 0\n";
    before = now;
    update(&now, &member, 1, &text);
    check_status(&now, &before, 10000, "0 records/s, 0 restarts, no broker is reachable",
                 "and says if a stage misses its broker");
}

static void test_restart(void)
{
    struct figures_member member = {.name = "pipeline"};
    struct figures now = {0}, before = {0};
    const char *texts[] = {RECORDS("kcat-in", "in", "500"), RESTARTS("1"),
                           RECORDS("kcat-in", "in", "30") RESTARTS("1"),
                           RECORDS("kcat-in", "in", "31") RESTARTS("1")};

    for (size_t i = 0; i < 3; i++)
        update(&now, &member, 1, &texts[i]);
    check_line(&now, &before, 3000,
               "530 records in the last 3 s (177/s): 0 clean, 0 rejected, 0 late; 1 restart",
               "records of before a restart stay counted");
    before = now;
    update(&now, &member, 1, &texts[3]);
    check_line(&now, &before, 120000,
               "1 record in the last 2 min (0/s): 0 clean, 0 rejected, 0 late",
               "an old restart is not told again");
}

static void test_members(void)
{
    struct figures_member members[] = {
        {.name = "worker 1"}, {.name = "worker 2"}, {.name = "merger", .merges = true}};
    struct figures now = {0}, before = {0};
    const char *texts[] = {
        RECORDS("kcat-in", "in", "100") RECORDS("loginclean", "out", "90") LAG("0", "5")
            WATERMARK("kcat-out", "1700000000") RESTARTS("1"),
        RECORDS("kcat-in", "in", "10") RECORDS("loginclean", "out", "10")
            WATERMARK("loginagg", "1600000000") RESTARTS("1"),
        RECORDS("kcat-in", "in", "7") RECORDS("loginagg", "late", "2") LAG("0", "1000")
            WATERMARK("kcat-out", "1") WATERMARK("loginagg", "1699996500") RESTARTS("1"),
    };

    update(&now, members, 3, texts);
    check_line(&now, &before, 60000,
               "110 records in the last minute (2/s): 100 clean, 0 rejected, 2 late; lag 5; "
               "watermark 2023-11-14T21:15:00Z, 60 min behind; 3 restarts",
               "records are those of the workers, and the watermark is the merger's");
    now = (struct figures){0};
    memset(members[0].seen, 0, sizeof members[0].seen);
    memset(members[1].seen, 0, sizeof members[1].seen);
    update(&now, members, 2, texts);
    check_line(&now, &before, 60000,
               "110 records in the last minute (2/s): 100 clean, 0 rejected, 0 late; lag 5; "
               "watermark 2023-11-14T22:13:20Z, 100 s behind; 2 restarts",
               "without a merger it is that of the workers that have partitions");
    now = (struct figures){0};
    memset(members[2].seen, 0, sizeof members[2].seen);
    update(&now, members + 2, 1, texts + 2);
    check_line(&now, &before, 1000,
               "7 partials in the last 1 s (7/s): 0 rejected, 2 late; lag 1,000; watermark "
               "2023-11-14T21:15:00Z, 60 min behind; 1 restart",
               "a merger alone counts partials");
}

int main(void)
{
    test_pipeline();
    test_restart();
    test_members();
    return tap_done();
}
