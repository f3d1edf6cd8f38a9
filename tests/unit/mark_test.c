// SPDX-License-Identifier: BSD-2-Clause
#include "stream/mark.h"

#include "tap.h"

#define RUN "01234567-89ab-4def-8123-456789abcdef"
#define OTHER "11234567-89ab-4def-8123-456789abcdef"

static const char hello[] =
    "{\"@mark\":\"hello\",\"run\":\"" RUN "\",\"seq\":41,\"group\":\"g\",\"shard\":\"0/2\","
    "\"at\":[[\"user-login\",0,1200],[\"b\\\"c\",7,0]]}";
static const char mark[] = "{\"@mark\":\"mark\",\"run\":\"" RUN
                           "\",\"seq\":42,\"at\":[[\"user-login\",0,9223372036854775807]],"
                           "\"watermark\":-1,\"committed\":40}";
static const char end[] = "{\"@mark\":\"end\",\"run\":\"" RUN "\",\"seq\":43,\"at\":[]}";

static int parse(struct mark *m, const char *text, struct err *err)
{
    struct json *json = json_new();
    struct buf b = BUF_INIT;

    buf_puts(&b, text);
    int status = mark_parse(m, json, b.data, b.len, err);
    buf_release(&b);
    json_free(json);
    return status;
}

static void test_round_trip(void)
{
    static const char *const texts[] = {hello, mark, end};
    struct mark m = MARK_INIT, copy = MARK_INIT;
    struct buf b = BUF_INIT;
    struct err err;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tap_int(parse(&m, texts[i], &err), 0, texts[i]);
        mark_copy(&copy, &m);
        buf_clear(&b);
        mark_format(&b, &copy);
        tap_text(b.data, b.len, texts[i], "is printed as it was read");
        tap_ok(mark_is(b.data, b.len), "is known by its first bytes");
    }
    mark_release(&m);
    mark_release(&copy);
    buf_release(&b);
}

static void test_members(void)
{
    struct mark m = MARK_INIT;
    struct err err;

    parse(&m, hello, &err);
    tap_int(m.kind, MARK_HELLO, "the kind");
    tap_int((int64_t)m.seq, 41, "the seq");
    tap_text(m.group, strlen(m.group), "g", "the group");
    tap_text(m.shard, strlen(m.shard), "0/2", "the shard");
    tap_int((int64_t)m.at_count, 2, "the partitions");
    tap_int(mark_offset(&m, "user-login", 0), 1200, "an offset");
    tap_int(mark_offset(&m, "b\"c", 7), 0, "another");
    tap_int(mark_offset(&m, "user-login", 1), -1, "none of a partition that is not there");
    tap_ok(!m.has_watermark && !m.has_committed, "what is not said is not there");
    parse(&m, "{\"@mark\" : \"mark\", \"new\":[{}], \"run\":\"" RUN "\",\"seq\":1,\"at\":[]}",
          &err);
    tap_ok(m.kind == MARK_PROGRESS && m.seq == 1, "members that are not known are ignored");
    tap_ok(m.group == NULL && m.at_count == 0, "nothing is left of the mark before");
    mark_release(&m);
}

static void test_wrong(void)
{
    static const char *const texts[] = {
        "{\"@mark\"",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[]} x",
        "{\"@mark\":\"stop\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[]}",
        "{\"@mark\":1,\"run\":\"" RUN "\",\"seq\":1,\"at\":[]}",
        "{\"@mark\":\"mark\",\"seq\":1,\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"x\",\"seq\":1,\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"01234567-89ab-4def-8123-456789abcde\\u0000\",\"seq\":1,"
        "\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":-1,\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1.5,\"at\":[]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[1]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",0]]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",0,1,2]]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",-1,1]]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",0,-1]]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",2147483648,1]]}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"watermark\":\"x\"}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"committed\":null}",
        "{\"@mark\":\"hello\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"group\":7}",
    };
    struct mark m = MARK_INIT;
    struct err err;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        tap_ok(parse(&m, texts[i], &err) == -1 && err.status == EX_DATAERR, "refused: %s",
               texts[i]);
    mark_release(&m);
    tap_ok(!mark_is("{ \"@mark\"", 9) && !mark_is("{\"@mar", 6) && !mark_is("", 0),
           "other lines are no marks");
}

