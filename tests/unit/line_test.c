// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/line.h"
#include "login/random.h"
#include "tap.h"

// Returns a descriptor to read the bytes from: a file, because a pipe could not hold them all.
static int file_of(const char *data, size_t len)
{
    char name[] = "line_test.XXXXXX";
    int fd = mkstemp(name);

    if (fd < 0 || unlink(name) != 0 || write(fd, data, len) != (ssize_t)len ||
        lseek(fd, 0, SEEK_SET) != 0) {
        perror("line_test: file");
        exit(2);
    }
    return fd;
}

// Reads all lines of the bytes and appends each as "number:len/full_len[.]:start|".
static void describe(const char *data, size_t len, size_t max_line, struct buf *b)
{
    int fd = file_of(data, len);
    struct line_reader r;
    struct line line;
    int more;

    line_reader_init(&r, fd, max_line);
    do {
        more = line_fill(&r);
        while (line_next(&r, &line)) {
            buf_printf(b, "%d:%zu/%zu%s:", (int)line.number, line.len, line.full_len,
                       line.unterminated ? "." : "");
            buf_append(b, line.data, line.len < 8 ? line.len : 8);
            buf_putc(b, '|');
        }
    } while (more > 0);
    buf_printf(b, "%d bytes", (int)r.bytes);
    line_reader_release(&r);
    close(fd);
}

static void check(const char *data, size_t len, size_t max_line, const char *wanted,
                  const char *title)
{
    struct buf b = BUF_INIT;

    describe(data, len, max_line, &b);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static void test_short_lines(void)
{
    check("", 0, 100, "0 bytes", "an empty input has no lines");
    check("a\nbc\n", 5, 100, "1:1/1:a|2:2/2:bc|5 bytes", "two lines");
    check("a\nbc", 4, 100, "1:1/1:a|2:2/2.:bc|4 bytes", "a last line without a newline");
    check("\n\n", 2, 100, "1:0/0:|2:0/0:|2 bytes", "empty lines are lines");
    check("\n", 1, 100, "1:0/0:|1 bytes", "a newline alone is an empty line");
    check("a\r\n", 3, 100, "1:2/2:a\r|3 bytes", "CR belongs to the line");
    struct buf b = BUF_INIT;
    describe("a\0b\n\0\n", 6, 100, &b);
    tap_bytes(b.data, b.len, "1:3/3:a\0b|2:1/1:\0|6 bytes", 25, "NUL belongs to the line");
    buf_release(&b);
}

// Checks "a\n", then count times 'x', then after.
static void check_long(size_t count, const char *after, size_t max_line, const char *wanted,
                       const char *title)
{
    struct buf b = BUF_INIT;

    buf_puts(&b, "a\n");
    buf_reserve(&b, count);
    memset(b.data + b.len, 'x', count);
    b.len += count;
    buf_puts(&b, after);
    check(b.data, b.len, max_line, wanted, title);
    buf_release(&b);
}

static void test_limits(void)
{
    check_long(10, "\nb\n", 10, "1:1/1:a|2:10/10:xxxxxxxx|3:1/1:b|15 bytes",
               "a line as long as the limit is whole");
    check_long(11, "\nb\n", 10, "1:1/1:a|2:11/11:xxxxxxxx|3:1/1:b|16 bytes",
               "a line over a limit below LINE_KEEP keeps its bytes");
    check_long(100000, "\nb\n", 10, "1:1/1:a|2:65536/100000:xxxxxxxx|3:1/1:b|100005 bytes",
               "a line over the limit is cut to 64 KiB");
    check_long(1000000, "\nb\n", 999999, "1:1/1:a|2:65536/1000000:xxxxxxxx|3:1/1:b|1000005 bytes",
               "a line one byte over the limit, longer than a block");
    check_long(1000000, "\nb\n", 1000000,
               "1:1/1:a|2:1000000/1000000:xxxxxxxx|3:1/1:b|1000005 bytes",
               "a line as long as the limit and longer than a block");
    check_long(3000000, "\nb\n", 70000, "1:1/1:a|2:65536/3000000:xxxxxxxx|3:1/1:b|3000005 bytes",
               "a line far over the limit");
    check_long(3000000, "", 70000, "1:1/1:a|2:65536/3000000.:xxxxxxxx|3000002 bytes",
               "a line far over the limit without a newline");
    check_long(3000000, "\n", 1 << 24, "1:1/1:a|2:3000000/3000000:xxxxxxxx|3000003 bytes",
               "a line of many blocks");
}

static bool begins_with_x(const char *data, size_t len)
{
    return len > 0 && data[0] == 'x';
}

static void test_exempt(void)
{
    enum { LIMIT = 100000, LONG = LINE_EXEMPT * LIMIT };
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;
    size_t len[4] = {0}, full_len[4] = {0}, lines = 0;

    for (int i = 0; i < 3; i++) { // an exempt line at its limit, a longer one, and one not exempt
        size_t n = LONG + (i == 1);
        buf_reserve(&b, n + 1);
        memset(b.data + b.len, i == 2 ? 'y' : 'x', n);
        b.len += n;
        buf_putc(&b, '\n');
    }
    int fd = file_of(b.data, b.len);
    line_reader_init(&r, fd, LIMIT);
    r.exempt = begins_with_x;
    while (line_fill(&r) > 0) {
        while (line_next(&r, &line) && lines < 4) {
            len[lines] = line.len;
            full_len[lines++] = line.full_len;
        }
    }
    tap_int((int64_t)lines, 3, "three long lines");
    tap_int((int64_t)len[0], LONG, "an exempt line may have LINE_EXEMPT times the limit");
    tap_int((int64_t)len[1], LINE_KEEP, "a longer one is cut");
    tap_int((int64_t)full_len[1], LONG + 1, "the cut line has its full length");
    tap_int((int64_t)len[2], LINE_KEEP, "a line that is not exempt is cut");
    line_reader_release(&r);
    close(fd);
    buf_release(&b);
}

// Writes the text to a pipe, and appends the lines that the reader hands out then: "a|b.|", with a
// period if the line is unterminated.
static void feed(struct line_reader *r, int fd, const char *text, struct buf *b)
{
    struct line line;

    buf_clear(b);
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || line_fill(r) < 0)
        abort();
    while (line_next(r, &line)) {
        buf_append(b, line.data, line.len);
        buf_puts(b, line.unterminated ? ".|" : "|");
    }
}

