// SPDX-License-Identifier: BSD-2-Clause
#include "insight/checkpoint.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "tap.h"

#define RUN_A "00000000-0000-4000-8000-00000000000a"
#define RUN_B "00000000-0000-4000-8000-00000000000b"
#define OPTIONS "--window 10m"

static char path[] = "/tmp/checkpoint_test.XXXXXX";
static struct err err;

// A mark of partition 0 of a topic, or of two partitions.
static struct mark mark_of(enum mark_kind kind, const char *run, uint64_t seq, int64_t offset,
                           int partitions)
{
    struct mark m = {.kind = kind, .seq = seq};

    snprintf(m.run, sizeof m.run, "%s", run);
    for (int i = 0; i < partitions; i++)
        mark_add_at(&m, "logins", i, offset);
    return m;
}

// A hello mark whose source continues from a mark of run `from`. `from` is NULL if the source
// starts from the beginning.
static struct mark hello_of(const char *from, uint64_t seq, int64_t offset, int partitions)
{
    struct mark m = mark_of(MARK_HELLO, RUN_B, seq, offset, partitions);

    snprintf(m.from, sizeof m.from, "%s", from == NULL ? "" : from);
    m.group = strdup("g");
    m.shard = strdup("0/1");
    return m;
}

static void add(struct fixture *f, size_t from, size_t to)
{
    fixture_fill(f, from, to, 50);
}

static int resume_in(struct checkpoint *c, struct fixture *f, const struct mark *hello)
{
    return checkpoint_resume(c, hello, &f->windows, &(struct state_replay){fixture_replay, f},
                             &err);
}

static int resume(struct checkpoint *c, struct fixture *f, const struct mark *hello)
{
    fixture_init(f, 1000, "10m", "7n", NULL);
    return resume_in(c, f, hello);
}

static bool open_with(struct checkpoint *c, const char *options, bool reset)
{
    return tap_ok(checkpoint_open(c, path, options, reset, &err) == 0, "the directory is opened");
}

static int save_as(struct checkpoint *c, struct fixture *f, const char *run, uint64_t seq,
                   int64_t offset, uint64_t committed)
{
    struct mark m = mark_of(MARK_PROGRESS, run, seq, offset, 1);

    m.has_committed = committed > 0;
    m.committed = committed;
    int status = checkpoint_save(c, &m, &f->windows, &err);
    mark_release(&m);
    return status;
}

static void save(struct checkpoint *c, struct fixture *f, uint64_t seq, int64_t offset,
                 uint64_t committed)
{
    tap_ok(save_as(c, f, RUN_A, seq, offset, committed) == 0, "mark %d is saved", (int)seq);
}

static bool exists(uint64_t seq, const char *run, enum snapshot_kind kind)
{
    char name[SNAPSHOT_NAME_SIZE], file[200];
    struct stat stat_;

    snapshot_name(name, seq, run, kind);
    snprintf(file, sizeof file, "%s/%s", path, name);
    return stat(file, &stat_) == 0;
}

