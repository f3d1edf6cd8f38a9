// SPDX-License-Identifier: BSD-2-Clause
//
// Each test runs a stage in a child process, with files or pipes as its standard descriptors, and
// looks at what it writes, its ledger and its exit status.
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "json/json.h"
#include "stream/stream.h"
#include "tap.h"

#define RUN "00000000-0000-4000-8000-000000000001"
#define HELLO "{\"@mark\":\"hello\",\"run\":\"" RUN "\",\"seq\":1,\"at\":[[\"t\",0,5]]}\n"
#define MARK "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":2,\"at\":[[\"t\",0,6]]}\n"
#define END "{\"@mark\":\"end\",\"run\":\"" RUN "\",\"seq\":3,\"at\":[[\"t\",0,7]]}\n"

// --- The stage under test. Each callback except record() writes a line, to show its calls ---

static int say(struct stream *s, const char *what)
{
    buf_puts(stream_emit_begin(s), what);
    return stream_emit_made(s);
}

static int copy_record(void *ctx, struct stream *s, const struct line *line)
{
    (void)ctx;
    return stream_emit(s, line->data, line->len);
}

// The first letter of a line says which function to call.
static int obey(void *ctx, struct stream *s, const struct line *line)
{
    const struct reject reject = {REJECT_EMPTY, "f", "why"}, late = {REJECT_LATE, NULL, NULL};

    (void)ctx;
    switch (line->data[0]) {
    case 'a':
        stream_absorb(s);
        return 0;
    case 'd':
        stream_drop(s);
        return 0;
    case 'l':
        stream_lose(s, 1);
        stream_set_status(s, EX_TEMPFAIL);
        stream_set_status(s, EX_NOPERM);
        return 0;
    case 'r':
        return stream_reject(s, &reject, line);
    case 't':
        return stream_reject_late(s, &late, line);
    case 'f':
        stream_count_filled(s, "field", "from");
        stream_count_filled(s, NULL, "default");
        return stream_emit(s, line->data, line->len);
    case 'x':
        stream_fail(s, EX_CONFIG, "the %s failure", "first");
        return stream_fail(s, EX_NOPERM, "the second failure");
    default:
        return stream_emit(s, line->data, line->len);
    }
}

static int say_mark(void *ctx, struct stream *s, const struct mark *mark, const struct line *line)
{
    (void)ctx;
    buf_printf(stream_emit_begin(s), "mark %" PRIu64 " of %zu bytes", mark->seq, line->len);
    return stream_emit_made(s);
}

static int say_end(void *ctx, struct stream *s)
{
    (void)ctx;
    return say(s, stream_has_marks(s) ? "end with marks" : "end");
}

static int say_tick(void *ctx, struct stream *s)
{
    (void)ctx;
    return say(s, "tick");
}

static void say_close(void *ctx, struct stream *s)
{
    (void)ctx, (void)s;
    log_error("closed");
}

// --- Running it ---

static struct result {
    int status; // as of waitpid(2)
    struct buf out, err;
    struct buf ledger; // padded, as json_parse() requires
} result;

static struct json *json;

static void read_all(int fd, struct buf *b)
{
    char block[4096];
    ssize_t n;

    buf_clear(b);
    while ((n = read(fd, block, sizeof block)) > 0)
        buf_append(b, block, (size_t)n);
}

static int temporary_file(void)
{
    char path[] = "/tmp/stream_test.XXXXXX";
    int fd = mkstemp(path);

    unlink(path);
    return fd;
}

static _Noreturn void be_stage(const struct stream_ops *ops, const struct stream_options *options,
                               int in, int out, int err)
{
    static char name[] = "/bin/stage";

    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (int fd = 3; fd < 64; fd++)
        close(fd);
    alarm(20); // rather than hang
    log_init(name);
    _exit(stream_run(ops, NULL, options));
}

static char stats[] = "/tmp/stream_test.stats.XXXXXX";

// Collects what a stage that has ended wrote to its stderr and its --stats file.
static void collect(pid_t pid, int err)
{
    waitpid(pid, &result.status, 0);
    lseek(err, 0, SEEK_SET);
    read_all(err, &result.err);
    close(err);
    int fd = open(stats, O_RDONLY);
    read_all(fd, &result.ledger);
    close(fd);
}

