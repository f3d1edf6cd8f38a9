// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "kafka/config_file.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void write_file(const char *path, const char *data, size_t len)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fwrite(data, 1, len, file) != len || fclose(file) != 0)
        abort();
}

static int add(void *ctx, const char *where, const char *name, const char *value, struct err *err)
{
    if (strcmp(name, "stop") == 0)
        return err_set(err, EX_DATAERR, "stopped");
    buf_printf(ctx, "%s|%s|%s;", where, name, value);
    return 0;
}

// --- Files ---

static void test_files(void)
{
    static const struct {
        const char *text, *wanted, *title;
    } cases[] = {
        {"", "", "an empty file"},
        {" \n\t", "", "nothing but whitespace"},
        {"a=1\nb = 2 \r\n", "f:1|a|1;f:2|b|2;", "two lines, with spaces and CR LF"},
        {"# a=1\n\n  #b\nc=3", "f:4|c|3;", "comments, empty lines and no newline at the end"},
        {"a=\nb==\n", "f:1|a|;f:2|b|=;", "values that are empty or hold an equals sign"},
        {"a={\"b\":1}\n", "f:1|a|{\"b\":1};", "a brace in a value is not JSON"},
        {"{}", "", "an empty object"},
        {" \n\t{\"a\":\"1\",\"b\":true,\"c\":false,\"d\":-7,\"e\":18446744073709551615,\"f\":0.5}"
         "\n",
         "f|a|1;f|b|true;f|c|false;f|d|-7;f|e|18446744073709551615;f|f|0.5;",
         "an object with all kinds of values"},
        {"{\"a\":\"1\",\"a\":\"\\u00e9=#\"}", "f|a|1;f|a|\303\251=#;",
         "a key twice, in this order"},
    };
    struct buf b = BUF_INIT;
    struct err err;

    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("f", cases[i].text, strlen(cases[i].text));
        buf_clear(&b);
        int status = config_file_read("f", add, &b, &err);
        tap_ok(status == 0, "%s: can be read", cases[i].title);
        tap_text(b.len == 0 ? "" : b.data, b.len, cases[i].wanted, cases[i].title);
    }
    buf_release(&b);
}

static void test_wrong_files(void)
{
    static const struct {
        const char *text;
        size_t len;
        int status;
        const char *wanted;
    } cases[] = {
        {"a=1\nb\n", 6, EX_CONFIG, "f:2: not a PROP=VAL line"},
        {"a=1\nstop=2", 10, EX_DATAERR, "stopped"},
        {"a=\0", 3, EX_CONFIG, "f: holds a NUL byte, so it is not a text"},
        {"{\"a\":1,}", 8, EX_CONFIG, NULL},
        {"{\"a\":1} b", 9, EX_CONFIG, NULL},
        {"{\"a\":null}", 10, EX_CONFIG, "f: a: the value is not a string, a number or a boolean"},
        {"{\"a\":[1]}", 9, EX_CONFIG, "f: a: the value is not a string, a number or a boolean"},
        {"{\"a\":\"\\u0000\"}", 14, EX_CONFIG, "f: a: the value holds a NUL byte"},
        {"{\"stop\":1}", 10, EX_DATAERR, "stopped"},
    };
    struct buf b = BUF_INIT;
    struct err err;

    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("f", cases[i].text, cases[i].len);
        err = (struct err){0};
        tap_int(config_file_read("f", add, &b, &err), -1, "a wrong file is refused");
        tap_int(err.status, cases[i].status, "with the right status");
        if (cases[i].wanted == NULL)
            tap_ok(strncmp(err.text, "f: not valid JSON: ", 19) == 0, "%s", err.text);
        else
            tap_text(err.text, strlen(err.text), cases[i].wanted, "and the reason");
    }
    tap_ok(config_file_read("missing", add, &b, &err) == -1 && err.status == EX_CONFIG &&
               strcmp(err.text, "missing: No such file or directory") == 0,
           "a missing file is named");
    buf_release(&b);
}

// --- Values ---

static void test_values(void)
{
    static const struct {
        const char *contents;
        size_t len;
        const char *wanted;
    } cases[] = {{"secret", 6, "secret"},
                 {"secret\n", 7, "secret"},
                 {"secret\r\n", 8, "secret"},
                 {"secret\n\n", 8, "secret\n"},
                 {" two words \n", 12, " two words "},
                 {"@secret", 7, "@secret"},
                 {"a\nb\n", 4, "a\nb"}};
    static const char *const literal[][2] = {
        {"", ""}, {"text", "text"}, {"@@text", "@text"}, {"@@", "@"}, {"a@b", "a@b"}};
    struct err err;
    char *value = NULL;

    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file("v", cases[i].contents, cases[i].len);
        if (config_file_value("-X", "a", "@v", &value, &err) != 0)
            value = strdup(err.text);
        tap_text(value, strlen(value), cases[i].wanted, "a value from a file");
        free(value);
    }
    for (size_t i = 0; i < COUNT(literal); i++) {
        if (config_file_value("-X", "a", literal[i][0], &value, &err) != 0)
            value = strdup(err.text);
        tap_text(value, strlen(value), literal[i][1], "a value that names no file");
        free(value);
    }
}

static void test_wrong_values(void)
{
    static const struct {
        const char *contents;
        size_t len;
        const char *why;
    } cases[] = {{"", 0, "is empty"},
                 {"\n", 1, "is empty"},
                 {"\r\n", 2, "is empty"},
                 {"a\0b", 3, "holds a NUL byte, so it is not a text"}};
    static const char *const names[][2] = {{"@", "no name of a file"},
                                           {"@missing", "No such file or directory"},
                                           {"@.", "Is a directory"},
                                           {"@/dev/zero", "File too large"}};
    struct buf wanted = BUF_INIT;
    struct err err;
    char *value;

    for (size_t i = 0; i < COUNT(cases) + COUNT(names); i++) {
        const char *text = i < COUNT(cases) ? "@v" : names[i - COUNT(cases)][0];
        const char *why = i < COUNT(cases) ? cases[i].why : names[i - COUNT(cases)][1];
        if (i < COUNT(cases))
            write_file("v", cases[i].contents, cases[i].len);
        buf_clear(&wanted);
        buf_printf(&wanted, "x:1: a: %s: %s; ", text, why);
        tap_ok(config_file_value("x:1", "a", text, &value, &err) == -1 && err.status == EX_CONFIG &&
                   strncmp(err.text, wanted.data, wanted.len) == 0,
               "refused: %s", err.text);
    }
    buf_release(&wanted);
}

int main(void)
{
    char directory[] = "/tmp/config_file_test.XXXXXX";

    if (mkdtemp(directory) == NULL || chdir(directory) != 0)
        return EX_CANTCREAT;
    test_files();
    test_wrong_files();
    test_values();
    test_wrong_values();
    unlink("f");
    unlink("v");
    if (chdir("/") == 0)
        rmdir(directory);
    return tap_done();
}
