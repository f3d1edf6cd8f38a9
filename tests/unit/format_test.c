// SPDX-License-Identifier: BSD-2-Clause
//
// Topic, timestamp and headers need a message of librdkafka: tests/kcat-in-text.bats tests them.
#include "kafka/format.h"

#include <string.h>

#include "kafka/format_options.h"
#include "tap.h"

static const rd_kafka_message_t message = {.partition = 3, .offset = 1234567890123};
static const struct format_record full = {
    .message = &message, .key = {"key", 3}, .value = {"a\0b", 3}};
static const struct format_record empty = {.message = &message, .key = {"", 0}, .value = {"", 0}};
static const struct format_record null = {.message = &message};

static void printed(const struct format *f, const struct format_record *record, const char *wanted,
                    size_t len, const char *title)
{
    struct buf out = BUF_INIT;

    format_put(f, record, &out);
    tap_bytes(out.data, out.len, wanted, len, title);
    buf_release(&out);
}

static void prints(const char *spec, const struct format_record *record, const char *wanted,
                   size_t len, const char *title)
{
    struct format f = {.null = "NULL"};
    struct err err;

    if (format_parse(&f, spec, &err) != 0)
        tap_ok(false, "%s: %s", title, err.text);
    else
        printed(&f, record, wanted, len, title);
    format_release(&f);
}

static void refused(const char *spec)
{
    struct format f = {0};
    struct err err;

    tap_ok(format_parse(&f, spec, &err) == -1 && err.status == EX_USAGE, "'%s' is refused", spec);
    format_release(&f);
}

static void test_letters(void)
{
    prints("%p %o %k=%s", &full, "3 1234567890123 key=a\0b", 23, "a NUL byte in a value is kept");
    prints("%K %S", &full, "3 3", 3, "%K and %S are lengths");
    prints("%R", &full, "\0\0\0\3", 4, "%R is a binary length");
    prints("%k,%s,%K,%S,%R", &empty, ",,0,0,\0\0\0\0", 10, "what is empty is not null");
    prints("%k,%s,%K,%S,%R", &null, "NULL,NULL,-1,-1,\xff\xff\xff\xff", 20, "null is told apart");
    prints("100%% \\x25\\x73%%s", &full, "100% %s%s", 9, "a percent sign stands for itself");
    prints("", &full, "", 0, "an empty format prints nothing");
    prints("\\0%s\\n\\0", &full, "\0a\0b\n\0", 6, "text may hold NUL bytes");
    refused("%q");
    refused("%s%");
    refused("\\x");
    refused("%s\\256%s");
}

// What the options print for `full`.
static void means(struct format_options options, const char *wanted, size_t len, const char *title)
{
    struct err err;

    if (!format_options_wanted(&options) || format_options_build(&options, &err) != 0)
        tap_ok(false, "%s", title);
    else
        printed(&options.format, &full, wanted, len, title);
    format_options_release(&options);
}

static void test_options(void)
{
    struct format_options none = {0}, bad = {.separator = "\\x"};
    struct err err;

    tap_ok(!format_options_wanted(&none), "without an option no format is wanted");
    means((struct format_options){.null = true}, "a\0b\n", 4, "by default, a newline follows");
    means((struct format_options){.delimiter = "%s\\0"}, "a\0b%s\0", 6, "-D is no format");
    means((struct format_options){.separator = "%k"}, "key%ka\0b\n", 9, "nor is -K");
    means((struct format_options){.separator = ":", .offset = true}, "1234567890123:key:a\0b\n", 22,
          "-O puts the offset before the key");
    means((struct format_options){.offset = true}, "1234567890123\ta\0b\n", 18,
          "without -K, a tab is between offset and value");
    means((struct format_options){.spec = "%o", .separator = ":", .delimiter = ";"},
          "1234567890123", 13, "-f replaces -K and -D");
    tap_ok(format_options_build(&bad, &err) == -1, "a bad separator is refused");
    tap_text(err.text, strlen(err.text), "-K: \\x needs one or two hexadecimal digits",
             "the message names the option");
    format_options_release(&bad);
}

int main(void)
{
    test_letters();
    test_options();
    return tap_done();
}