// Runs a stage on an input of len bytes. Its stdout is the file out_path or, if that is NULL, a new
// file.
static void run_on(const struct stream_ops *ops, struct stream_options options, const char *input,
                   size_t len, const char *out_path)
{
    int in = temporary_file(), err = temporary_file();
    int out = out_path == NULL ? temporary_file() : open(out_path, O_WRONLY);

    if (truncate(stats, 0) != 0 || write(in, input, len) != (ssize_t)len)
        abort();
    lseek(in, 0, SEEK_SET);
    options.stats = stats;
    pid_t pid = fork();
    if (pid == 0)
        be_stage(ops, &options, in, out, err);
    collect(pid, err);
    lseek(out, 0, SEEK_SET);
    read_all(out, &result.out);
    close(in);
    close(out);
}

static void run(const struct stream_ops *ops, const char *input)
{
    run_on(ops, (struct stream_options)STREAM_OPTIONS_INIT, input, strlen(input), NULL);
}

static void check_status(int wanted)
{
    tap_ok(WIFEXITED(result.status) && WEXITSTATUS(result.status) == wanted, "exit status %d",
           wanted);
    if (!WIFEXITED(result.status) || WEXITSTATUS(result.status) != wanted)
        tap_show("status and stderr", result.err.data, result.err.len);
}

static void check_out(const char *wanted, const char *title)
{
    tap_text(result.out.data, result.out.len, wanted, title);
}

static void check_err(const char *wanted, const char *title)
{
    tap_text(result.err.data, result.err.len, wanted, title);
}

static int64_t counted(const char *name)
{
    const struct json_key key = {name, strlen(name)};
    struct json_value value;

    if (json_parse(json, result.ledger.data, result.ledger.len) != 0)
        return -1;
    json_path(json, &key, &value);
    return value.type == JSON_INT ? value.integer : -1;
}

static void check_sum(void)
{
    tap_int(counted("in") + counted("made"),
            counted("out") + counted("filtered") + counted("rejected") + counted("late") +
                counted("aggregated") + counted("undelivered"),
            "the ledger's sum");
}

// --- Records ---

static void test_records(void)
{
    static const struct stream_ops ops = {.record = copy_record, .end = say_end};
    static const char bytes[] = "a\0b\n\xff\xfe\n\n{\"reject\n";

    run_on(&ops, (struct stream_options)STREAM_OPTIONS_INIT, bytes, sizeof bytes - 1, NULL);
    check_status(EX_OK);
    tap_bytes(result.out.data, result.out.len, "a\0b\n\xff\xfe\n\n{\"reject\nend\n",
              sizeof bytes - 1 + 4, "any bytes pass where records need not be JSON");
    tap_int(counted("in"), 4, "in");
    tap_int(counted("made"), 1, "made");
    tap_int(counted("out"), 5, "out");
    tap_int(counted("bytes_in"), sizeof bytes - 1 - 4, "bytes in, without newlines");
    tap_int(counted("bytes_out"), (int64_t)result.out.len, "bytes out");
    run(&ops, "");
    check_status(EX_OK);
    check_out("end\n", "empty input ends in order");
    run(&ops, "one\ntwo");
    check_status(EX_OK);
    check_out("one\ntwo\nend\n", "a last line without a newline is a record and gets one");
    run(&ops, "{\"reject\":\"empty\",\"raw\":\"\"}\n1\n");
    check_out("{\"reject\":\"empty\",\"raw\":\"\"}\n1\nend\n",
              "a reject of an earlier stage passes");
    tap_int(counted("passed"), 1, "it is counted as passed,");
    tap_int(counted("in"), 1, "not as in");
    check_sum();
}

static int emit_like_mark(void *ctx, struct stream *s, const struct line *line)
{
    (void)ctx, (void)line;
    return stream_emit(s, "{\"@mark\":1}", 11);
}