static int files(void)
{
    DIR *d = opendir(path);
    int count = 0;

    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

// Empties the directory, so that each test starts without a state.
static void reset(void)
{
    struct snapshot_dir d;

    snapshot_dir_open(&d, path, true, &err);
    snapshot_dir_clear(&d, &err);
    snapshot_dir_close(&d);
}

// Waits until the process that writes a snapshot has ended, and leaves it to the checkpoint to see
// that.
static void wait_for_job(const struct checkpoint *c)
{
    siginfo_t info;

    if (c->job.pid != 0 && waitid(P_PID, (id_t)c->job.pid, &info, WEXITED | WNOWAIT) != 0)
        tap_ok(false, "the process that writes a snapshot is there");
}

// Starts run A in an empty directory, from the beginning of the source.
static void start(struct checkpoint *c, struct fixture *f)
{
    struct mark hello = hello_of(NULL, 0, 0, 1);

    memcpy(hello.run, RUN_A, sizeof hello.run);
    reset();
    open_with(c, OPTIONS, false);
    resume(c, f, &hello);
    mark_release(&hello);
}

static void stop(struct checkpoint *c, struct fixture *f)
{
    checkpoint_close(c);
    fixture_release(f);
}

// Saves marks 1 and 2 of run A, at 3000 and 5000 records. If wanted, mark 1 is committed.
static void make_two(bool committed)
{
    struct checkpoint c;
    struct fixture f;

    start(&c, &f);
    add(&f, 0, 3000);
    c.accepted = 3000;
    save(&c, &f, 1, 3000, 0);
    add(&f, 3000, 5000);
    c.accepted = 5000;
    save(&c, &f, 2, 5000, committed ? 1 : 0);
    stop(&c, &f);
}

static void test_resume(void)
{
    struct mark hello = hello_of(RUN_A, 1, 3000, 1);
    struct buf wanted = BUF_INIT, got = BUF_INIT;
    struct checkpoint c;
    struct fixture f;

    fixture_init(&f, 1000, "10m", "7n", NULL);
    add(&f, 0, 5000);
    fixture_report(&f, WINDOWS_OPEN, &wanted);
    fixture_release(&f);
    make_two(false);
    open_with(&c, OPTIONS, false);
    tap_int(resume(&c, &f, &hello), 0, "a run resumes from the mark that its hello names");
    tap_int((int64_t)c.accepted, 3000, "the number of records accepted until then is known");
    add(&f, 3000, 5000);
    tap_int(save_as(&c, &f, RUN_B, 2, 5000, 0), 0, "it saves its own marks");
    fixture_report(&f, WINDOWS_OPEN, &got);
    tap_bytes(got.data, got.len, wanted.data, wanted.len,
              "the resumed run gives the same insights as a run without a stop");
    tap_ok(exists(0, RUN_A, SNAPSHOT_LOG) && exists(1, RUN_B, SNAPSHOT_LOG),
           "the run before might still commit its later marks, so its log is kept");
    stop(&c, &f);
    mark_release(&hello);
    buf_release(&wanted);
    buf_release(&got);
}

// Returns whether a run cannot resume, and the message contains these words.
static void refuses(const char *options, struct mark hello, const char *words, const char *title)
{
    struct checkpoint c;
    struct fixture f;

    checkpoint_open(&c, path, options, false, &err);
    int status = resume(&c, &f, &hello);
    if (!tap_ok(status == -1 && err.status == EX_CONFIG && strstr(err.text, words) != NULL,
                "%s is refused", title))
        printf("# %d: %s\n", status, status == 0 ? "" : err.text);
    stop(&c, &f);
    mark_release(&hello);
}

static void test_refused(void)
{
    make_two(true);
    refuses("--window 5m", hello_of(RUN_A, 2, 5000, 1), "other options", "another plan");
    refuses(OPTIONS, hello_of(RUN_B, 2, 5000, 1), "no state of mark 2 of run " RUN_B,
            "a foreign run");
    refuses(OPTIONS, hello_of(RUN_A, 3, 5000, 1), "after mark 2, but mark 3 is needed",
            "a mark that was not saved");
    refuses(OPTIONS, hello_of(RUN_A, 2, 4999, 1),
            "partition 0 of topic logins at offset 4999, not at 5000", "another offset");
    refuses(OPTIONS, hello_of(RUN_A, 2, 5000, 0), "no partition 0 of topic logins any more",
            "a missing partition");
    refuses(OPTIONS, hello_of(NULL, 0, 0, 1), "mark 1 was committed", "a start after a commit");
    struct mark hello = hello_of(RUN_A, 2, 5000, 1);
    free(hello.group);
    hello.group = NULL;
    refuses(OPTIONS, hello, "without a group", "a source without a group");
    hello = hello_of(RUN_A, 2, 5000, 1);
    free(hello.shard);
    hello.shard = NULL;
    refuses(OPTIONS, hello, "not fixed", "a source whose partitions may change");
}

static void test_start(void)
{
    struct mark hello = hello_of(NULL, 0, 0, 1);
    struct checkpoint c;
    struct fixture f;

    make_two(false);
    open_with(&c, OPTIONS, false);
    tap_int(resume(&c, &f, &hello), 0,
            "a source may start from the beginning if nothing was committed");
    tap_ok(c.accepted == 0 && f.windows.series[0].count == 0, "the windows are empty then");
    struct mark other = mark_of(MARK_PROGRESS, RUN_B, 1, 0, 2);
    tap_ok(checkpoint_check_mark(&c, &other, &err) == -1 && err.status == EX_CONFIG,
           "a mark of other partitions is refused");
    tap_int(checkpoint_check_mark(&c, &hello, &err), 0,
            "a mark of the same partitions is accepted");
    stop(&c, &f);
    mark_release(&hello);
    mark_release(&other);
}

static void test_reset(void)
{
    struct mark hello = hello_of(RUN_B, 7, 1, 1);
    struct checkpoint c;
    struct fixture f;

    make_two(true);
    open_with(&c, "--window 5m", true);
    tap_int(resume(&c, &f, &hello), 0, "with a reset, no snapshot is needed");
    tap_ok(c.accepted == 0 && f.windows.series[0].count == 0, "the windows are empty then");
    tap_ok(files() == 1 && exists(7, RUN_B, SNAPSHOT_STATE),
           "a reset replaces the state by an empty one of the hello mark");
    stop(&c, &f);
    open_with(&c, "--window 5m", false);
    tap_int(resume(&c, &f, &hello), 0, "so a run that was killed at once can be started again");
    add(&f, 0, 20);
    save_as(&c, &f, RUN_B, 8, 2, 0);
    stop(&c, &f);
    mark_release(&hello);

    hello = hello_of(NULL, 0, 0, 1);
    open_with(&c, OPTIONS, true);
    tap_ok(resume(&c, &f, &hello) == 0 && files() == 0,
           "with a reset before the first mark, there is no state at all");
    stop(&c, &f);
    mark_release(&hello);
}

// A partition that the state does not know begins with the resumed run.
static void test_added_partition(void)
{
    struct mark hello = hello_of(RUN_A, 2, 5000, 2), next = hello_of(RUN_B, 3, 5000, 2);
    struct checkpoint c;
    struct fixture f;

    make_two(true);
    open_with(&c, OPTIONS, false);
    tap_int(resume(&c, &f, &hello), 0, "an added partition is accepted");
    struct mark m = mark_of(MARK_PROGRESS, RUN_B, 3, 5000, 2);
    m.at[1].offset = 77;
    tap_ok(checkpoint_check_mark(&c, &m, &err) == 0 &&
               checkpoint_save(&c, &m, &f.windows, &err) == 0,
           "it is in the marks from then on");
    stop(&c, &f);
    next.at[1].offset = 77;
    open_with(&c, OPTIONS, false);
    tap_int(resume(&c, &f, &next), 0, "the next run resumes with it");
    stop(&c, &f);
    next.at[1].offset = 76;
    refuses(OPTIONS, next, "partition 1 of topic logins at offset 76, not at 77",
            "an added partition that has moved back");
    mark_release(&hello);
    mark_release(&m);
}

// What a mark costs depends on what came since the mark before.
static void test_cost(void)
{
    struct checkpoint c;
    struct fixture f;

    start(&c, &f);
    add(&f, 0, 50000);
    save(&c, &f, 1, 50000, 0);
    uint64_t many = c.log.out.bytes;
    save(&c, &f, 2, 50000, 0);
    tap_ok(c.log.out.bytes - many < 100, "a mark without records costs less than 100 bytes");
    many = c.log.out.bytes;
    add(&f, 0, 10);
    save(&c, &f, 3, 50010, 0);
    tap_ok(c.log.out.bytes - many < 100 + 10 * 80, "ten records cost what ten records need");
    stop(&c, &f);
}

static void test_removal(void)
{
    struct checkpoint c;
    struct fixture f;

    start(&c, &f);
    c.log_least = 5000;
    c.log_states = 0;
    add(&f, 0, 100);
    save(&c, &f, 1, 100, 0);
    tap_ok(c.job.pid == 0, "a small log needs no snapshot");
    add(&f, 100, 5000);
    save(&c, &f, 2, 5000, 0);
    tap_ok(c.job.pid != 0, "a large log starts a snapshot");
    wait_for_job(&c);
    save(&c, &f, 3, 5001, 0);
    tap_ok(c.job.pid == 0 && exists(2, RUN_A, SNAPSHOT_STATE) && exists(2, RUN_A, SNAPSHOT_LOG) &&
               exists(0, RUN_A, SNAPSHOT_LOG),
           "without a commit, the logs before the snapshot are kept");
    save(&c, &f, 4, 5002, 1);
    tap_ok(exists(0, RUN_A, SNAPSHOT_LOG), "mark 1 is committed, and the first log has it");
    save(&c, &f, 5, 5003, 5);
    save(&c, &f, 6, 5004, 900);
    save(&c, &f, 7, 5005, 0);
    tap_ok(exists(0, RUN_A, SNAPSHOT_LOG),
           "a commit that this run cannot have made is not counted");
    save(&c, &f, 8, 5006, 2);
    tap_ok(!exists(0, RUN_A, SNAPSHOT_LOG) && exists(2, RUN_A, SNAPSHOT_STATE) && files() == 2,
           "the commit of the snapshot's mark makes the first log superfluous");
    stop(&c, &f);

    // Another run from mark 8.
    struct mark hello = hello_of(RUN_A, 8, 5006, 1);
    open_with(&c, OPTIONS, false);
    resume(&c, &f, &hello);
    save_as(&c, &f, RUN_B, 9, 5006, 4);
    save_as(&c, &f, RUN_B, 10, 5006, 8);
    tap_ok(exists(8, RUN_B, SNAPSHOT_LOG) && files() == 3, "another run has a log of its own");
    stop(&c, &f);
    // A third run starts from mark 8 too, since no mark of the second one was committed.
    open_with(&c, OPTIONS, false);
    memcpy(hello.run, RUN_A, sizeof hello.run - 1);
    hello.run[35] = 'c';
    resume(&c, &f, &hello);
    save_as(&c, &f, hello.run, 9, 5006, 8);
    tap_int(files(), 4, "the second run may still commit");
    save_as(&c, &f, hello.run, 10, 5006, 9);
    tap_ok(!exists(8, RUN_B, SNAPSHOT_LOG) && files() == 3,
           "once the third run has committed, the second one cannot");
    stop(&c, &f);
    mark_release(&hello);
}

// Saves a mark of run B on a full disk. The output of this test may be a file too, so nothing is
// printed meanwhile.
static int save_on_full_disk(struct checkpoint *c, struct fixture *f, uint64_t seq)
{
    struct rlimit old, limit;

    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = 1500;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    int status = save_as(c, f, RUN_B, seq, 5004, 0);
    setrlimit(RLIMIT_FSIZE, &old);
    return status;
}

static void test_full_disk(const struct mark *hello)
{
    struct checkpoint c;
    struct fixture f;

    open_with(&c, OPTIONS, false);
    resume(&c, &f, hello);
    add(&f, 25000, 25500);
    tap_ok(save_on_full_disk(&c, &f, 5) == -1 && err.status == EX_IOERR &&
               strstr(err.text, "4." RUN_B ".log: File too large") != NULL,
           "a log that cannot be written is an error");
    stop(&c, &f);

    open_with(&c, OPTIONS, false);
    c.log_least = 0;
    c.log_states = 0;
    resume(&c, &f, hello);
    save_on_full_disk(&c, &f, 5);
    tap_ok(c.job.pid != 0, "a snapshot is written to the full disk");
    wait_for_job(&c);
    tap_ok(save_as(&c, &f, RUN_B, 6, 5004, 0) == -1 && err.status == EX_IOERR &&
               strstr(err.text, "5." RUN_B ".state: File too large") != NULL,
           "a snapshot that cannot be written is an error");
    stop(&c, &f);
}

static void test_failed_job(void)
{
    struct mark hello = hello_of(RUN_A, 4, 5003, 1);
    struct checkpoint c;
    struct fixture f;

    start(&c, &f);
    c.log_least = 5000;
    c.log_states = 0;
    add(&f, 0, 5000);
    save(&c, &f, 1, 5000, 0);
    kill(c.job.pid, SIGKILL);
    wait_for_job(&c);
    save(&c, &f, 2, 5001, 0);
    tap_ok(c.job.pid == 0, "a snapshot that was killed is not tried again at once");
    add(&f, 0, 20000);
    save(&c, &f, 3, 5002, 0);
    tap_ok(c.job.pid != 0, "it is tried when the log has grown");
    wait_for_job(&c);
    save(&c, &f, 4, 5003, 3);
    stop(&c, &f);
    open_with(&c, OPTIONS, false);
    tap_ok(resume(&c, &f, &hello) == 0 && f.windows.series[0].window[0]->set.records == 25000,
           "all logs are replayed");
    stop(&c, &f);

    test_full_disk(&hello);
    mark_release(&hello);
}

// --- Kills ---

#define KILL_RECORDS 6000
#define KILL_EVERY 20 // records between marks

// A process that counts from a mark on, and reports each mark that it has saved.
static _Noreturn void count_from(const struct mark *hello, int saved)
{
    struct checkpoint c;
    struct fixture f;
    uint64_t seq = hello->seq;

    alarm(60);
    if (checkpoint_open(&c, path, OPTIONS, false, &err) != 0)
        err_die(&err);
    c.log_least = 3000;
    c.log_states = 0;
    fixture_init(&f, 60, "10m", "7n", NULL);
    if (resume_in(&c, &f, hello) != 0)
        err_die(&err);
    while (seq * KILL_EVERY < KILL_RECORDS) {
        add(&f, seq * KILL_EVERY, (seq + 1) * KILL_EVERY);
        seq++;
        // The mark before is committed.
        if (save_as(&c, &f, hello->run, seq, (int64_t)seq, seq - 1) != 0 ||
            checkpoint_await_sync(&c, &err) != 0)
            err_die(&err);
        if (write(saved, &seq, sizeof seq) != sizeof seq)
            _exit(1);
    }
    _exit(0);
}

// Starts a process, and kills it after some marks. Returns the last mark that it has reported.
static uint64_t kill_after(const struct mark *hello, int marks, useconds_t us)
{
    uint64_t seq = hello->seq;
    int saved[2];

    if (pipe(saved) != 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        count_from(hello, saved[1]);
    close(saved[1]);
    for (int i = 0; i < marks && read(saved[0], &seq, sizeof seq) == sizeof seq; i++)
        continue;
    usleep(us);
    kill(pid, SIGKILL);
    while (read(saved[0], &seq, sizeof seq) == sizeof seq)
        continue;
    close(saved[0]);
    waitpid(pid, NULL, 0);
    return seq;
}

static void test_kills(void)
{
    struct mark hello = hello_of(NULL, 0, 0, 1);
    struct buf wanted = BUF_INIT, got = BUF_INIT;
    struct checkpoint c;
    struct fixture f;
    uint64_t seq = 0;
    int kills = 0;

    reset();
    fixture_init(&f, 60, "10m", "7n", NULL);
    add(&f, 0, KILL_RECORDS);
    fixture_report(&f, WINDOWS_OPEN, &wanted);
    fixture_release(&f);
    srandom(1);
    while (seq * KILL_EVERY < KILL_RECORDS && kills < 1000) {
        uint64_t at = kill_after(&hello, (int)(random() % 20), (useconds_t)(random() % 2000));
        kills++;
        // A run without a mark has committed nothing.
        if (at > seq) {
            memcpy(hello.from, hello.run, sizeof hello.from);
            seq = hello.seq = at;
            hello.at[0].offset = (int64_t)at;
        }
        mark_new_run(hello.run);
    }
    tap_ok(kills > 10, "a process was killed %d times", kills);
    open_with(&c, OPTIONS, false);
    fixture_init(&f, 60, "10m", "7n", NULL);
    tap_int(resume_in(&c, &f, &hello), 0, "the last mark can be restored");
    fixture_report(&f, WINDOWS_OPEN, &got);
    tap_bytes(got.data, got.len, wanted.data, wanted.len,
              "the insights are those of a process that was never killed");
    stop(&c, &f);
    mark_release(&hello);
    buf_release(&wanted);
    buf_release(&got);
}

static void test_unmarked(void)
{
    struct mark hello = hello_of(RUN_A, 1, 0, 1);
    struct checkpoint c;
    struct fixture f;

    reset();
    open_with(&c, OPTIONS, false);
    tap_int(resume(&c, &f, NULL), 0,
            "without marks, a run starts with empty windows if there is no snapshot");
    add(&f, 0, 100);
    c.accepted = 100;
    tap_int(checkpoint_save(&c, NULL, &f.windows, &err), 0, "the end of the input is saved");
    stop(&c, &f);

    open_with(&c, OPTIONS, false);
    tap_int(checkpoint_check_empty(&c, &err), 0, "the next run may have an empty input");
    tap_int(resume(&c, &f, NULL), 0, "it resumes from the end of the previous run");
    tap_ok(c.accepted == 100 && f.windows.series[0].window[0]->set.records == 100,
           "the windows have the earlier counts");
    checkpoint_save(&c, NULL, &f.windows, &err);
    tap_int(files(), 1, "only the newest snapshot is kept");
    stop(&c, &f);
    tap_ok(checkpoint_open(&c, path, OPTIONS, false, &err) == 0 && resume(&c, &f, &hello) == -1,
           "a stream with marks cannot resume from a snapshot without marks");
    stop(&c, &f);
    mark_release(&hello);

    make_two(true);
    open_with(&c, OPTIONS, false);
    tap_ok(checkpoint_check_empty(&c, &err) == -1 && err.status == EX_TEMPFAIL,
           "an empty input after a stream with marks is a failure");
    tap_ok(resume(&c, &f, NULL) == -1 && strstr(err.text, "made with marks") != NULL,
           "a stream without marks cannot resume from a snapshot with marks");
    stop(&c, &f);
}

// The next run must also know which windows were closed, and the numbers of windows of records.
static void test_closed(void)
{
    struct buf keys = BUF_INIT;
    struct checkpoint c;
    struct fixture f;

    reset();
    open_with(&c, OPTIONS, false);
    resume(&c, &f, NULL);
    for (size_t i = 0; i < 16; i++) {
        add(&f, i, i + 1);
        fixture_keys(&f, WINDOWS_DUE, &keys);
    }
    windows_end(&f.windows);
    buf_clear(&keys);
    fixture_keys(&f, WINDOWS_DUE, &keys);
    tap_text(keys.data, keys.len, "10m/1970-01-01T00:00:00Z 7n/3 ", "an end closes all windows");
    checkpoint_save(&c, NULL, &f.windows, &err);
    stop(&c, &f);

    open_with(&c, OPTIONS, false);
    resume(&c, &f, NULL);
    tap_ok(fixture_add(&f, 3, "ann", "10.0.0.1") && f.windows.series[0].window[0]->closed &&
               f.windows.series[0].late == 1,
           "a window that was closed stays closed");
    buf_clear(&keys);
    fixture_keys(&f, WINDOWS_OPEN, &keys);
    tap_text(keys.data, keys.len, "7n/4 ", "the numbers of windows of records continue");
    stop(&c, &f);
    buf_release(&keys);
}

static void test_nothing(void)
{
    struct mark hello = hello_of(RUN_A, 9, 0, 1);
    struct checkpoint c;
    struct fixture f;

    tap_int(checkpoint_open(&c, NULL, OPTIONS, true, &err), 0, "no directory is needed");
    tap_ok(resume(&c, &f, &hello) == 0 && checkpoint_check_mark(&c, &hello, &err) == 0 &&
               checkpoint_check_empty(&c, &err) == 0 &&
               checkpoint_save(&c, &hello, &f.windows, &err) == 0,
           "without a directory, nothing is resumed, checked or saved");
    stop(&c, &f);
    mark_release(&hello);
}

int main(void)
{
    if (mkdtemp(path) == NULL)
        return 1;
    test_resume();
    test_refused();
    test_start();
    test_reset();
    test_added_partition();
    test_cost();
    test_removal();
    test_failed_job();
    test_kills();
    test_unmarked();
    test_closed();
    test_nothing();
    reset();
    tap_int(rmdir(path), 0, "nothing else is left in the directory");
    return tap_done();
}
