// SPDX-License-Identifier: BSD-2-Clause
//
// write() and close() of this program take the place of the C library's, so that a test can decide
// how they fail.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/out.h"
#include "tap.h"

static struct {
    size_t most;     // bytes that one write takes; 0 for no limit
    int skip;        // writes that succeed before the failures
    int failures;    // writes that fail after them
    int error;       // errno of these failures; 0 for a write of no bytes
    int close_error; // errno of close(); 0 for none
    int writes;      // calls so far
} fake;

ssize_t write(int fd, const void *data, size_t len)
{
    fake.writes++;
    if (fake.skip > 0) {
        fake.skip--;
    } else if (fake.failures > 0) {
        fake.failures--;
        errno = fake.error;
        return fake.error == 0 ? 0 : -1;
    }
    return syscall(SYS_write, fd, data, fake.most > 0 && len > fake.most ? fake.most : len);
}

int close(int fd)
{
    int status = (int)syscall(SYS_close, fd);

    if (fake.close_error == 0)
        return status;
    errno = fake.close_error;
    return -1;
}

static char path[] = "/tmp/out_test.XXXXXX";

static int open_file(void)
{
    memset(&fake, 0, sizeof fake);
    return open(path, O_RDWR | O_TRUNC);
}

static void check_file(const char *wanted, const char *title)
{
    char got[256];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, got, sizeof got);

    syscall(SYS_close, fd);
    tap_text(got, n < 0 ? 0 : (size_t)n, wanted, title);
}

static void put_line(struct out *o, const char *text)
{
    buf_puts(&o->buf, text);
    buf_putc(&o->buf, '\n');
}

static void test_buffering(void)
{
    struct out o;
    char line[1024];

    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    out_init(&o, open_file(), "file");
    while (o.buf.len + sizeof line < OUT_FLUSH) {
        put_line(&o, line);
        out_line_done(&o);
    }
    tap_int(fake.writes, 0, "lines collect until there are OUT_FLUSH bytes");
    put_line(&o, line);
    tap_int(out_line_done(&o), 0, "the next line makes it full");
    tap_int(fake.writes, 1, "all bytes are written at once");
    tap_int((int64_t)o.bytes, OUT_FLUSH, "the bytes are counted");
    tap_int((int64_t)o.buf.len, 0, "nothing stays in the buffer");
    tap_int(out_flush(&o), 0, "flushing an empty buffer");
    tap_int(fake.writes, 1, "writes nothing");
    tap_int(out_close(&o), 0, "closing");
    out_release(&o);
}

static int interruptions;

static void count_interruption(void *ctx)
{
    tap_ok(ctx == &interruptions, "the context of the callback");
    interruptions++;
}

static void test_interrupted(void)
{
    struct out o;

    out_init(&o, open_file(), "file");
    o.interrupted = count_interruption;
    o.ctx = &interruptions;
    put_line(&o, "one");
    put_line(&o, "two");
    fake.most = 3;
    fake.skip = 1;
    fake.failures = 2;
    fake.error = EINTR;
    tap_int(out_flush(&o), 0, "short and interrupted writes are continued");
    tap_int(fake.writes, 5, "all bytes are written");
    tap_int(interruptions, 2, "each interruption is told to the callback");
    check_file("one\ntwo\n", "no byte is lost or repeated");
    out_close(&o);
    out_release(&o);
}

static void test_zero_write(void)
{
    struct out o;
    struct err err;

    out_init(&o, open_file(), "some file");
    put_line(&o, "one");
    put_line(&o, "two");
    put_line(&o, "three");
    fake.most = 4;
    fake.skip = 1;
    fake.failures = 1;
    tap_int(out_flush(&o), -1, "a write of no bytes fails");
    tap_int(o.error, ENOSPC, "the error is that of a full disk");
    tap_int(out_error(&o, &err), -1, "the error as a message");
    tap_text(err.text, strlen(err.text), "some file: No space left on device",
             "has name and reason");
    tap_int(err.status, EX_IOERR, "the status is EX_IOERR");
    tap_int((int64_t)o.bytes, 4, "what was written before is counted");
    tap_int((int64_t)out_pending_lines(&o), 2, "what was not written stays in the buffer");
    int writes = fake.writes;
    put_line(&o, "four");
    tap_int(out_flush(&o), -1, "a later flush fails with the same error");
    tap_int(out_close(&o), -1, "closing fails too");
    tap_int(fake.writes, writes, "there is no further write");
    tap_int((int64_t)out_pending_lines(&o), 3, "later lines stay in the buffer");
    check_file("one\n", "only the first line is in the file");
    out_release(&o);
}

