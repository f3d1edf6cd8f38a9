// SPDX-License-Identifier: BSD-2-Clause
#include "insight/coverage.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "insight/coverage_codec.h"
#include "insight/coverage_watermark.h"
#include "insight/snapshot_file.h"
#include "json/json.h"
#include "tap.h"

#define RUN "00000000-0000-4000-8000-00000000000a"
#define OTHER "00000000-0000-4000-8000-00000000000b"

static struct err err;

static struct cover cover_of(const char *run, uint64_t seq)
{
    struct cover cover = COVER_INIT;

    memcpy(cover.run, run, MARK_RUN_SIZE);
    cover.seq = seq;
    return cover;
}

// Takes a cover of one partition, without partials.
static enum coverage_result take(struct coverage *c, uint64_t seq, int32_t partition, int64_t from,
                                 int64_t to, int64_t newest)
{
    struct cover cover = cover_of(RUN, seq);

    cover.empty = true;
    cover_add_range(&cover, "t", partition, from, to, newest);
    enum coverage_result result = coverage_open(c, &cover, NULL, &err);
    cover_release(&cover);
    return result;
}

static int64_t watermark(const struct coverage *c)
{
    int64_t time;

    return coverage_watermark(c, &time) ? time : -1;
}

static void test_watermark(void)
{
    struct coverage c = COVERAGE_INIT;

    tap_int(watermark(&c), -1, "without covers there is no watermark");
    take(&c, 1, 0, 0, 5, 1000);
    tap_int(watermark(&c), 1000, "it is the newest time of the only partition");
    take(&c, 2, 1, 0, 0, MARK_NO_TIME);
    tap_int(watermark(&c), -1, "a partition without a time holds it back");
    take(&c, 3, 1, 0, 5, 3000);
    take(&c, 4, 0, 5, 9, 500);
    tap_int(watermark(&c), 500, "a quiet partition that has records again holds it back");
    take(&c, 5, 0, 9, 9, MARK_NO_TIME);
    tap_int(watermark(&c), 500, "a new owner that knows no time yet does not change it");
    take(&c, 6, 0, 9, 9, MARK_NO_MORE);
    tap_int(watermark(&c), 3000, "a partition without further records does not hold it back");
    take(&c, 7, 1, 5, 5, MARK_NO_MORE);
    tap_int(watermark(&c), 3000, "at the end it is the highest time");
    take(&c, 8, 0, 9, 12, 2000);
    tap_int(watermark(&c), 2000, "a partition may go on after its end");
    coverage_promise(&c, "t", 3);
    tap_int(watermark(&c), -1, "a partition that is promised holds it back");
    take(&c, 9, 2, 7, 7, 8000);
    tap_int(watermark(&c), 2000, "until a cover names it");
    coverage_promise(&c, "u", 1);
    coverage_promise(&c, "t", 2);
    tap_int(watermark(&c), -1, "partitions of every topic are waited for");
    coverage_release(&c);
}

static void test_held_back(void)
{
    struct coverage c = COVERAGE_INIT;
    int64_t now = 5 * MS_MINUTE;

    tap_ok(coverage_holds_back(&c, now) == NULL, "nothing holds an empty coverage back");
    take(&c, 1, 0, 0, 5, 1000);
    take(&c, 2, 1, 0, 5, 1000);
    coverage_holds_back(&c, now);
    tap_ok(coverage_holds_back(&c, now + 2 * MS_MINUTE) == NULL,
           "when no partition goes on, none holds back");
    take(&c, 3, 0, 5, 9, 2000);
    coverage_holds_back(&c, now + 2 * MS_MINUTE);
    take(&c, 4, 0, 9, 12, 3000);
    tap_ok(coverage_holds_back(&c, now + 3 * MS_MINUTE - 1) == NULL, "it may do so for a minute");
    const struct coverage_laggard *laggard = coverage_holds_back(&c, now + 3 * MS_MINUTE);
    tap_ok(laggard != NULL && laggard->partition == 1 && strcmp(laggard->topic, "t") == 0,
           "after a minute it is named");
    tap_ok(coverage_holds_back(&c, now + 9 * MS_MINUTE) == NULL, "once");
    take(&c, 5, 1, 5, 6, 1500);
    coverage_holds_back(&c, now + 9 * MS_MINUTE);
    take(&c, 6, 0, 12, 13, 4000);
    tap_ok(coverage_holds_back(&c, now + 11 * MS_MINUTE) != NULL, "and again after it went on");
    coverage_promise(&c, "t", 3);
    coverage_holds_back(&c, now + 12 * MS_MINUTE);
    take(&c, 7, 0, 13, 14, 5000);
    laggard = coverage_holds_back(&c, now + 13 * MS_MINUTE);
    tap_ok(laggard != NULL && laggard->partition == 2, "so is a partition that no cover names");
    coverage_release(&c);
}

