// SPDX-License-Identifier: BSD-2-Clause
#include "insight/checkpoint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    for (size_t i = from; i < to; i++)
        fixture_add_nth(f, i, 50);
}

static int resume(struct checkpoint *c, struct fixture *f, const struct mark *hello)
{
    fixture_init(f, 1000, "10m", "7n", NULL);
    return checkpoint_resume(c, hello, &f->windows, &f->plan, &err);
}

static bool open_with(struct checkpoint *c, const char *options, bool reset)
{
    return tap_ok(checkpoint_open(c, path, options, reset, &err) == 0, "the directory is opened");
}

static void save(struct checkpoint *c, struct fixture *f, uint64_t seq, int64_t offset,
                 uint64_t committed)
{
    struct mark m = mark_of(MARK_PROGRESS, RUN_A, seq, offset, 1);

    m.has_committed = committed > 0;
    m.committed = committed;
    tap_ok(checkpoint_save(c, &m, &f->windows, &err) == 0, "mark %d is saved", (int)seq);
    mark_release(&m);
}

static bool exists(uint64_t seq, ino_t *inode)
{
    char name[200];
    struct stat file = {0};

    snprintf(name, sizeof name, "%s/%d.%s.state", path, (int)seq, RUN_A);
    int status = stat(name, &file);
    if (inode != NULL)
        *inode = file.st_ino;
    return status == 0;
}

static int snapshots(void)
{
    DIR *d = opendir(path);
    int count = 0;

    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        count += strstr(e->d_name, ".state") != NULL;
    closedir(d);
    return count;
}

// Empties the directory, so that each test starts without snapshots.
static void reset(void)
{
    struct snapshot_dir d;

    snapshot_dir_open(&d, path, true, &err);
    snapshot_dir_remove(&d, UINT64_MAX, &err);
    snapshot_dir_close(&d);
}

// Saves marks 1 and 2 of run A, at 3000 and 5000 records. If wanted, mark 1 is committed.
static void make_two(bool committed)
{
    struct mark hello = hello_of(NULL, 0, 0, 1);
    struct checkpoint c;
    struct fixture f;

    reset();
    open_with(&c, OPTIONS, false);
    resume(&c, &f, &hello);
    add(&f, 0, 3000);
    c.accepted = 3000;
    c.changed = true;
    save(&c, &f, 1, 3000, 0);
    add(&f, 3000, 5000);
    c.accepted = 5000;
    c.changed = true;
    save(&c, &f, 2, 5000, committed ? 1 : 0);
    checkpoint_close(&c);
    fixture_release(&f);
    mark_release(&hello);
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
    fixture_report(&f, WINDOWS_OPEN, &got);
    tap_bytes(got.data, got.len, wanted.data, wanted.len,
              "the resumed run gives the same insights as a run without a stop");
    tap_ok(exists(2, NULL), "the snapshot of a later mark is kept");
    checkpoint_close(&c);
    fixture_release(&f);
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
    checkpoint_close(&c);
    fixture_release(&f);
    mark_release(&hello);
}

static void test_refused(void)
{
    make_two(true);
    refuses("--window 5m", hello_of(RUN_A, 2, 5000, 1), "other options", "another plan");
    refuses(OPTIONS, hello_of(RUN_B, 2, 5000, 1), "there is no 2." RUN_B, "a foreign run");
    refuses(OPTIONS, hello_of(RUN_A, 3, 5000, 1), "there is no 3." RUN_A, "a mark without a file");
    refuses(OPTIONS, hello_of(RUN_A, 2, 4999, 1), "continues at other offsets", "another offset");
    refuses(OPTIONS, hello_of(RUN_A, 2, 5000, 2), "other partitions", "another partition");
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
    checkpoint_close(&c);
    fixture_release(&f);
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
    tap_ok(snapshots() == 0 && c.accepted == 0 && f.windows.series[0].count == 0,
           "a reset removes the existing snapshots");
    checkpoint_close(&c);
    fixture_release(&f);
    mark_release(&hello);
}

static void test_save(void)
{
    struct mark hello = hello_of(NULL, 0, 0, 1);
    ino_t first, second;
    struct checkpoint c;
    struct fixture f;

    reset();
    open_with(&c, OPTIONS, false);
    resume(&c, &f, &hello);
    add(&f, 0, 100);
    c.changed = true;
    save(&c, &f, 1, 100, 0);
    save(&c, &f, 2, 100, 0);
    tap_ok(exists(1, &first) && exists(2, &second) && first == second,
           "if nothing has changed, a mark links the previous mark's snapshot");
    c.changed = true;
    save(&c, &f, 3, 100, 0);
    tap_ok(exists(3, &second) && first != second, "a record makes another snapshot");
    save(&c, &f, 4, 101, 0);
    tap_ok(exists(4, &first) && first != second, "another offset makes another snapshot");
    windows_advance(&f.windows, 5 * MS_MINUTE);
    save(&c, &f, 5, 101, 0);
    tap_ok(exists(5, &second) && first != second, "another watermark makes another snapshot");
    save(&c, &f, 6, 101, 3);
    tap_ok(exists(6, &first) && first != second, "the first commit makes another snapshot");
    tap_ok(!exists(2, NULL) && exists(3, NULL) && snapshots() == 4,
           "snapshots before the committed one are removed");
    checkpoint_close(&c);
    fixture_release(&f);
    mark_release(&hello);
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
    checkpoint_close(&c);
    fixture_release(&f);

    open_with(&c, OPTIONS, false);
    tap_int(checkpoint_check_empty(&c, &err), 0, "the next run may have an empty input");
    tap_int(resume(&c, &f, NULL), 0, "it resumes from the end of the previous run");
    tap_ok(c.accepted == 100 && f.windows.series[0].window[0]->set.records == 100,
           "the windows have the earlier counts");
    checkpoint_save(&c, NULL, &f.windows, &err);
    tap_int(snapshots(), 1, "only the newest snapshot is kept");
    checkpoint_close(&c);
    fixture_release(&f);
    tap_ok(checkpoint_open(&c, path, OPTIONS, false, &err) == 0 && resume(&c, &f, &hello) == -1,
           "a stream with marks cannot resume from a snapshot without marks");
    checkpoint_close(&c);
    fixture_release(&f);
    mark_release(&hello);

    make_two(true);
    open_with(&c, OPTIONS, false);
    tap_ok(checkpoint_check_empty(&c, &err) == -1 && err.status == EX_TEMPFAIL,
           "an empty input after a stream with marks is a failure");
    tap_ok(resume(&c, &f, NULL) == -1 && strstr(err.text, "made with marks") != NULL,
           "a stream without marks cannot resume from a snapshot with marks");
    checkpoint_close(&c);
    fixture_release(&f);
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
    checkpoint_close(&c);
    fixture_release(&f);

    open_with(&c, OPTIONS, false);
    resume(&c, &f, NULL);
    tap_ok(fixture_add(&f, 3, "ann", "10.0.0.1") && f.windows.series[0].window[0]->closed &&
               f.windows.series[0].late == 1,
           "a window that was closed stays closed");
    buf_clear(&keys);
    fixture_keys(&f, WINDOWS_OPEN, &keys);
    tap_text(keys.data, keys.len, "7n/4 ", "the numbers of windows of records continue");
    checkpoint_close(&c);
    fixture_release(&f);
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
    checkpoint_close(&c);
    fixture_release(&f);
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
    test_save();
    test_unmarked();
    test_closed();
    test_nothing();
    reset();
    tap_int(rmdir(path), 0, "nothing else is left in the directory");
    return tap_done();
}