static void test_first_error(void)
{
    struct out o;

    out_init(&o, open_file(), "file");
    put_line(&o, "one");
    fake.failures = 1;
    fake.error = EIO;
    fake.close_error = EDQUOT;
    tap_int(out_close(&o), -1, "write() fails, and close() fails with another error");
    tap_int(o.error, EIO, "the first one is kept");
    out_release(&o);
}

static void test_close_error(void)
{
    struct out o;

    out_init(&o, open_file(), "file");
    put_line(&o, "one");
    fake.close_error = EDQUOT;
    tap_int(out_close(&o), -1, "an error that only close() reports");
    tap_int(o.error, EDQUOT, "is kept");
    out_release(&o);
    out_init(&o, open_file(), "file");
    put_line(&o, "one");
    fake.close_error = EINTR;
    tap_int(out_close(&o), 0, "an interrupted close has still closed the file");
    check_file("one\n", "the line is written");
    out_release(&o);
}

static void test_dev_full(void)
{
    struct out o;

    open_file();
    out_init(&o, open("/dev/full", O_WRONLY), "/dev/full");
    put_line(&o, "one");
    tap_int(out_close(&o), -1, "/dev/full");
    tap_int(o.error, ENOSPC, "is a full disk");
    out_release(&o);
}

static void test_closed_pipe(void)
{
    struct out o;
    int ends[2];

    open_file();
    signal(SIGPIPE, SIG_IGN);
    if (pipe(ends) != 0)
        abort();
    syscall(SYS_close, ends[0]);
    out_init(&o, ends[1], "pipe");
    put_line(&o, "one");
    tap_int(out_flush(&o), -1, "a pipe whose reader is gone");
    tap_int(o.error, EPIPE, "gives the error EPIPE");
    out_close(&o);
    out_release(&o);
}

// Waits a while, then reads a pipe to its end. Exits with 0 if it held `wanted` bytes.
static pid_t start_slow_reader(const int ends[2], size_t wanted)
{
    pid_t pid = fork();
    char block[4096];
    size_t sum = 0;
    ssize_t n;

    if (pid != 0)
        return pid;
    syscall(SYS_close, ends[1]);
    usleep(100000);
    while ((n = read(ends[0], block, sizeof block)) > 0)
        sum += (size_t)n;
    _exit(sum == wanted ? 0 : 1);
}

static void test_nonblocking_pipe(void)
{
    enum { SIZE = 1 << 20 };
    struct out o;
    int ends[2], status;

    open_file();
    if (pipe2(ends, O_NONBLOCK) != 0)
        abort();
    fcntl(ends[0], F_SETFL, 0);
    pid_t pid = start_slow_reader(ends, SIZE);
    syscall(SYS_close, ends[0]);
    out_init(&o, ends[1], "pipe");
    for (int i = 0; i < SIZE; i++)
        buf_putc(&o.buf, 'x');
    tap_int(out_close(&o), 0, "a pipe that another process made non-blocking is waited for");
    waitpid(pid, &status, 0);
    tap_int(status, 0, "the pipe gets all the bytes");
    out_release(&o);
}