static void test_mixed_runs(void)
{
    struct coverage c = COVERAGE_INIT;
    struct cover a = cover_of(RUN, 4), b = cover_of(OTHER, 9);

    cover_add_range(&a, "t", 0, 0, 5, 1000);
    cover_add_range(&b, "t", 1, 0, 7, 2000);
    tap_int(coverage_open(&c, &a, NULL, &err), COVERAGE_NEW, "a cover is opened");
    tap_int(coverage_open(&c, &b, NULL, &err), COVERAGE_NEW, "and one of another run");
    tap_int(coverage_take(&c, &a, &err), COVERAGE_NEW, "their lines may be mixed");
    tap_int(coverage_take(&c, &b, &err), COVERAGE_NEW, "in any order");
    a.lines = b.lines = 1;
    tap_int(coverage_close(&c, &b, &err), COVERAGE_NEW, "one is closed");
    tap_int(watermark(&c), -1, "the other still holds the watermark back");
    tap_int(coverage_end(&c, &err), -1, "the input must not end now");
    tap_int(err.status, EX_CONFIG, "as something is lost");
    tap_int(coverage_close(&c, &a, &err), COVERAGE_NEW, "the other is closed");
    tap_int(watermark(&c), 1000, "then its time counts");
    tap_int(coverage_close(&c, &a, &err), COVERAGE_FAILED, "but not twice");
    tap_int(coverage_end(&c, &err), 0, "now the input may end");
    cover_release(&a);
    cover_release(&b);
    coverage_release(&c);
}

static void test_snapshot(void)
{
    char path[] = "/tmp/coverage_test.XXXXXX";
    struct coverage c = COVERAGE_INIT, restored = COVERAGE_INIT;
    struct cover a = cover_of(RUN, 4), known = cover_of(OTHER, 2);
    struct buf before = BUF_INIT, after = BUF_INIT;
    struct snapshot_dir dir;
    struct snapshot_writer out;
    struct snapshot_reader in;

    take(&c, 1, 3, 0, 10, 500);
    take(&c, 2, 12, 0, 0, MARK_NO_MORE);
    topic_counts_add(&a.topics, "t", 4);
    cover_add_range(&a, "t", 0, 0, 5, 1000);
    cover_add_range(&a, "t", 1, 0, 5, MARK_NO_MORE);
    cover_add_range(&a, "t", 2, 8, 9, 700);
    cover_add_range(&known, "t", 3, 0, 10, 500);
    tap_int(coverage_open(&c, &a, NULL, &err), COVERAGE_NEW, "a new cover");
    tap_int(coverage_open(&c, &known, NULL, &err), COVERAGE_DROPPED, "and one that is known");
    coverage_take(&c, &a, &err);
    if (mkdtemp(path) == NULL || snapshot_dir_open(&dir, path, true, &err) != 0)
        err_die(&err);
    snapshot_write_begin(&dir, "1.state", &out);
    coverage_codec_save(&c, &out);
    tap_int(snapshot_write_end(&dir, &out, &err), 0, "the coverage is saved");
    tap_int(snapshot_read_begin(&dir, "1.state", &in, &err), 1, "and read");
    coverage_codec_load(&restored, &in);
    tap_int(snapshot_read_end(&in, &err), 0, "as a whole");
    coverage_put(&before, &c);
    coverage_put_open(&before, &c);
    coverage_put(&after, &restored);
    coverage_put_open(&after, &restored);
    tap_bytes(after.data, after.len, before.data, before.len, "it is the same");
    tap_int(coverage_take(&restored, &known, &err), COVERAGE_DROPPED, "what was known still is");
    tap_int(coverage_take(&restored, &a, &err), COVERAGE_NEW, "what is open still is");
    a.lines = 2;
    tap_int(coverage_close(&restored, &a, &err), COVERAGE_NEW, "and its lines were counted");
    tap_int(watermark(&restored), 500, "the times count");
    take(&restored, 5, 3, 10, 11, 900);
    tap_int(watermark(&restored), 700, "also those of the cover that was open");
    snapshot_dir_clear(&dir, &err);
    snapshot_dir_close(&dir);
    rmdir(path);
    buf_release(&before);
    buf_release(&after);
    cover_release(&a);
    cover_release(&known);
    coverage_release(&c);
    coverage_release(&restored);
}

