// SPDX-License-Identifier: BSD-2-Clause
#include "stream/mark_text.h"

#include "tap.h"

#define RUN "01234567-89ab-4def-8123-456789abcdef"
#define TOKEN "00112233445566778899aabbccddeeff"
#define OTHER "11234567-89ab-4def-8123-456789abcdef"

static const char hello[] =
    "{\"@mark\":\"hello\",\"run\":\"" RUN "\",\"seq\":41,\"group\":\"g\",\"shard\":\"0/2\","
    "\"cluster\":\"id\",\"interval\":250,\"at\":[[\"user-login\",0,1200],[\"b\\\"c\",7,0]]}";
static const char mark[] = "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"token\":\"" TOKEN
                           "\",\"seq\":42,\"at\":[[\"user-login\",0,9223372036854775807]],"
                           "\"watermark\":-1,\"committed\":40}";
static const char assign[] =
    "{\"@mark\":\"assign\",\"run\":\"" RUN "\",\"seq\":44,\"member\":\"AAE=\","
    "\"topics\":[[\"a\",3],[\"b\",1]],\"at\":[[\"a\",0,5],[\"a\",2,0],[\"b\",0,1]],"
    "\"newest\":[1694479551000,null,\"end\"],\"now\":true}";
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
    static const char *const texts[] = {hello, mark, assign, end};
    struct mark m = MARK_INIT, copy = MARK_INIT;
    struct buf b = BUF_INIT;
    struct err err;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tap_int(parse(&m, texts[i], &err), 0, texts[i]);
        mark_copy(&copy, &m);
        buf_clear(&b);
        mark_format(&b, &copy);
        tap_text(b.data, b.len, texts[i], "mark_format() prints it as it was read");
        tap_ok(mark_is(b.data, b.len), "mark_is() accepts it");
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
    tap_int(m.kind, MARK_HELLO, "the kind of a hello mark");
    tap_int((int64_t)m.seq, 41, "its seq");
    tap_text(m.group, strlen(m.group), "g", "its group");
    tap_text(m.shard, strlen(m.shard), "0/2", "its shard");
    tap_text(m.cluster, strlen(m.cluster), "id", "its cluster");
    tap_int((int64_t)m.interval, 250, "its interval");
    tap_int((int64_t)m.at_count, 2, "the number of its partitions");
    tap_int(mark_offset(&m, "user-login", 0), 1200, "the offset of its first partition");
    tap_int(mark_offset(&m, "b\"c", 7), 0, "the offset of a partition whose topic has an escape");
    tap_int(mark_offset(&m, "user-login", 1), -1,
            "no offset for a partition that the mark does not list");
    tap_ok(!m.has_watermark && !m.has_committed, "absent members are not set");
    parse(&m, "{\"@mark\" : \"mark\", \"new\":[{}], \"run\":\"" RUN "\",\"seq\":1,\"at\":[]}",
          &err);
    tap_ok(m.kind == MARK_PROGRESS && m.seq == 1, "unknown members are ignored");
    tap_ok(m.group == NULL && m.at_count == 0, "parsing removes everything of the previous mark");
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
        "{\"@mark\":\"hello\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"interval\":-1}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"token\":\"x\"}",
        "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[],\"token\":null}",
    };
    struct mark m = MARK_INIT;
    struct err err;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        tap_ok(parse(&m, texts[i], &err) == -1 && err.status == EX_DATAERR, "refused: %s",
               texts[i]);
    mark_release(&m);
    tap_ok(!mark_is("{ \"@mark\"", 9) && !mark_is("{\"@mar", 6) && !mark_is("", 0),
           "mark_is() refuses other lines");
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
    tap_int(err.status, wanted == 0 ? 0 : EX_DATAERR, "EX_DATAERR if it is refused");
    mark_release(&m);
}

