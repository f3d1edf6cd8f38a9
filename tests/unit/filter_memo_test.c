// SPDX-License-Identifier: BSD-2-Clause
#include "json/filter_memo.h"
#include "tap.h"

static struct json_value text(const char *data)
{
    return (struct json_value){.type = JSON_STRING, .string = {data, strlen(data)}};
}

static bool finds(struct filter_memo *memo, struct json_value a, struct json_value b, bool *passes)
{
    const struct json_value values[] = {a, b};

    return filter_memo_find(memo, values, 2, passes);
}

static const struct json_value absent = {.type = JSON_ABSENT}, null = {.type = JSON_NULL},
                               yes = {.type = JSON_BOOL, .boolean = true},
                               no = {.type = JSON_BOOL, .boolean = false},
                               one = {.type = JSON_INT, .integer = 1},
                               one_unsigned = {.type = JSON_UINT, .uinteger = 1},
                               one_double = {.type = JSON_DOUBLE, .number = 1},
                               half = {.type = JSON_DOUBLE, .number = 0.5},
                               array = {.type = JSON_ARRAY}, object = {.type = JSON_OBJECT};

// Each pair of values gets a number. The memory keeps one bit of the number at a time.
static void test_different_values(void)
{
    const struct json_value values[] = {
        absent,
        null,
        yes,
        no,
        one,
        one_unsigned,
        one_double,
        half,
        text(""),
        text("a"),
        text("ab"),
        text("1"),
        text("true"),
        text("\x06"),
        text("\x06\x01"
             "a"),
    };
    const int count = sizeof values / sizeof *values;
    const int pairs = count * count;
    bool passes;

    for (int bit = 0; pairs >> bit != 0; bit++) {
        struct filter_memo *memo = filter_memo_new();
        int right = 0, known = 0;
        for (int i = 0; i < pairs; i++) {
            known += finds(memo, values[i / count], values[i % count], &passes);
            filter_memo_put(memo, (i >> bit & 1) != 0);
        }
        tap_int(known, 0, "nothing is known before it was put");
        for (int i = 0; i < pairs; i++)
            right += !finds(memo, values[i / count], values[i % count], &passes) ||
                     passes == ((i >> bit & 1) != 0);
        tap_int(right, pairs, "different values are kept apart");
        tap_ok(finds(memo, values[count - 1], values[count - 1], &passes),
               "the last values are known");
        filter_memo_free(memo);
    }
}

static void test_replaced(void)
{
    struct filter_memo *memo = filter_memo_new();
    int right = 0, known = 0;
    bool passes;

    for (int64_t i = 0; i < 100000; i++) {
        struct json_value n = {.type = JSON_INT, .integer = i};
        known += finds(memo, n, null, &passes);
        filter_memo_put(memo, i % 2 == 1);
        right += finds(memo, n, null, &passes) && passes == (i % 2 == 1);
    }
    tap_int(known, 0, "new values are not known, although others have their place");
    tap_int(right, 100000, "an entry replaces the old one");
    filter_memo_free(memo);
}

static void test_never_known(void)
{
    static const char most[] = "12345678901234567890123456789012345678901234567890123456789";
    static const char more[] = "123456789012345678901234567890123456789012345678901234567890";
    struct filter_memo *memo = filter_memo_new();
    struct json_value value = text(most);
    bool passes;

    filter_memo_find(memo, &value, 1, &passes);
    filter_memo_put(memo, true);
    tap_ok(filter_memo_find(memo, &value, 1, &passes) && passes, "59 bytes are remembered");
    value = text(more);
    filter_memo_find(memo, &value, 1, &passes);
    filter_memo_put(memo, true);
    tap_ok(!filter_memo_find(memo, &value, 1, &passes), "60 bytes are not");
    finds(memo, text(most), null, &passes);
    filter_memo_put(memo, true);
    tap_ok(!finds(memo, text(most), null, &passes), "nor are values that are long together");
    finds(memo, null, array, &passes);
    filter_memo_put(memo, true);
    tap_ok(!finds(memo, null, array, &passes), "nor are arrays");
    finds(memo, object, null, &passes);
    filter_memo_put(memo, true);
    tap_ok(!finds(memo, object, null, &passes), "nor are objects");
    filter_memo_find(memo, NULL, 0, &passes);
    filter_memo_put(memo, false);
    tap_ok(filter_memo_find(memo, NULL, 0, &passes) && !passes, "no values are remembered");
    filter_memo_free(memo);
}

int main(void)
{
    test_different_values();
    test_replaced();
    test_never_known();
    return tap_done();
}
