// SPDX-License-Identifier: BSD-2-Clause
#include "insight/snapshot_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/datetime.h"
#include "tap.h"

#define BIG 200000 // bytes: more than a buffer holds

static struct snapshot_dir dir;
static struct err err;

static int save(const char *name, uint64_t number)
{
    static char big[BIG];
    struct snapshot_writer w;

    memset(big, (int)number, sizeof big);
    snapshot_write_begin(&dir, name, &w);
    snapshot_put_u64(&w, number);
    for (unsigned shift = 0; shift < 64; shift++)
        snapshot_put_num(&w, UINT64_MAX >> shift);
    snapshot_put_bytes(&w, "text", 4);
    snapshot_put_bytes(&w, "", 0);
    snapshot_put(&w, big, sizeof big);
    return snapshot_write_end(&dir, &w, &err);
}

// Returns the number that a snapshot was saved with, or 0 if the snapshot is missing or has
// changed.
static uint64_t load(const char *name)
{
    static char big[BIG];
    struct snapshot_reader r;
    size_t len, empty;

    if (snapshot_read_begin(&dir, name, &r, &err) != 1)
        return 0;
    uint64_t number = snapshot_get_u64(&r);
    bool nums = true;
    for (unsigned shift = 0; shift < 64; shift++)
        nums &= snapshot_get_num(&r) == UINT64_MAX >> shift;
    const char *text = snapshot_get_bytes(&r, &len);
    bool same = nums && len == 4 && memcmp(text, "text", 4) == 0;
    snapshot_get_bytes(&r, &empty);
    snapshot_get(&r, big, sizeof big);
    for (size_t i = 0; i < sizeof big; i++)
        same &= big[i] == (char)number;
    return snapshot_read_end(&r, &err) == 0 && same && empty == 0 ? number : 0;
}

static bool exists(const char *name)
{
    struct stat stat;

    return fstatat(dir.fd, name, &stat, 0) == 0;
}

static void test_round_trip(void)
{
    struct snapshot_reader r;
    char name[SNAPSHOT_NAME_SIZE];

    snapshot_name(name, 42, "run", SNAPSHOT_LOG);
    tap_text(name, strlen(name), "42.run.log", "a name has the seq, the tag and the kind");
    snapshot_name(name, UINT64_MAX, NULL, SNAPSHOT_STATE);
    tap_text(name, strlen(name), "18446744073709551615.state", "the tag can be left out");
    tap_int(snapshot_read_begin(&dir, "1.state", &r, &err), 0, "there is no snapshot at first");
    tap_int(save("1.state", 7), 0, "a snapshot is saved");
    tap_int((int64_t)load("1.state"), 7, "it is read as it was saved");
    tap_int(save("1.state", 8), 0, "it can be saved again");
    tap_int((int64_t)load("1.state"), 8, "the new snapshot replaces the old one");
    tap_ok(!exists("1.state.new"), "nothing unfinished is left");
}

static void test_overrun(void)
{
    struct snapshot_writer w;
    struct snapshot_reader r;
    uint64_t all[2] = {1, 1};
    size_t len = 9;

    snapshot_write_begin(&dir, "2.state", &w);
    snapshot_put_u64(&w, 5);
    snapshot_put_num(&w, 5);
    snapshot_put(&w, "abcdefg", 7);
    snapshot_write_end(&dir, &w, &err);

    tap_int(snapshot_read_begin(&dir, "2.state", &r, &err), 1,
            "a snapshot of two numbers and a text");
    snapshot_get_u64(&r);
    tap_int(snapshot_read_end(&r, &err), -1, "a snapshot must be read to its end");
    tap_int(err.status, EX_CONFIG, "otherwise the error is EX_CONFIG");

    snapshot_read_begin(&dir, "2.state", &r, &err);
    snapshot_get_u64(&r);
    snapshot_get(&r, all, sizeof all);
    tap_ok(r.overrun && all[0] == 0 && all[1] == 0, "a read beyond the end gives zeros");
    tap_ok(snapshot_get_u64(&r) == 0, "all later reads give zeros too");
    tap_int(snapshot_read_end(&r, &err), -1, "snapshot_read_end() reports it");

    snapshot_read_begin(&dir, "2.state", &r, &err);
    snapshot_get_u64(&r);
    tap_ok(snapshot_get_count(&r, 1) == 5 && !r.overrun, "a count that fits is accepted");
    snapshot_read_end(&r, &err);
    snapshot_read_begin(&dir, "2.state", &r, &err);
    snapshot_get_u64(&r);
    tap_ok(snapshot_get_count(&r, 2) == 0 && r.overrun, "one that cannot fit is refused");
    snapshot_read_end(&r, &err);
    snapshot_read_begin(&dir, "2.state", &r, &err);
    snapshot_get(&r, all, 9);
    const char *data = snapshot_get_bytes(&r, &len);
    tap_ok(len == 0 && data != NULL && r.overrun, "bytes longer than the file are refused");
    tap_ok(snapshot_get_num(&r) == 0, "a number after that is 0");
    snapshot_read_end(&r, &err);
    snapshot_read_begin(&dir, "2.state", &r, &err);
    snapshot_refuse(&r);
    tap_ok(snapshot_get_u64(&r) == 0 && snapshot_read_end(&r, &err) == -1,
           "what the owner refuses is reported");
}

