// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/value.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define MAX_LINE (1 << 20)

static void read_text(struct value *value, const char *text, struct line *line)
{
    char *copy = strdup(text);
    const rd_kafka_message_t message = {.payload = copy, .len = strlen(text)};

    value_read(value, &message, MAX_LINE, line);
    free(copy); // the line must not refer to the message
}

static void test_read(void)
{
    struct value value = {.text = BUF_INIT};
    struct line line;

    read_text(&value, "{\"a\":1}", &line);
    tap_text(line.data, line.len, "{\"a\":1}", "a value is a line");
    tap_ok(line.full_len == line.len, "it is whole");
    value_read(&value, &(rd_kafka_message_t){.payload = NULL}, MAX_LINE, &line);
    tap_text(line.data, line.len, "null", "a tombstone is null");
    value_read(&value, &(rd_kafka_message_t){.payload = "", .len = 0}, MAX_LINE, &line);
    tap_ok(line.len == 0 && line.full_len == 0, "an empty value is an empty line");
    value_release(&value);
}

static void test_long(void)
{
    struct value value = {.text = BUF_INIT};
    size_t len = LINE_KEEP + 5;
    char *text = malloc(len);
    struct line line;

    memset(text, 'x', len);
    const rd_kafka_message_t message = {.payload = text, .len = len};
    value_read(&value, &message, len, &line);
    tap_ok(line.len == len && line.full_len == len, "a value of the longest length is whole");
    value_read(&value, &message, len - 1, &line);
    tap_ok(line.len == LINE_KEEP && line.full_len == len,
           "only the beginning of a longer value is kept");
    value_read(&value, &(rd_kafka_message_t){.payload = text, .len = 9}, 8, &line);
    tap_ok(line.len == 9 && line.full_len == 9,
           "a short value is kept whole, even beyond the limit");
    free(text);
    value_release(&value);
}

static void joined(const char *text, const char *wanted, const char *title)
{
    struct value value = {.text = BUF_INIT};
    struct line line;

    read_text(&value, text, &line);
    line.len = value_join(&value, &line);
    tap_text(line.data, line.len, wanted, title);
    value_release(&value);
}

static void test_join(void)
{
    struct value value = {.text = BUF_INIT};
    struct line line;

    joined("{\n  \"a\": 1\r\n}\n", "{   \"a\": 1  }", "newlines become spaces, none at the end");
    joined("{\"a\":1} ", "{\"a\":1} ", "a value of one line keeps its bytes");
    joined("1\n", "1", "a last newline goes");
    read_text(&value, "1\n2", &line);
    line.data = "x\ny";
    line.len = value_join(&value, &line);
    tap_text(line.data, line.len, "x\ny", "a line that is not the value itself is unchanged");
    value_release(&value);
}

int main(void)
{
    test_read();
    test_long();
    test_join();
    return tap_done();
}