static void test_open_append(void)
{
    struct out o;
    struct err err;
    char missing[64];

    syscall(SYS_close, open_file());
    unlink(path);
    for (int i = 0; i < 2; i++) {
        tap_int(out_open_append(&o, path, "--rejects", &err), 0,
                i == 0 ? "a file that does not exist is created" : "one that exists");
        tap_ok((fcntl(o.fd, F_GETFD) & FD_CLOEXEC) != 0, "a child does not inherit it");
        put_line(&o, i == 0 ? "one" : "two");
        tap_int(out_close(&o), 0, "written and closed");
        out_release(&o);
    }
    check_file("one\ntwo\n", "is appended to");
    snprintf(missing, sizeof missing, "%s/file", path);
    tap_int(out_open_append(&o, missing, "--rejects", &err), -1, "a file that cannot be created");
    tap_int(err.status, EX_CANTCREAT, "EX_CANTCREAT");
    snprintf(missing, sizeof missing, "--rejects: %s/file: Not a directory", path);
    tap_text(err.text, strlen(err.text), missing, "the message names option, file and reason");
    out_release(&o);
}

static void append_line(void)
{
    struct out o;
    struct err err;

    out_open_append(&o, path, "--rejects", &err);
    put_line(&o, "two");
    out_close(&o);
    out_release(&o);
}

// Appends a line to the file, which holds `before`.
static void append_to(const char *before)
{
    int fd = open_file();

    if (write(fd, before, strlen(before)) != (ssize_t)strlen(before))
        abort();
    syscall(SYS_close, fd);
    append_line();
}

static void test_half_line(void)
{
    append_to("one\nhal");
    check_file("one\nhal\ntwo\n", "a new line does not continue half a line");
    append_to("one\n");
    check_file("one\ntwo\n", "after a whole line there is no empty one");
    append_to("");
    check_file("two\n", "nor in an empty file");
    chmod(path, 0200); // root can still read it
    append_line();
    chmod(path, 0600);
    check_file("two\ntwo\n", "a file that can be written and not read is appended to");
}

static void test_reopen(void)
{
    struct out o;
    struct err err;
    char moved[64], message[128];

    snprintf(moved, sizeof moved, "%s.1", path);
    syscall(SYS_close, open_file());
    out_open_append(&o, path, "--rejects", &err);
    put_line(&o, "one");
    rename(path, moved);
    tap_int(out_reopen_append(&o, "--rejects", &err), 0, "a file that was renamed is opened anew");
    put_line(&o, "two");
    tap_int(out_flush(&o), 0, "and written");
    check_file("two\n", "what comes later is in the new file");
    tap_int((int64_t)o.bytes, 8, "the bytes of both count");
    unlink(path);
    mkdir(path, 0700);
    put_line(&o, "three");
    tap_int(out_reopen_append(&o, "--rejects", &err), -1, "a new file that cannot be opened");
    snprintf(message, sizeof message, "--rejects: %s: Is a directory", path);
    tap_text(err.text, strlen(err.text), message, "has a message");
    tap_int(err.status, EX_CANTCREAT, "and EX_CANTCREAT");
    tap_int(out_close(&o), 0, "the old file stays in use");
    tap_int((int64_t)o.bytes, 14, "and gets the next lines");
    out_release(&o);
    rmdir(path);
    rename(moved, path);
    check_file("one\n", "what came before is in the file with the new name");
}

static void test_reopen_fails(void)
{
    struct out o;
    struct err err;

    syscall(SYS_close, open_file());
    out_open_append(&o, path, "--rejects", &err);
    put_line(&o, "one");
    fake.failures = 1;
    fake.error = EDQUOT;
    tap_int(out_reopen_append(&o, "--rejects", &err), -1, "the old file cannot be written");
    tap_int(err.status, EX_IOERR, "EX_IOERR");
    tap_int(out_close(&o), -1, "the error stays");
    tap_int(o.error, EDQUOT, "the same one");
    out_release(&o);
}

int main(void)
{
    syscall(SYS_close, mkstemp(path));
    test_buffering();
    test_interrupted();
    test_zero_write();
    test_first_error();
    test_close_error();
    test_dev_full();
    test_closed_pipe();
    test_nonblocking_pipe();
    test_open_append();
    test_half_line();
    test_reopen();
    test_reopen_fails();
    unlink(path);
    return tap_done();
}
