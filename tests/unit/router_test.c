// SPDX-License-Identifier: BSD-2-Clause
#include "stream/origin.h"
#include "stream/router.h"
#include "tap.h"

static struct json *json;
static const char *main_topic[] = {"main"};

#define MAIN_TOPIC .topics = {main_topic, 1}

// Describes where a line goes: "TOPIC KEY", "TOPIC -" without a key, "REASON FIELD" for a reject.
static void describe(struct router *r, const char *text, struct buf *b)
{
    struct buf copy = BUF_INIT; // for the padding
    struct router_destination to;
    struct reject why = {0};

    buf_puts(&copy, text);
    const struct line line = {.data = copy.data, .len = copy.len, .full_len = copy.len};
    bool needed = router_needs_json(r, &line);
    if (needed && json_parse(json, copy.data, copy.len) != 0) {
        buf_puts(b, "not JSON");
    } else if (router_choose(r, needed ? json : NULL, &line, &to, &why) != 0) {
        buf_printf(b, "%s %s", why.reason, why.field == NULL ? "-" : why.field);
    } else {
        buf_printf(b, "%s ", r->topic[to.topic]);
        if (to.key == NULL)
            buf_puts(b, "-");
        else
            buf_append(b, to.key, to.key_len);
    }
    buf_release(&copy);
}

static void check(struct router *r, const char *text, const char *wanted)
{
    struct buf b = BUF_INIT;

    describe(r, text, &b);
    tap_text(b.data, b.len, wanted, text);
    buf_release(&b);
}

static void test_topic_alone(void)
{
    const struct router_options options = {MAIN_TOPIC};
    const struct line any = {.data = "anything", .len = 8};
    struct router r;
    struct err err;

    tap_int(router_init(&r, &options, &err), 0, "a topic alone");
    tap_ok(!router_needs_json(&r, &any), "lines need not be parsed");
    check(&r, "{\"user_id\":\"u\",\"key\":\"k\"}", "main -");
    check(&r, "not JSON", "main -");
    check(&r, "{\"insight\":\"logins\",\"key\":\"1h/x\"}", "main 1h/x");
    check(&r, "{\"insight\":\"logins\"}", "main -");
    tap_int((int64_t)router_reject_topic(&r), 0, "rejects go to the main topic");
    router_release(&r);
}

static void test_routes(void)
{
    struct router_options options = {MAIN_TOPIC};
    struct router r;
    struct err err;

    opt_list_add(&options.routes, "reject=rejects");
    opt_list_add(&options.routes, "insight=in=sights");
    opt_list_add(&options.routes, "both=other");
    opt_list_add(&options.routes, "also=other");
    tap_int(router_init(&r, &options, &err), 0, "routes");
    check(&r, "{\"user_id\":\"u\"}", "main -");
    check(&r, "{\"both\":null}", "other -");
    check(&r, "{\"also\":{}}", "other -");
    check(&r, "{\"nested\":{\"both\":1}}", "main -");
    check(&r, "{\"both\":1,\"insight\":2,\"key\":\"k\"}", "in=sights -");
    check(&r, "{\"insight\":\"x\",\"key\":\"k\"}", "in=sights k");
    check(&r, "{\"reject\":\"x\"}", "rejects -");
    check(&r, "[\"reject\"]", "main -");
    check(&r, "7", "main -");
    tap_int((int64_t)router_reject_topic(&r), 1, "rejects have a topic");
    tap_int((int64_t)r.topic_count, 4, "a topic of two routes is one topic");
    router_release(&r);
    opt_list_release(&options.routes);
}

static void test_main_topic_twice(void)
{
    struct router_options options = {MAIN_TOPIC};
    struct router r;
    struct err err;

    opt_list_add(&options.routes, "insight=main");
    opt_list_add(&options.routes, "reject=rejects");
    tap_int(router_init(&r, &options, &err), 0, "a route to the main topic");
    tap_int((int64_t)r.topic_count, 2, "is the same topic");
    check(&r, "{\"insight\":1,\"reject\":2,\"key\":\"k\"}", "main k");
    check(&r, "{\"reject\":1,\"insight\":2}", "main -");
    check(&r, "{\"reject\":1}", "rejects -");
    router_release(&r);
    opt_list_release(&options.routes);
}

// Describes where a record goes that came in an envelope with this topic, which may be NULL.
static void check_own(struct router *r, const char *topic, const char *text, const char *wanted)
{
    struct origin origin = {.topic = topic, .topic_len = topic == NULL ? 0 : strlen(topic)};
    const struct line line = {.data = text, .len = strlen(text), .origin = &origin};
    struct router_destination to;
    struct reject why;

    tap_ok(!router_needs_json(r, &line), "an envelope need not be parsed for its topic");
    const char *got =
        router_choose(r, NULL, &line, &to, &why) == 0 ? r->topic[to.topic] : why.reason;
    tap_text(got, strlen(got), wanted, topic == NULL ? "no topic" : topic);
}

static void test_own_topic(void)
{
    static const char *topics[] = {"a", "b", "a", "main"};
    struct router_options options = {.topics = {topics, 4}, .own_topic = true};
    struct router r;
    struct err err;

    opt_list_add(&options.routes, "reject=rejects");
    tap_int(router_init(&r, &options, &err), 0, "several topics");
    tap_int((int64_t)r.topic_count, 4, "each topic once");
    check_own(&r, "a", "{\"reject\":1}", "a");
    check_own(&r, "b", "not JSON", "b");
    check_own(&r, "main", "", "main");
    check_own(&r, "rejects", "{\"reject\":1}", "unknown_topic");
    check_own(&r, "mai", "", "unknown_topic");
    check_own(&r, NULL, "", "unknown_topic");
    check(&r, "{\"n\":1}", "main -");
    check(&r, "{\"reject\":1}", "rejects -");
    router_release(&r);
    options.own_topic = false;
    router_init(&r, &options, &err);
    check(&r, "{\"n\":1}", "main -");
    tap_int((int64_t)r.topic_count, 2,
            "otherwise the last topic counts, and the others are not used");
    router_release(&r);
    opt_list_release(&options.routes);
}