// Changes a byte of a snapshot, or cuts the snapshot off at that byte.
static void damage(const char *name, off_t at, bool cut)
{
    int fd = openat(dir.fd, name, O_RDWR);
    char c = 0;

    if (cut)
        tap_ok(ftruncate(fd, at) == 0, "a file is cut");
    else if (pread(fd, &c, 1, at) == 1 && (c ^= 1, pwrite(fd, &c, 1, at) != 1))
        tap_ok(false, "a file cannot be changed");
    close(fd);
}

static void test_damage(void)
{
    static const struct {
        off_t at;
        bool cut;
        const char *title;
    } cases[] = {{0, false, "a changed header"},  {40, false, "a changed number"},
                 {BIG, false, "a changed byte"},  {BIG, true, "a lost end"},
                 {20, true, "a lost everything"}, {0, true, "an empty file"}};
    struct snapshot_reader r;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        save("3.state", 3);
        damage("3.state", cases[i].at, cases[i].cut);
        tap_ok(snapshot_read_begin(&dir, "3.state", &r, &err) == -1 && err.status == EX_CONFIG,
               "%s is found", cases[i].title);
    }
    snapshot_dir_clear(&dir, &err);
}

static int collect(void *ctx, const struct snapshot_dir *d, const char *name,
                   const struct snapshot_id *id, struct err *e)
{
    char again[SNAPSHOT_NAME_SIZE];
    uint64_t *sum = ctx;

    (void)d;
    (void)e;
    *sum += id->seq;
    snapshot_name(again, id->seq, id->tag, id->kind);
    tap_text(again, strlen(again), name, "a name is read as it is built");
    return strcmp(name, "9.stop.state") == 0 ? 5 : 0;
}

static uint64_t sum_of_seqs(void)
{
    uint64_t sum = 0;

    snapshot_dir_each(&dir, collect, &sum, &err);
    return sum;
}

static void touch(const char *name, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    utimensat(dir.fd, name, times, 0);
}

static bool is_log(const void *ctx, const struct snapshot_id *id)
{
    (void)ctx;
    return id->kind == SNAPSHOT_LOG;
}

static void test_directory(void)
{
    struct snapshot_id id;
    uint64_t sum = 0;

    tap_int(snapshot_dir_newest(&dir, NULL, NULL, &id, &err), 0,
            "an empty directory has no newest file");
    save("10.a.state", 1);
    save("11.a.log", 2);
    save("5.b.state", 3);
    save("6.state", 3);
    close(openat(dir.fd, "notes.txt", O_CREAT | O_WRONLY, 0600));
    close(openat(dir.fd, "x7.state", O_CREAT | O_WRONLY, 0600));
    close(openat(dir.fd, "7x.state", O_CREAT | O_WRONLY, 0600));
    tap_int((int64_t)sum_of_seqs(), 32, "each snapshot and log is visited, and no other file");
    touch("10.a.state", 1000);
    touch("11.a.log", 2000);
    touch("5.b.state", 3000);
    touch("6.state", 1);
    tap_int(snapshot_dir_newest(&dir, NULL, NULL, &id, &err), 1, "the newest is found");
    tap_ok(id.seq == 5 && strcmp(id.tag, "b") == 0 && id.kind == SNAPSHOT_STATE,
           "the newest file is found by its time, not by its seq");
    touch("10.a.state", 3000);
    snapshot_dir_newest(&dir, NULL, NULL, &id, &err);
    tap_int((int64_t)id.seq, 10, "of two at one time, the higher seq is newer");
    snapshot_dir_newest(&dir, is_log, NULL, &id, &err);
    tap_int((int64_t)id.seq, 11, "the newest of those that are wanted is found");
    tap_int(snapshot_remove(&dir, "10.a.state", &err), 0, "a file is removed");
    tap_ok(!exists("10.a.state") && exists("11.a.log"), "and no other");
    tap_int(snapshot_remove(&dir, "10.a.state", &err), 0, "it may be removed already");
    save("9.stop.state", 1);
    tap_int(snapshot_dir_each(&dir, collect, &sum, &err), 5, "visit() can stop the loop");
    tap_int(snapshot_dir_clear(&dir, &err), 0, "all files are removed");
    tap_ok((sum = sum_of_seqs()) == 0 && exists("notes.txt"), "but not those of others");
}