static void test_rejects(void)
{
    static const struct stream_ops ops = {.parse = true, .record = copy_record, .end = say_end};
    struct stream_options options = STREAM_OPTIONS_INIT;

    run(&ops, "1\n{\"a\":\n{}\n");
    check_status(EX_OK);
    check_out("1\n{}\nend\n", "what is not JSON does not go to stdout");
    check_err("{\"reject\":\"not_json\",\"stage\":\"stage\",\"line\":2,\"detail\":"
              "\"malformed JSON\",\"raw\":\"{\\\"a\\\":\"}\n",
              "but to stderr, as a reject");
    tap_int(counted("by_reason.not_json"), 1, "counted by reason");
    check_sum();

    options.rejects = "-";
    run_on(&ops, options, "1\nx\n2\n", 6, NULL);
    tap_ok(result.err.len == 0 && memcmp(result.out.data, "1\n{\"reject\":", 12) == 0 &&
               memcmp(result.out.data + result.out.len - 7, "\n2\nend\n", 7) == 0,
           "in-band it keeps its place among the lines");

    options = (struct stream_options)STREAM_OPTIONS_INIT;
    options.max_line = 4;
    run_on(&ops, options, "1234\n12345\n1\n", 13, NULL);
    check_out("1234\n1\nend\n", "a line over --max-line does not pass");
    check_err("{\"reject\":\"too_long\",\"stage\":\"stage\",\"line\":2,\"raw\":\"12345\"}\n",
              "it is a reject");

    options = (struct stream_options)STREAM_OPTIONS_INIT;
    options.strict = true;
    run_on(&ops, options, "1\nx\n2\n", 6, NULL);
    check_status(EX_DATAERR);
    check_out("1\n", "--strict ends the stage at the first reject");
    tap_ok(result.err.data[0] == '{' && memmem(result.err.data, result.err.len,
                                               "stage: line 2: not_json (--strict)\n", 35) != NULL,
           "with the reject and a message");
    check_sum();
}

static void test_reserved_bytes(void)
{
    static const struct stream_ops ops = {.record = emit_like_mark};

    run(&ops, "1\n");
    check_out("{ \"@mark\":1}\n", "a record that looks like a mark gets a space");
}

static void test_verbs(void)
{
    static const struct stream_ops ops = {.record = obey, .end = say_end, .close = say_close};

    run(&ops, "emit\nabsorb\ndrop\nfill\ntardy\nreject\nlose\nemit\n");
    check_status(EX_TEMPFAIL);
    check_out("emit\nfill\nemit\nend\n", "lines out");
    tap_int(counted("in"), 8, "in");
    tap_int(counted("made"), 1, "made");
    tap_int(counted("out"), 4, "out");
    tap_int(counted("filtered"), 1, "filtered");
    tap_int(counted("rejected"), 1, "rejected");
    tap_int(counted("late"), 1, "late");
    tap_int(counted("aggregated"), 1, "aggregated");
    tap_int(counted("undelivered"), 1, "undelivered");
    tap_int(counted("by_reason.late"), 1, "late ones are among the reasons");
    tap_int(counted("filled.field"), 1, "filled");
    tap_int(counted("filled_from.from"), 1, "filled from");
    tap_int(counted("filled_from.default"), 1, "filled from, without a field");
    check_sum();
    run(&ops, "emit\nxfail\nemit\n");
    check_status(EX_CONFIG);
    check_out("emit\n", "a failure ends the stage; what was emitted before is written");
    check_err("stage: closed\nstage: the first failure\n",
              "the first failure is reported, at the end");
}

static int reclaim(void *ctx, struct stream *s, const struct line *line)
{
    (void)ctx, (void)line;
    stream_reclaim(s);
    stream_lose(s, 1);
    return 0;
}

static int deliver(void *ctx, struct stream *s, const struct line *line)
{
    (void)ctx;
    stream_deliver(s, 1, line->len);
    return 0;
}

static void test_sink_verbs(void)
{
    static const struct stream_ops ops = {.sink = true, .record = deliver, .pass = reclaim};

    run(&ops, "12\n{\"reject\":\"x\"}\n345\n");
    tap_int(counted("in"), 3, "a reject that could not be passed on is counted as in");
    tap_int(counted("passed"), 0, "it is no longer counted as passed");
    tap_int(counted("out"), 2, "delivered records are out");
    tap_int(counted("bytes_out"), 5, "the bytes of delivered records are counted");
    check_sum();
}

static int fail_to_open(void *ctx, struct stream *s)
{
    (void)ctx;
    return stream_fail(s, EX_UNAVAILABLE, "there is no broker");
}