static void test_topic_limit(void)
{
    struct router_options options = {.own_topic = true};
    struct err err = {0};

    tap_ok(router_options_check(&options, true, &err) != 0 && err.status == EX_USAGE, "no topic");
    for (int i = 1; i <= ROUTER_NAMED_MAX; i++)
        opt_list_add(&options.topics, "t");
    tap_int(router_options_check(&options, true, &err), 0, "256 topics");
    opt_list_add(&options.topics, "t");
    tap_ok(router_options_check(&options, true, &err) != 0, "a 257th is refused");
    opt_list_release(&options.topics);
}

static void test_bad_routes(void)
{
    static const char *const bad[] = {"", "reject", "=topic", "reject=", "="};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct router_options options = {MAIN_TOPIC};
        struct router r;
        struct err err = {0};
        opt_list_add(&options.routes, bad[i]);
        tap_ok(router_init(&r, &options, &err) != 0 && err.status == EX_USAGE &&
                   strstr(err.text, "--route") != NULL,
               "not a route: '%s'", bad[i]);
        router_release(&r);
        opt_list_release(&options.routes);
    }
}

static void test_route_limit(void)
{
    struct router_options options = {MAIN_TOPIC};
    struct router r;
    struct err err = {0};

    for (int i = 1; i <= ROUTER_ROUTES_MAX; i++)
        opt_list_add(&options.routes, "a=b");
    tap_int(router_init(&r, &options, &err), 0, "32 routes");
    router_release(&r);
    opt_list_add(&options.routes, "a=b");
    tap_ok(router_init(&r, &options, &err) != 0, "a 33rd is refused");
    router_release(&r);
    opt_list_release(&options.routes);
}

static void test_fixed_key(void)
{
    const struct router_options options = {MAIN_TOPIC, .key = "fixed"};
    struct router r;
    struct err err;

    router_init(&r, &options, &err);
    check(&r, "not JSON", "main fixed");
    check(&r, "{\"insight\":1,\"key\":\"k\"}", "main fixed");
    router_release(&r);
}

static void test_key_field(void)
{
    const struct router_options options = {MAIN_TOPIC, .key_field = "user_id"};
    struct router r;
    struct err err;

    router_init(&r, &options, &err);
    check(&r, "{\"user_id\":\"u\\u00e9\\\"\"}", "main u\xc3\xa9\"");
    check(&r, "{\"user_id\":\"\"}", "main ");
    check(&r, "{\"user_id\":7}", "main 7");
    check(&r, "{\"user_id\":18446744073709551615}", "main 18446744073709551615");
    check(&r, "{\"user_id\":1.5}", "main 1.5");
    check(&r, "{\"user_id\":true}", "main true");
    check(&r, "{\"user_id\":null}", "main -");
    check(&r, "{\"key\":\"k\"}", "main -");
    check(&r, "{\"user_id\":1,\"user_id\":2}", "main 2");
    check(&r, "{\"user_id\":[]}", "wrong_type user_id");
    check(&r, "{\"user_id\":{}}", "wrong_type user_id");
    check(&r, "{\"insight\":\"x\",\"key\":\"k\"}", "main k");
    check(&r, "{\"insight\":\"x\",\"key\":\"k\",\"user_id\":\"u\"}", "main u");
    check(&r, "{\"insight\":\"x\",\"key\":[]}", "wrong_type key");
    check(&r, "7", "main -");
    router_release(&r);
}

static void test_key_jq(void)
{
    struct router_options options = {MAIN_TOPIC, .key_jq = ".a + .b"};
    struct router r;
    struct err err = {0};

    tap_int(router_init(&r, &options, &err), 0, "a jq program for the key");
    check(&r, "{\"a\":\"x\",\"b\":\"y\"}", "main xy");
    check(&r, "{\"a\":1,\"b\":2}", "main 3");
    check(&r, "{\"a\":[1],\"b\":[\"\\u00e9\"]}", "main [1,\"\xc3\xa9\"]");
    check(&r, "{}", "main -");
    check(&r, "{\"a\":1,\"b\":\"y\"}", "filter_error -");
    check(&r, "{\"insight\":\"x\",\"key\":\"k\"}", "main -");
    router_release(&r);
    options.key_jq = ".";
    router_init(&r, &options, &err);
    check(&r, "{\"a\": 9007199254740993}", "main {\"a\": 9007199254740993}");
    check(&r, "\"text\"", "main text");
    router_release(&r);
    options.key_jq = "empty";
    router_init(&r, &options, &err);
    check(&r, "{\"a\":1}", "main -");
    router_release(&r);
    options.key_jq = ".a, .b";
    router_init(&r, &options, &err);
    check(&r, "{\"a\":\"first\",\"b\":\"second\"}", "main first");
    router_release(&r);
    options.key_jq = ".a +";
    tap_ok(router_init(&r, &options, &err) != 0 && err.status == EX_USAGE,
           "a program that does not compile is wrong usage");
    router_release(&r);
}

int main(void)
{
    json = json_new();
    test_topic_alone();
    test_routes();
    test_main_topic_twice();
    test_own_topic();
    test_topic_limit();
    test_bad_routes();
    test_route_limit();
    test_fixed_key();
    test_key_field();
    test_key_jq();
    json_free(json);
    return tap_done();
}
