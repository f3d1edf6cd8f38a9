// SPDX-License-Identifier: BSD-2-Clause
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "stream/input.h"
#include "tap.h"

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

// Appends the lines of an input as "number:text|", and "!message|" for a file that cannot be
// opened.
static void describe(const struct input_options *options, struct buf *b)
{
    struct input in;
    struct line line;
    struct err err;
    int more = 1;

    buf_clear(b);
    input_init(&in, options, 100);
    while (more != 0) {
        while (line_next(&in.reader, &line)) {
            buf_printf(b, "%d:", (int)line.number);
            buf_append(b, line.data, line.len);
            buf_putc(b, '|');
        }
        if (!in.reader.eof) {
            line_fill(&in.reader);
        } else if ((more = input_next_file(&in, &err)) < 0) {
            tap_int(err.status, EX_IOERR, "a file that has gone is an error");
            buf_printf(b, "!%s|", err.text);
        }
    }
    input_release(&in);
}

// Checks the lines of files; of stdin if the first one is NULL.
static void check(const char *delimiter, bool lines, const char *const *file, const char *wanted,
                  const char *title)
{
    struct input_options o = {.delimiter = delimiter, .lines = lines, .file = file};
    struct buf b = BUF_INIT;
    struct err err;

    while (file[o.file_count] != NULL)
        o.file_count++;
    tap_int(input_options_check(&o, &err), 0, "the options are good");
    describe(&o, &b);
    tap_text(b.data, b.len, wanted, title);
    input_options_release(&o);
    buf_release(&b);
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_files(void)
{
    write_file("a", "1\n2");
    write_file("b", "3;4\n");
    write_file("empty", "");
    check(NULL, false, FILES(NULL), "1:in|2:put|", "without files, the lines of stdin");
    check(NULL, true, FILES("a", "empty", "b", "a"), "1:1|2:2|3:3;4|4:1|5:2|",
          "lines of files; a line ends where its file ends");
    check(";", true, FILES("a", "b"), "1:1\n2|2:3|3:4\n|", "with another delimiter");
    check(NULL, false, FILES("a", "empty", "b"), "1:1\n2|2:3;4\n|", "whole files");
    check(NULL, true, FILES("-", "a"), "1:1|2:2|", "stdin as one of the files, at its end");
}

static void test_gone(void)
{
    struct input_options o = {.lines = true, .file = FILES("a", "gone", "b"), .file_count = 3};
    struct buf b = BUF_INIT;
    struct err err;

    write_file("gone", "x");
    tap_int(input_options_check(&o, &err), 0, "a file is there at the start");
    unlink("gone");
    describe(&o, &b);
    tap_text(b.data, b.len, "1:1|2:2|!gone: No such file or directory|3:3;4|",
             "the others are read all the same");
    input_options_release(&o);
    buf_release(&b);
}

static void check_error(const char *delimiter, bool lines, const char *file, const char *wanted)
{
    struct input_options o = {.delimiter = delimiter, .lines = lines, .file = &file};
    struct err err = {0};

    o.file_count = file != NULL;
    tap_int(input_options_check(&o, &err), -1, "an error");
    tap_int(err.status, EX_USAGE, "of usage");
    tap_text(err.text, strlen(err.text), wanted, wanted);
    input_options_release(&o);
}

static void test_errors(void)
{
    check_error(NULL, true, "gone", "gone: No such file or directory");
    check_error(NULL, false, ".", ".: Is a directory");
    check_error("", true, NULL, "-D: must not be empty");
    check_error("\\x", true, NULL, "-D: \\x needs one or two hexadecimal digits");
    check_error(";", false, "a", "-D: each file is one message; -l reads lines of them");
}

static bool is_plain(const char *delimiter, bool lines, size_t files)
{
    struct input_options o = {.delimiter = delimiter, .lines = lines, .file = FILES("a")};
    struct err err;

    o.file_count = files;
    input_options_check(&o, &err);
    bool plain = input_is_plain(&o);
    input_options_release(&o);
    return plain;
}

static void test_plain(void)
{
    tap_ok(!is_plain(NULL, false, 0), "lines of stdin may be marks");
    tap_ok(!is_plain("\\n", true, 1), "lines of files too");
    tap_ok(is_plain(NULL, false, 1), "whole files are data");
    tap_ok(is_plain("\\r\\n", false, 0), "with another delimiter, all is data");
}

int main(void)
{
    static const char *const names[] = {"a", "b", "empty", "stdin"};
    char dir[] = "/tmp/input_test.XXXXXX";

    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        abort();
    write_file("stdin", "in\nput\n");
    if (freopen("stdin", "r", stdin) == NULL)
        abort();
    test_files();
    test_gone();
    test_errors();
    test_plain();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(names[i]);
    rmdir(dir);
    return tap_done();
}