static bool is_no_x(const char *data, size_t len)
{
    return !begins_with_x(data, len);
}

static void check_fed(struct line_reader *r, int fd, const char *text, const char *wanted,
                      const char *title)
{
    struct buf b = BUF_INIT;

    feed(r, fd, text, &b);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static void test_hold(void)
{
    struct line_reader r;
    struct line line;
    int ends[2];

    if (pipe(ends) != 0)
        abort();
    line_reader_init(&r, ends[0], 100);
    check_fed(&r, ends[1], "1\n", "1|", "without hold, the last line is handed out");
    r.hold = is_no_x;
    check_fed(&r, ends[1], "2\n3\n", "2|", "with hold, the last line is not");
    check_fed(&r, ends[1], "4", "3|", "until a byte follows it");
    check_fed(&r, ends[1], "\n", "", "a line that becomes whole is held");
    check_fed(&r, ends[1], "\n", "4|", "an empty line is a line that follows");
    check_fed(&r, ends[1], "x\n", "|x|", "a line that is not to be held is handed out at once");
    check_fed(&r, ends[1], "5\n", "", "the next one is held again");
    close(ends[1]);
    tap_int(line_fill(&r), 0, "the end of the input");
    tap_ok(line_next(&r, &line) && line.unterminated && line.len == 1 && line.number == 7,
           "at the end, a held line counts as unterminated");
    tap_ok(!line_next(&r, &line), "and is the last one");
    tap_int((int64_t)r.bytes, 13, "all bytes are counted");
    line_reader_release(&r);
    close(ends[0]);
}

static void test_hold_of_long_lines(void)
{
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;

    buf_reserve(&b, 1000001);
    memset(b.data, 'y', 1000000);
    b.data[1000000] = '\n';
    int fd = file_of(b.data, 1000001);
    line_reader_init(&r, fd, 70000);
    r.hold = is_no_x;
    while (line_fill(&r) > 0)
        tap_ok(!line_next(&r, &line), "a line over the limit is held");
    tap_ok(line_next(&r, &line) && line.unterminated && line.full_len == 1000000 &&
               line.len == LINE_KEEP,
           "and cut at the end of the input");
    line_reader_release(&r);
    close(fd);
    buf_release(&b);
}

static void test_memory(void)
{
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;
    size_t largest = 0;

    buf_reserve(&b, 20 << 20);
    memset(b.data, 'x', 20 << 20);
    b.len = 20 << 20;
    int fd = file_of(b.data, b.len);
    line_reader_init(&r, fd, 100000);
    while (line_fill(&r) > 0) {
        while (line_next(&r, &line))
            continue;
        largest = r.size > largest ? r.size : largest;
    }
    tap_ok(largest <= 1 << 20, "a line over the limit is not kept in memory");
    tap_ok(line_next(&r, &line) && line.full_len == 20 << 20,
           "its full length is known at the end");
    tap_ok(!line_next(&r, &line), "it is handed out once");
    tap_int(line_fill(&r), 0, "there is nothing to read after the end");
    line_reader_release(&r);
    close(fd);
    buf_release(&b);
}

// Lines of random lengths, so that blocks end anywhere in them.
static void test_splits(void)
{
    struct random random = {7};
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;
    size_t at = 0;
    bool same = true, padded = true;
    uint64_t wanted = 0, lines = 0;

    while (b.len < 3 << 20) {
        uint64_t bits = random_next(&random);
        size_t len = (bits & 63) == 0 ? bits >> 44 : bits >> 56;
        for (size_t i = 0; i < len; i++)
            buf_putc(&b, (char)('a' + (b.len + i) % 26));
        buf_putc(&b, '\n');
        wanted++;
    }
    int fd = file_of(b.data, b.len);
    line_reader_init(&r, fd, LINE_MAX_DEFAULT);
    while (line_fill(&r) > 0) {
        while (line_next(&r, &line)) {
            same = same && line.number == ++lines &&
                   memcmp(b.data + at, line.data, line.len) == 0 && b.data[at + line.len] == '\n';
            at += line.len + 1;
            for (size_t i = 0; i < BUF_PADDING; i++) // sanitizers check these reads
                padded = padded && line.data[line.len + i] != 'A';
        }
    }
    tap_ok(same && at == b.len, "lines keep their bytes wherever the blocks end");
    tap_ok(padded, "the padding after each line can be read");
    tap_int((int64_t)lines, (int64_t)wanted, "no line is missing");
    line_reader_release(&r);
    close(fd);
    buf_release(&b);
}

// Reads with another delimiter, and describes each line as "len/full_len[.]:start|".
static void check_delimiter(const char *data, size_t len, const char *delim, size_t delim_len,
                            const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;
    int fd = file_of(data, len);

    line_reader_init(&r, fd, 100000);
    r.delim = delim;
    r.delim_len = delim_len;
    while (!r.eof && line_fill(&r) >= 0) {
        while (line_next(&r, &line)) {
            buf_printf(&b, "%zu/%zu%s:", line.len, line.full_len, line.unterminated ? "." : "");
            buf_append(&b, line.data, line.len < 8 ? line.len : 8);
            buf_putc(&b, '|');
        }
    }
    tap_int((int64_t)r.bytes, (int64_t)len, "all bytes are handed out");
    tap_text(b.data, b.len, wanted, title);
    line_reader_release(&r);
    close(fd);
    buf_release(&b);
}

static void test_delimiters(void)
{
    check_delimiter("a\nb;;c\n", 7, ";", 1, "3/3:a\nb|0/0:|2/2.:c\n|", "another byte ends lines");
    check_delimiter("a\0b\0", 4, "", 1, "1/1:a|1/1:b|", "NUL ends lines");
    check_delimiter("a<>b<c<><>", 10, "<>", 2, "1/1:a|3/3:b<c|0/0:|", "several bytes end lines");
    check_delimiter("a<<>b<", 6, "<>", 2, "2/2:a<|2/2.:b<|",
                    "the beginning of a delimiter is data");
    check_delimiter("aaab", 4, "aab", 3, "1/1:a|", "a delimiter that repeats its beginning");
    check_delimiter("a\nb\n", 4, NULL, 0, "4/4.:a\nb\n|", "the whole input is one line");
    check_delimiter("", 0, NULL, 0, "", "an empty input has no line");
}

// Lines of which the delimiter begins or ends at, before and behind the ends of blocks, and lines
// that are just at the limit and over it.
static void test_split_delimiters(void)
{
    static const char delim[] = "<=>";
    bool same = true;
    size_t count = 0;

    for (size_t len = (256u << 10) - 6; len < (256u << 10) + 2; len++) {
        struct buf b = BUF_INIT;
        struct line_reader r;
        struct line line;
        size_t limit = len - (len & 1);
        buf_reserve(&b, 3 * len + 9);
        for (int i = 0; i < 3; i++) {
            memset(b.data + b.len, 'x' + i, len);
            b.len += len;
            buf_puts(&b, i < 2 ? delim : "<=");
        }
        int fd = file_of(b.data, b.len);
        line_reader_init(&r, fd, limit);
        r.delim = delim;
        r.delim_len = 3;
        for (size_t lines = 0; !r.eof && line_fill(&r) >= 0;) {
            while (line_next(&r, &line)) {
                size_t full = len + (lines == 2 ? 2 : 0);
                same = same && line.full_len == full && line.unterminated == (lines == 2) &&
                       line.len == (full > limit ? LINE_KEEP : full) &&
                       line.data[0] == "xyz"[lines] && line.data[line.len - 1] == "xyz"[lines];
                lines++;
                count++;
            }
        }
        line_reader_release(&r);
        close(fd);
        buf_release(&b);
    }
    tap_ok(same, "a delimiter may be split anywhere, after lines of any length");
    tap_int((int64_t)count, 24, "no line is missing");
}

static void test_continue(void)
{
    int first = file_of("a\nb", 3), second = file_of("c\n", 2);
    struct buf b = BUF_INIT;
    struct line_reader r;
    struct line line;

    line_reader_init(&r, first, 100);
    for (int file = 0; file < 2; file++) {
        while (!r.eof && line_fill(&r) >= 0) {
            while (line_next(&r, &line)) {
                buf_printf(&b, "%d:", (int)line.number);
                buf_append(&b, line.data, line.len);
                buf_puts(&b, line.unterminated ? ".|" : "|");
            }
        }
        line_reader_continue(&r, second);
    }
    tap_text(b.data, b.len, "1:a|2:b.|3:c|", "a line ends at the end of its file");
    tap_int((int64_t)r.bytes, 5, "bytes are counted in both files");
    line_reader_release(&r);
    close(first);
    close(second);
    buf_release(&b);
}

static void test_errors(void)
{
    struct line_reader r;
    struct line line;

    line_reader_init(&r, -1, 100);
    errno = 0;
    tap_ok(line_fill(&r) < 0 && errno == EBADF, "a read error sets errno");
    tap_ok(!line_next(&r, &line), "after a read error there is no line");
    line_reader_release(&r);
}

static void test_pipe(void)
{
    int ends[2];
    struct line_reader r;
    struct line line;

    if (pipe(ends) != 0)
        exit(2);
    line_reader_init(&r, ends[0], 100);
    bool wrote = write(ends[1], "one\ntw", 6) == 6;
    tap_ok(wrote && line_fill(&r) == 1 && line_next(&r, &line) && line.len == 3,
           "a complete line is handed out at once");
    tap_ok(!line_next(&r, &line), "an incomplete line is not");
    wrote = write(ends[1], "o\n", 2) == 2;
    tap_ok(wrote && line_fill(&r) == 1 && line_next(&r, &line) && line.len == 3 &&
               memcmp(line.data, "two", 3) == 0 && line.number == 2,
           "an incomplete line is handed out when the rest has arrived");
    close(ends[1]);
    tap_int(line_fill(&r), 0, "the end of a pipe");
    tap_ok(!line_next(&r, &line), "there is no line after the last newline");
    line_reader_release(&r);
    close(ends[0]);
}

int main(void)
{
    test_short_lines();
    test_limits();
    test_exempt();
    test_hold();
    test_hold_of_long_lines();
    test_memory();
    test_splits();
    test_delimiters();
    test_split_delimiters();
    test_continue();
    test_errors();
    test_pipe();
    return tap_done();
}