static void test_open_fails(void)
{
    static const struct stream_ops ops = {
        .open = fail_to_open, .record = copy_record, .end = say_end, .close = say_close};

    run(&ops, "1\n");
    check_status(EX_UNAVAILABLE);
    check_out("", "nothing is read when the stage cannot be opened");
    check_err("stage: there is no broker\n", "and it is not closed");
}

static void test_filter(void)
{
    static const struct stream_ops ops = {.record = copy_record};
    struct stream_options options = STREAM_OPTIONS_INIT;
    static const char input[] =
        "{\"n\":12345678901234567890123}\n[3,4]\n0\n\"bad\"\nx\n{\"m\":1}\n";

    options.filter.program = "if type == \"array\" then .[], (. | length) "
                             "elif . == 0 then empty "
                             "elif type == \"string\" then error(\"a string\") "
                             "elif .m then {\"@mark\": 1} else . end";
    run_on(&ops, options, input, sizeof input - 1, NULL);
    check_status(EX_OK);
    check_out("{\"n\":12345678901234567890123}\n3\n4\n2\n{ \"@mark\":1}\n",
              "the input itself keeps its bytes, and other outputs are lines of their own");
    tap_int(counted("in"), 6, "in");
    tap_int(counted("made"), 2, "made: outputs after the first");
    tap_int(counted("filtered"), 1, "filtered");
    tap_int(counted("by_reason.filter_error"), 1, "an error rejects the record");
    tap_int(counted("by_reason.not_json"), 1, "with a filter, records must be JSON");
    check_sum();
    options.filter.file = "/dev/null";
    run_on(&ops, options, "1\n", 2, NULL);
    check_status(EX_USAGE);
}

// --- Marks ---

static void test_marks(void)
{
    static const struct stream_ops ops = {.record = copy_record, .mark = say_mark, .end = say_end};
    static const char odd[] =
        "{\"@mark\" : \"mark\", \"new\":[1,{}], \"run\":\"" RUN "\", \"seq\":2, \"at\":[ ]}\n";
    struct buf wanted = BUF_INIT;

    run(&ops, HELLO "1\n" MARK "2\n" END);
    check_status(EX_OK);
    buf_printf(&wanted,
               "mark 1 of %zu bytes\n" HELLO "1\nmark 2 of %zu bytes\n" MARK
               "2\nmark 3 of %zu bytes\n" END "end with marks\n",
               strlen(HELLO) - 1, strlen(MARK) - 1, strlen(END) - 1);
    tap_text(result.out.data, result.out.len, (buf_putc(&wanted, '\0'), wanted.data),
             "each mark follows the lines before it and what its callback emits");
    tap_int(counted("marks"), 3, "marks are counted");
    tap_int(counted("in"), 2, "marks do not count as records");
    check_sum();
    buf_clear(&wanted);
    buf_printf(&wanted, "%s%s%s", HELLO, odd, END);
    static const struct stream_ops plain = {.record = copy_record};
    run(&plain, (buf_putc(&wanted, '\0'), wanted.data));
    check_out(wanted.data, "a mark passes with its bytes, unknown members included");
    buf_release(&wanted);
}

static int echo_mark(void *ctx, struct stream *s, const struct mark *mark, const struct line *line)
{
    (void)ctx, (void)mark;
    buf_puts(stream_emit_begin(s), "got ");
    buf_append(stream_emit_begin(s), line->data, line->len);
    return stream_emit_made(s);
}

static void test_marks_of_sink(void)
{
    static const struct stream_ops ops = {.sink = true, .record = deliver, .mark = echo_mark};

    run(&ops, HELLO "1\n" END);
    check_status(EX_OK);
    check_out("got " HELLO "got " END, "a sink gets the bytes of a mark, which is not written");
}

static void test_early_end(void)
{
    static const struct stream_ops ops = {.record = copy_record, .end = say_end};
    static const char died[] =
        "stage: stdin: ended without an end mark; a stage upstream has died\n";

    run(&ops, HELLO "1\n" MARK "2\n");
    check_status(EX_TEMPFAIL);
    check_out(HELLO "1\n" MARK "2\n", "an end without an end mark is no end in order");
    check_err(died, "a stage upstream has died");
    run(&ops, HELLO "1\n2");
    check_status(EX_TEMPFAIL);
    check_out(HELLO "1\n", "with marks, a last line without a newline is dropped");
    check_err(died, "since its writer has died");
    run(&ops, "1\n{\"@mark\":\"he");
    check_status(EX_TEMPFAIL);
    check_out("1\n", "a mark that is cut short is dropped too");
}