// Reads a line, and returns whether it is refused.
static bool refused(const char *text)
{
    struct cover cover = COVER_INIT;
    struct json *json = json_new();
    struct buf line = BUF_INIT;
    enum cover_line what;

    buf_puts(&line, text);
    bool wrong =
        json_parse(json, line.data, line.len) != 0 || cover_read(&cover, &what, json, &err) != 0;
    buf_release(&line);
    json_free(json);
    cover_release(&cover);
    return wrong;
}

static void test_text(void)
{
#define OPTIONS ",\"windows\":[\"1h\"],\"plan\":\"0123456789abcdef\""
#define LINE(what, more) "{\"partial\":\"" what "\",\"cover\":\"" RUN "/7\"" more "}"
#define PART(more) LINE("cover", OPTIONS ",\"covers\":[{\"topic\":\"t\",\"partition\":0," more "}]")
    tap_ok(!refused(LINE("covered", ",\"lines\":3")), "a closing line");
    tap_ok(!refused(LINE("1h/x", "")), "a line of a partial");
    tap_ok(!refused(PART("\"from\":1,\"to\":1,\"newest\":null")), "an opening line");
    tap_ok(refused(LINE("covered", "")), "a closing line without a number is refused");
    tap_ok(refused(LINE("cover", OPTIONS)), "and an opening line without partitions");
    tap_ok(refused(LINE("cover", ",\"covers\":[],\"plan\":\"0123456789abcdef\"")),
           "or without windows");
    tap_ok(refused(LINE("cover", ",\"covers\":[],\"windows\":[\"1h\"]")), "or without a plan");
    tap_ok(!refused(LINE("cover", OPTIONS ",\"covers\":[]")), "it may name no partition");
    tap_ok(refused(PART("\"from\":2,\"to\":1,\"newest\":null")), "offsets do not go back");
    tap_ok(refused(PART("\"from\":1,\"to\":1")), "the time is not missing");
    tap_ok(refused(PART("\"from\":1,\"to\":1,\"newest\":\"soon\"")), "and is one");
    tap_ok(refused(LINE("cover", OPTIONS ",\"covers\":[],\"lines\":1")),
           "an empty cover has no lines");
    tap_ok(refused(LINE("cover", OPTIONS ",\"covers\":[],\"topics\":[[\"t\"]]")),
           "a topic has a number");
    tap_ok(refused("{\"partial\":\"cover\",\"cover\":\"x/7\"" OPTIONS ",\"covers\":[]}"),
           "a cover has a run");
    tap_ok(refused("{\"partial\":\"cover\",\"cover\":\"" RUN "/7k\"" OPTIONS ",\"covers\":[]}"),
           "and a seq");
}

int main(void)
{
    test_watermark();
    test_held_back();
    test_mixed_runs();
    test_snapshot();
    test_text();
    return tap_done();
}