static void follow(struct mark_follower *f, const char *kind, const char *run, uint64_t seq,
                   int wanted, const char *title)
{
    struct mark m = MARK_INIT;
    struct err err = {0};
    char text[256];

    snprintf(text, sizeof text, "{\"@mark\":\"%s\",\"run\":\"%s\",\"seq\":%llu,\"at\":[]}", kind,
             run, (unsigned long long)seq);
    tap_int(parse(&m, text, &err), 0, text);
    tap_int(mark_follow(f, &m, &err), wanted, title);
    tap_int(err.status, wanted == 0 ? 0 : EX_DATAERR, "and its status");
    mark_release(&m);
}

static void test_follow(void)
{
    struct mark_follower f = {0};

    follow(&f, "mark", RUN, 1, -1, "a mark before hello");
    follow(&f, "end", RUN, 1, -1, "an end before hello");
    follow(&f, "hello", RUN, 5, 0, "hello opens");
    follow(&f, "mark", RUN, 5, -1, "seq has to grow");
    follow(&f, "mark", RUN, 6, 0, "a mark");
    follow(&f, "mark", RUN, 9, 0, "seq may leave numbers out");
    follow(&f, "mark", OTHER, 10, -1, "a mark of another run");
    follow(&f, "hello", RUN, 10, -1, "a second hello");
    follow(&f, "hello", OTHER, 10, -1, "a second hello of another run");
    follow(&f, "end", RUN, 10, 0, "the end");
    follow(&f, "mark", RUN, 11, -1, "a mark behind the end");
}

static void test_positions(void)
{
    struct mark a = MARK_INIT, b = MARK_INIT;

    tap_ok(mark_same_position(&a, &b), "no partitions are the same as none");
    mark_add_at(&a, "t", 0, 5);
    tap_ok(!mark_same_partitions(&a, &b) && !mark_same_partitions(&b, &a), "one and none differ");
    mark_add_at(&a, "t", 1, 6);
    mark_add_at(&b, "t", 1, 6);
    mark_add_at(&b, "t", 0, 5);
    tap_ok(mark_same_position(&a, &b), "the order does not matter");
    b.at[1].offset = 4;
    tap_ok(!mark_same_position(&a, &b), "another offset");
    tap_ok(mark_same_partitions(&a, &b), "of the same partitions");
    b.at[1].partition = 2;
    tap_ok(!mark_same_partitions(&a, &b), "other partitions");
    mark_release(&a);
    mark_release(&b);
}

static void test_metadata(void)
{
    static const char *const foreign[] = {"",
                                          "x",
                                          "{}",
                                          "[1]",
                                          "{\"seq\":1}",
                                          "{\"seq\":\"1\",\"run\":\"" RUN "\"}",
                                          "{\"seq\":-1,\"run\":\"" RUN "\"}",
                                          "{\"seq\":1,\"run\":\"x\"}"};
    char run[MARK_RUN_SIZE];
    struct mark m = {.run = RUN, .seq = 42};
    struct buf b = BUF_INIT;
    uint64_t seq = 0;

    mark_put_metadata(&b, &m);
    tap_text(b.data, b.len, "{\"seq\":42,\"run\":\"" RUN "\"}", "metadata");
    tap_ok(mark_metadata(b.data, b.len, &seq, run) && seq == 42 && strcmp(run, RUN) == 0,
           "its seq and its run");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        tap_ok(!mark_metadata(foreign[i], strlen(foreign[i]), &seq, run), "none in '%s'",
               foreign[i]);
    buf_release(&b);
}

static void test_run(void)
{
    struct mark m = {.seq = 1}, read = MARK_INIT;
    struct buf b = BUF_INIT;
    struct err err;
    char other[MARK_RUN_SIZE];

    mark_new_run(m.run);
    mark_new_run(other);
    mark_format(&b, &m);
    buf_putc(&b, '\0');
    tap_ok(parse(&read, b.data, &err) == 0 && strcmp(read.run, m.run) == 0, "a run is a UUID");
    tap_ok(strcmp(m.run, other) != 0, "no two are the same");
    tap_ok(m.run[14] == '4' && strchr("89ab", m.run[19]) != NULL, "of version 4");
    mark_release(&read);
    buf_release(&b);
}

int main(void)
{
    test_round_trip();
    test_members();
    test_wrong();
    test_follow();
    test_positions();
    test_metadata();
    test_run();
    return tap_done();
}