static void check_data_error(const char *input, const char *title, const char *message)
{
    static const struct stream_ops ops = {.record = copy_record, .end = say_end};

    run(&ops, input);
    tap_ok(WIFEXITED(result.status) && WEXITSTATUS(result.status) == EX_DATAERR, "%s", title);
    check_err(message, "its message");
    tap_ok(memmem(result.out.data, result.out.len, "end with marks", 14) == NULL, "no end");
}

static void test_bad_marks(void)
{
    check_data_error(HELLO END "1\n", "a line after the end mark",
                     "stage: stdin: line 3: follows the last mark\n");
    check_data_error("1\n" HELLO END, "a hello mark after a line",
                     "stage: stdin: line 2: a hello mark after other lines\n");
    check_data_error(HELLO HELLO, "two hello marks",
                     "stage: stdin: line 2: mark 1: a second hello mark; two streams are mixed\n");
    check_data_error(MARK, "a mark without hello",
                     "stage: stdin: line 1: mark 2: there is no hello mark before it\n");
    check_data_error("{\"@mark\":7}\n", "a malformed mark",
                     "stage: stdin: line 1: mark: '@mark' is missing or wrong\n");
}

// --- Time, signals and pipes ---

struct child {
    pid_t pid;
    int in, out, err; // the other ends of its stdin and stdout, and the file of its stderr
};

static struct child start(const struct stream_ops *ops)
{
    struct stream_options options = STREAM_OPTIONS_INIT;
    int in[2], out[2];
    struct child c = {.err = temporary_file()};

    if (pipe(in) != 0 || pipe(out) != 0 || truncate(stats, 0) != 0)
        abort();
    options.stats = stats;
    c.pid = fork();
    if (c.pid == 0)
        be_stage(ops, &options, in[0], out[1], c.err);
    close(in[0]);
    close(out[1]);
    c.in = in[1];
    c.out = out[0];
    return c;
}

static void send_text(const struct child *c, const char *text)
{
    if (write(c->in, text, strlen(text)) < 0)
        tap_ok(false, "writing to the stage");
}

// Reads until the text has arrived, for ten seconds at most.
static bool expect(const struct child *c, const char *text)
{
    struct pollfd p = {.fd = c->out, .events = POLLIN};
    size_t len = strlen(text);
    char c1;

    buf_clear(&result.out);
    while (result.out.len < len || memcmp(result.out.data + result.out.len - len, text, len) != 0) {
        if (poll(&p, 1, 10000) <= 0 || read(c->out, &c1, 1) != 1)
            return false;
        buf_putc(&result.out, c1);
    }
    return true;
}

// Waits until the stage has ended.
static void join(struct child *c)
{
    if (c->in >= 0)
        close(c->in);
    if (c->out >= 0) {
        read_all(c->out, &result.out);
        close(c->out);
    }
    collect(c->pid, c->err);
}

static void test_flush(void)
{
    static const struct stream_ops ops = {.record = copy_record, .end = say_end};
    struct child c = start(&ops);

    send_text(&c, "one\ntwo\nthr");
    tap_ok(expect(&c, "one\ntwo\n"), "lines are written before the stage waits for more");
    send_text(&c, "ee\n");
    tap_ok(expect(&c, "three\n"), "a line may come in two pieces");
    join(&c);
    check_status(EX_OK);
    check_out("end\n", "the end");
}

static void test_tick(void)
{
    static const struct stream_ops ops = {.tick = 20, .record = copy_record, .on_tick = say_tick};
    struct child c = start(&ops);

    tap_ok(expect(&c, "tick\ntick\ntick\n"), "ticks come without any input");
    send_text(&c, "one\n");
    tap_ok(expect(&c, "one\n") && expect(&c, "tick\n"), "ticks come between lines");
    join(&c);
    check_status(EX_OK);
    check_sum();
}