static void test_failed_write(void)
{
    struct rlimit old, limit;

    save("20.state", 4);
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = BIG / 2; // writing fails in the middle of the file, as on a full disk
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    int status = save("20.state", 5);
    setrlimit(RLIMIT_FSIZE, &old);
    tap_ok(status == -1 && err.status == EX_IOERR && strstr(err.text, "20.state") != NULL,
           "a write that fails is reported with the name");
    tap_int((int64_t)load("20.state"), 4, "the old snapshot is still there");
    tap_ok(!exists("20.state.new"), "the unfinished one is removed");
    tap_int(save("nosuch/20.state", 5), -1, "a file that cannot be created is reported too");
}

// Locks the directory in another process, for the given time.
static pid_t lock_elsewhere(const char *path, int64_t ms)
{
    int ready[2];
    char c;

    if (pipe(ready) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        struct snapshot_dir other;
        const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
        if (snapshot_dir_open(&other, path, true, &err) != 0 || write(ready[1], "", 1) != 1)
            _exit(1);
        nanosleep(&time, NULL);
        _exit(0);
    }
    if (read(ready[0], &c, 1) != 1)
        tap_ok(false, "the other process has the lock");
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void test_lock(const char *path)
{
    struct snapshot_dir reader;
    int status;

    snapshot_dir_close(&dir);
    pid_t pid = lock_elsewhere(path, 500);
    int64_t start = time_monotonic();
    tap_int(snapshot_dir_open(&reader, path, false, &err), 0, "a locked directory can be read");
    tap_ok(time_monotonic() - start < 400, "without waiting");
    snapshot_dir_close(&reader);
    tap_int(snapshot_dir_open(&dir, path, true, &err), 0, "it can be written when it is unlocked");
    tap_ok(time_monotonic() - start >= 300, "it cannot be written before that");
    waitpid(pid, &status, 0);
}

static void test_open(const char *path)
{
    struct snapshot_dir other;
    char missing[200];

    close(openat(dir.fd, "30.run.state.new", O_CREAT | O_WRONLY, 0600));
    close(openat(dir.fd, "mine.new", O_CREAT | O_WRONLY, 0600));
    snapshot_dir_close(&dir);
    snapshot_dir_open(&dir, path, true, &err);
    tap_ok(!exists("30.run.state.new") && exists("mine.new"),
           "opening removes unfinished snapshots, and no other file");
    snprintf(missing, sizeof missing, "%s/a/b", path);
    tap_ok(snapshot_dir_open(&other, missing, false, &err) == -1 && err.status == EX_CONFIG,
           "a directory to read must exist");
    tap_ok(snapshot_dir_open(&other, missing, true, &err) == -1 && err.status == EX_CANTCREAT,
           "a directory that cannot be created is reported");
    snprintf(missing, sizeof missing, "%s/made", path);
    tap_int(snapshot_dir_open(&other, missing, true, &err), 0,
            "a missing directory to write to is created");
    snapshot_dir_close(&other);
    rmdir(missing);
}

int main(void)
{
    char path[] = "/tmp/snapshot_file_test.XXXXXX";

    if (mkdtemp(path) == NULL || snapshot_dir_open(&dir, path, true, &err) != 0)
        return 1;
    test_round_trip();
    test_overrun();
    test_damage();
    test_directory();
    test_failed_write();
    test_open(path);
    test_lock(path);
    snapshot_dir_clear(&dir, &err);
    unlinkat(dir.fd, "notes.txt", 0);
    unlinkat(dir.fd, "x7.state", 0);
    unlinkat(dir.fd, "7x.state", 0);
    unlinkat(dir.fd, "mine.new", 0);
    snapshot_dir_close(&dir);
    tap_int(rmdir(path), 0, "nothing else is left in the directory");
    return tap_done();
}