static void test_follow(void)
{
    struct mark_follower f = {0};

    follow(&f, "mark", RUN, 1, -1, "a mark before hello is refused");
    follow(&f, "end", RUN, 1, -1, "an end mark before hello is refused");
    follow(&f, "hello", RUN, 5, 0, "a hello mark opens the stream");
    follow(&f, "mark", RUN, 5, -1, "a seq that does not grow is refused");
    follow(&f, "mark", RUN, 6, 0, "the next mark is accepted");
    follow(&f, "mark", RUN, 9, 0, "seq may skip numbers");
    follow(&f, "mark", OTHER, 10, -1, "a mark of another run is refused");
    follow(&f, "hello", RUN, 10, -1, "a second hello mark is refused");
    follow(&f, "hello", OTHER, 10, -1, "also if it names another run");
    follow(&f, "end", RUN, 10, 0, "the end mark is accepted");
    follow(&f, "mark", RUN, 11, -1, "a mark after the end mark is refused");
}

// Puts a token into a mark and lets it follow.
static int follow_token(struct mark_follower *f, enum mark_kind kind, const char *token)
{
    struct mark m = {.kind = kind, .run = RUN, .seq = f->seq + 1};
    struct err err;

    snprintf(m.token, sizeof m.token, "%s", token);
    return mark_follow(f, &m, &err);
}

static void test_tokens(void)
{
    struct mark_follower f = {0}, without = {0};
    char token[MARK_TOKEN_SIZE], other[MARK_TOKEN_SIZE];

    mark_new_token(token);
    mark_new_token(other);
    tap_int((int64_t)strlen(token), 32, "a token has 128 bits");
    tap_ok(strcmp(token, other) != 0, "two new tokens differ");
    tap_int(follow_token(&f, MARK_HELLO, token), 0, "a hello mark has a token");
    tap_int(follow_token(&f, MARK_PROGRESS, ""), -1, "a mark without it is refused");
    tap_int(follow_token(&f, MARK_PROGRESS, other), -1, "a mark with another one is refused");
    tap_int(follow_token(&f, MARK_PROGRESS, token), 0, "a mark with the same one is accepted");
    tap_int(follow_token(&without, MARK_HELLO, ""), 0, "a hello mark may have no token");
    tap_int(follow_token(&without, MARK_PROGRESS, ""), 0, "then the other marks need none");
}

static void test_positions(void)
{
    struct mark a = MARK_INIT, b = MARK_INIT;

    tap_ok(mark_same_position(&a, &b), "two marks without partitions have the same position");
    mark_add_at(&a, "t", 0, 5);
    tap_ok(!mark_same_partitions(&a, &b) && !mark_same_partitions(&b, &a),
           "a mark with and one without partitions differ");
    mark_add_at(&a, "t", 1, 6);
    mark_add_at(&b, "t", 1, 6);
    mark_add_at(&b, "t", 0, 5);
    tap_ok(mark_same_position(&a, &b), "the order of the partitions does not matter");
    b.at[1].offset = 4;
    tap_ok(!mark_same_position(&a, &b), "marks with other offsets have another position");
    tap_ok(mark_same_partitions(&a, &b), "marks with other offsets can have the same partitions");
    b.at[1].partition = 2;
    tap_ok(!mark_same_partitions(&a, &b), "marks with other partitions differ");
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
    struct mark m = {.run = RUN, .token = TOKEN, .seq = 42};
    struct buf b = BUF_INIT;
    uint64_t seq = 0;

    mark_put_metadata(&b, &m);
    tap_text(b.data, b.len, "{\"seq\":42,\"run\":\"" RUN "\"}", "the metadata has no token");
    tap_ok(mark_metadata(b.data, b.len, &seq, run) && seq == 42 && strcmp(run, RUN) == 0,
           "mark_metadata() reads seq and run from it");
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        tap_ok(!mark_metadata(foreign[i], strlen(foreign[i]), &seq, run),
               "mark_metadata() refuses '%s'", foreign[i]);
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
    tap_ok(parse(&read, b.data, &err) == 0 && strcmp(read.run, m.run) == 0,
           "a new run can be parsed");
    tap_ok(strcmp(m.run, other) != 0, "two new runs differ");
    tap_ok(m.run[14] == '4' && strchr("89ab", m.run[19]) != NULL,
           "a new run is a UUID of version 4");
    mark_release(&read);
    buf_release(&b);
}

int main(void)
{
    test_round_trip();
    test_members();
    test_wrong();
    test_follow();
    test_tokens();
    test_positions();
    test_metadata();
    test_run();
    return tap_done();
}