static void test_ledger_signal(void)
{
    static const struct stream_ops ops = {.record = copy_record};
    struct child c = start(&ops);

    send_text(&c, "one\n");
    tap_ok(expect(&c, "one\n"), "the stage runs");
    kill(c.pid, SIGUSR1);
    for (int i = 0; i < 500 && result.ledger.len == 0; i++) {
        usleep(10000);
        int fd = open(stats, O_RDONLY);
        read_all(fd, &result.ledger);
        close(fd);
    }
    tap_int(counted("in"), 1, "SIGUSR1 writes the ledger");
    send_text(&c, "two\n");
    join(&c);
    check_status(EX_OK);
    const char *newline = memchr(result.ledger.data, '\n', result.ledger.len);
    tap_ok(newline != NULL && newline + 1 < result.ledger.data + result.ledger.len,
           "the stage continues, and appends another ledger at its end");
}

static void test_held_line(void)
{
    static const struct stream_ops ops = {
        .holds_last = true, .tick = 20, .record = copy_record, .on_tick = say_tick};
    struct child c = start(&ops);

    send_text(&c, "1\n");
    tap_ok(expect(&c, "1\n"), "without marks, a sink takes a line at once");
    join(&c);
    check_status(EX_OK);
    c = start(&ops);
    send_text(&c, HELLO "2\n");
    tap_ok(expect(&c, "tick\n"), "ticks come while it holds a line");
    tap_ok(memmem(result.out.data, result.out.len, "\n2\n", 3) == NULL, "which it has not taken");
    send_text(&c, MARK);
    tap_ok(expect(&c, "2\n" MARK), "a mark brings the line, and is taken at once");
    send_text(&c, "3\n4\n");
    tap_ok(expect(&c, "3\n"), "so does another line");
    join(&c);
    check_status(EX_TEMPFAIL);
    tap_ok(memchr(result.out.data, '4', result.out.len) == NULL,
           "at an end without an end mark, the last line is dropped");
    tap_int(counted("in"), 2, "and not counted");
    check_sum();
    c = start(&ops);
    send_text(&c, HELLO "5\n" END);
    tap_ok(expect(&c, "5\n" END), "an end mark is the end");
    join(&c);
    check_status(EX_OK);
    c = start(&ops);
    send_text(&c, HELLO "{\"@mark\":\"mark\",\"run\":\"0000\n");
    join(&c);
    check_status(EX_TEMPFAIL); // and not EX_DATAERR
}

// With several jobs, lines are read before they are handled. The hello mark must be handled before
// the lines after it are read, since it says that the last one is held.
static void test_held_line_with_jobs(void)
{
    static const struct stream_ops ops = {.holds_last = true, .record = copy_record};
    struct stream_options options = STREAM_OPTIONS_INIT;

    options.filter.program = ".";
    options.jobs = 2;
    run_on(&ops, options, HELLO "1\n2\n3\n", strlen(HELLO) + 6, NULL);
    check_status(EX_TEMPFAIL);
    check_out(HELLO "1\n2\n", "with several jobs, the last line is dropped too");
    tap_int(counted("in"), 2, "and not counted");
}

static int say_reopen(void *ctx, struct stream *s)
{
    (void)ctx;
    return say(s, "reopen");
}

static void test_reopen(void)
{
    static const struct stream_ops ops = {.record = copy_record, .reopen = say_reopen};
    struct child c = start(&ops);
    char moved[64];

    send_text(&c, "one\n");
    expect(&c, "one\n");
    snprintf(moved, sizeof moved, "%s.1", stats);
    rename(stats, moved);
    kill(c.pid, SIGHUP);
    tap_ok(expect(&c, "reopen\n"), "SIGHUP makes a stage open its files anew");
    tap_int(access(stats, F_OK), 0, "the file of --stats is there again");
    send_text(&c, "two\n");
    tap_ok(expect(&c, "two\n"), "the stage goes on");
    kill(c.pid, SIGHUP);
    tap_ok(expect(&c, "reopen\n"), "a second SIGHUP does not end it");
    join(&c);
    check_status(EX_OK);
    unlink(moved);
}

