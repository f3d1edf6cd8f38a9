// SPDX-License-Identifier: BSD-2-Clause
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/command.h"
#include "base/xalloc.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// --- Words ---

// Checks the words. `wanted` has a bar after each word.
static void check_words(struct command *c, const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < c->count; i++)
        buf_printf(&b, "%s|", c->argv[i]);
    tap_text(b.data, b.len, wanted, title);
    tap_ok(c->count == 0 ? c->argv == NULL : c->argv[c->count] == NULL, "NULL ends the words");
    buf_release(&b);
    command_release(c);
}

static void test_words(void)
{
    static const struct {
        const char *text, *wanted, *title;
    } cases[] = {{"", "", "no text has no words"},
                 {" \t\n ", "", "nor has whitespace"},
                 {"a", "a|", "a word"},
                 {" -e  -c\t50\n", "-e|-c|50|", "whitespace of any kind and length separates"},
                 {"'a b' \\* $x {N}", "'a|b'|\\*|$x|{N}|", "nothing in the words is special"}};
    struct command c = COMMAND_INIT;

    for (size_t i = 0; i < COUNT(cases); i++) {
        command_add_words(&c, cases[i].text);
        check_words(&c, cases[i].wanted, cases[i].title);
    }
    command_add(&c, xstrdup(""));
    command_add(&c, xstrdup("a b"));
    check_words(&c, "|a b|", "a single word is taken as it is");
}

static void test_templates(void)
{
    static const struct command_value values[] = {
        {"N", "1"}, {"NAME", "a b"}, {"EMPTY", ""}, {"BRACES", "{N}"}};
    static const struct {
        const char *text, *wanted, *title;
    } cases[] = {{"-n {N} -", "-n|1|-|", "a name becomes its value"},
                 {"--x={NAME}", "--x=a b|", "which stays in its word"},
                 {"{N}/{NAME}.{N}", "1/a b.1|", "a word may have several"},
                 {"a {EMPTY} b", "a|b|", "a word that becomes empty is left out"},
                 {"a{EMPTY}b", "ab|", "one that does not is not"},
                 {"{BRACES}", "{N}|", "a value is not read as a template"},
                 {"{ a{N", "{|a{N|", "an open brace is no name"}};
    struct command c = COMMAND_INIT;

    for (size_t i = 0; i < COUNT(cases); i++) {
        command_add_template(&c, cases[i].text, values, COUNT(values));
        check_words(&c, cases[i].wanted, cases[i].title);
    }
}

// --- Printing ---

static int saved, file;

static void begin_capture(void)
{
    fflush(stdout);
    file = memfd_create("out", MFD_CLOEXEC);
    saved = dup(STDOUT_FILENO);
    dup2(file, STDOUT_FILENO);
}

static void end_capture(const char *wanted, const char *title)
{
    char text[256];

    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    ssize_t len = pread(file, text, sizeof text, 0);
    close(file);
    tap_text(text, len < 0 ? 0 : (size_t)len, wanted, title);
}

static void test_printing(void)
{
    static const struct {
        const char *word, *wanted, *title;
    } cases[] = {{"aZ09_./:=,@%+-", "aZ09_./:=,@%+-", "a plain word"},
                 {"", "''", "an empty word"},
                 {"a b", "'a b'", "a space"},
                 {"it's $(x)", "'it'\\''s $(x)'", "a quote"},
                 {"~", "'~'", "a tilde"},
                 {"\xc3\xa9", "'\xc3\xa9'", "a letter that is not ASCII"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        begin_capture();
        command_print_word(cases[i].word);
        end_capture(cases[i].wanted, cases[i].title);
    }
}

// --- Programs ---

static void make_file(const char *path, mode_t mode)
{
    close(open(path, O_WRONLY | O_CREAT, 0600));
    chmod(path, mode);
}

static void check_path(char *got, const char *wanted, const char *title)
{
    if (!tap_ok(wanted == NULL ? got == NULL : got != NULL && strcmp(got, wanted) == 0, "%s",
                title))
        printf("# got %s\n", got == NULL ? "nothing" : got);
    free(got);
}

static void test_programs(void)
{
    char directory[] = "command_test.XXXXXX";
    struct command c = COMMAND_INIT;

    if (mkdtemp(directory) == NULL || chdir(directory) != 0)
        return;
    mkdir("a", 0700);
    mkdir("b", 0700);
    mkdir("a/tool", 0700);
    make_file("a/text", 0600);
    make_file("b/tool", 0700);
    make_file("b/text", 0700);
    mkdir("c", 0700);
    make_file("c/tool", 0700);
    make_file("here", 0700);

    setenv("PATH", "none:a:b", 1);
    check_path(command_find("tool"), "b/tool", "a directory is not a program");
    check_path(command_find("text"), "b/text", "a file that is not executable is not a program");
    check_path(command_find("here"), NULL, "what is not in PATH is not found");
    check_path(command_find_beside("tool"), "b/tool", "what is not beside us is looked up in PATH");
    setenv("PATH", "a::b", 1);
    check_path(command_find("here"), "./here", "an empty entry is this directory");
    setenv("PATH", "", 1);
    check_path(command_find("tool"), NULL, "an empty PATH has nothing else");
    unsetenv("PATH");
    check_path(command_find("sh"), access("/usr/bin/sh", X_OK) == 0 ? "/usr/bin/sh" : "/bin/sh",
               "without PATH there is a default");
    char *self = command_find_beside("command_test");
    tap_ok(self != NULL && self[0] == '/', "what is beside us is found first");
    free(self);

    setenv("PATH", "a:b", 1);
    command_add(&c, xstrdup("./b/tool"));
    command_add(&c, xstrdup("x y"));
    begin_capture();
    command_print(&c);
    end_capture("tool 'x y'", "a program that PATH finds is printed by its name");
    setenv("PATH", "c:b", 1);
    begin_capture();
    command_print(&c);
    end_capture("./b/tool 'x y'", "another one by its path");
    tap_ok(!command_has_secret(&c), "it holds no secret");
    command_add_words(&c, "-X sasl.password=hunter2 -Xssl.key.password=@@x -X sasl.password=@file");
    tap_ok(command_has_secret(&c), "now it does");
    begin_capture();
    command_print(&c);
    end_capture("./b/tool 'x y' -X 'sasl.password=(hidden)' '-Xssl.key.password=(hidden)' "
                "-X sasl.password=@file",
                "secrets are hidden, and the name of a file is not");
    command_release(&c);

    if (system("/bin/rm -r a b c here") != 0 || chdir("..") != 0)
        return;
    rmdir(directory);
}

int main(void)
{
    test_words();
    test_templates();
    test_printing();
    test_programs();
    return tap_done();
}