static void test_stop_filter(void)
{
    static const struct stream_ops ops = {.record = copy_record, .end = say_end};
    struct child c = start(&ops);

    send_text(&c, "one\n");
    expect(&c, "one\n");
    kill(c.pid, SIGTERM);
    usleep(50000);
    send_text(&c, "two\n");
    tap_ok(expect(&c, "two\n"), "after a SIGTERM a filter still finishes its input");
    usleep(700000); // a signal that comes sooner belongs to the first one
    kill(c.pid, SIGTERM);
    join(&c);
    tap_ok(WIFSIGNALED(result.status) && WTERMSIG(result.status) == SIGTERM,
           "a second SIGTERM ends the stage");
}

static void test_closed_pipe(void)
{
    static const struct stream_ops ops = {
        .record = copy_record, .end = say_end, .close = say_close};
    struct child c = start(&ops);

    send_text(&c, "one\n");
    expect(&c, "one\n");
    close(c.out);
    c.out = -1;
    // There is no further line. The stage must notice while it waits.
    waitpid(c.pid, &result.status, 0);
    int status = result.status;
    join(&c);
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE,
           "a stage whose stdout has no reader ends by SIGPIPE");
    check_err("stage: closed\n", "quietly, but closes before");
    check_sum();
}

static void test_full_disk(void)
{
    static const struct stream_ops ops = {.record = copy_record};

    run_on(&ops, (struct stream_options)STREAM_OPTIONS_INIT, "1\n2\n3\n", 6, "/dev/full");
    check_status(EX_IOERR);
    check_err("stage: stdout: No space left on device\n", "a full disk is reported");
    tap_int(counted("out"), 0, "lines that were not written do not count as out");
    tap_int(counted("undelivered"), 3, "they count as undelivered");
    check_sum();
}

// --- Sources ---

static int fed;

static int fill(void *ctx, struct stream *s, int timeout_ms, bool *end)
{
    static char data[2 + JSON_PADDING] = "0";

    (void)ctx;
    if (fed == 3) {
        poll(NULL, 0, timeout_ms < 10 ? timeout_ms : 10);
        return 0;
    }
    data[0] = (char)('0' + fed++);
    *end = data[0] == '2' && getenv("ENDLESS") == NULL;
    const struct line line = {.data = data, .len = 1, .full_len = 1, .number = (uint64_t)fed};
    return stream_feed(s, &line) == 0 ? 1 : -1;
}

static int emit_end_mark(void *ctx, struct stream *s)
{
    struct mark mark = MARK_INIT;

    (void)ctx;
    mark.kind = MARK_HELLO;
    mark.seq = 1;
    memcpy(mark.run, RUN, sizeof RUN);
    mark_add_at(&mark, "t", 0, 5);
    int status = stream_emit_mark(s, &mark);
    mark_release(&mark);
    return status;
}

static void test_source(void)
{
    static const struct stream_ops ops = {
        .parse = true, .fill = fill, .record = copy_record, .end = emit_end_mark};

    run(&ops, "");
    check_status(EX_OK);
    check_out("0\n1\n2\n" HELLO, "a source's records, and a mark of its own");
    tap_int(counted("in"), 3, "in");
    tap_int(counted("marks"), 1, "marks");
    check_sum();
    setenv("ENDLESS", "1", 1);
    struct child c = start(&ops);
    tap_ok(expect(&c, "2\n"), "records are written before the source waits");
    kill(c.pid, SIGTERM);
    join(&c);
    unsetenv("ENDLESS");
    check_status(EX_OK);
    check_out(HELLO, "SIGTERM stops a source in order");
}

int main(void)
{
    json = json_new();
    signal(SIGPIPE, SIG_IGN);
    close(mkstemp(stats));
    test_records();
    test_rejects();
    test_reserved_bytes();
    test_verbs();
    test_sink_verbs();
    test_open_fails();
    test_filter();
    test_marks();
    test_marks_of_sink();
    test_early_end();
    test_bad_marks();
    test_flush();
    test_tick();
    test_ledger_signal();
    test_held_line();
    test_held_line_with_jobs();
    test_reopen();
    test_stop_filter();
    test_closed_pipe();
    test_full_disk();
    test_source();
    unlink(stats);
    json_free(json);
    buf_release(&result.out);
    buf_release(&result.err);
    buf_release(&result.ledger);
    return tap_done();
}
