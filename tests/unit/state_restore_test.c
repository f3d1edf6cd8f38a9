// SPDX-License-Identifier: BSD-2-Clause
//
// Files of a state that are cut at every byte, changed, or forged with right checksums. With a
// number as argument, tries that many forged files.
#include "insight/state_restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "fixture.h"
#include "insight/checkpoint.h"
#include "tap.h"

#define RUN "00000000-0000-4000-8000-00000000000a"
#define OPTIONS "--window 10m"
#define MARKS 6
#define RECORDS 30 // between marks
#define LOG "0." RUN ".log"
#define STATE "6." RUN ".state"

static char path[] = "/tmp/state_restore_test.XXXXXX";
static struct snapshot_dir dir;
static struct err err;
static struct buf at_mark[MARKS + 1]; // the insights at each mark
static size_t mark_end[MARKS + 1];    // where each mark ends in the log

static void count(struct fixture *f, size_t from, size_t to)
{
    fixture_fill(f, from, to, 9);
}

static void open_fixture(struct fixture *f, size_t max_keys)
{
    fixture_init(f, max_keys, "10m", "7n", "all", NULL);
}

// Two partitions, of which a cover is open.
static void cover(struct coverage *c)
{
    struct cover cover = {.run = RUN, .seq = 7};

    topic_counts_add(&cover.topics, "logins", 3);
    cover_add_range(&cover, "logins", 0, 10, 20, MS_HOUR);
    cover_add_range(&cover, "logins", 2, 5, 5, MARK_NO_MORE);
    if (coverage_open(c, &cover, NULL, &err) != COVERAGE_NEW)
        err_die(&err);
    cover_release(&cover);
}

static struct mark mark_of(uint64_t seq)
{
    struct mark m = {.kind = seq == 0 ? MARK_HELLO : MARK_PROGRESS, .run = RUN, .seq = seq};

    mark_add_at(&m, "logins", 0, (int64_t)seq);
    return m;
}

// Writes a log with some marks, and a snapshot of the last one.
static void make_files(size_t max_keys)
{
    struct checkpoint c = {.dir = dir, .options = OPTIONS};
    struct mark m = mark_of(0);
    struct fixture f;

    open_fixture(&f, max_keys);
    cover(&f.windows.coverage);
    m.group = strdup("g");
    m.shard = strdup("0/1");
    snapshot_dir_clear(&dir, &err);
    if (checkpoint_resume(&c, &m, &f.windows, &(struct state_replay){0}, &err) != 0)
        err_die(&err);
    c.log_least = UINT64_MAX;
    mark_release(&m);
    for (uint64_t seq = 1; seq <= MARKS; seq++) {
        count(&f, (seq - 1) * RECORDS, seq * RECORDS);
        windows_advance(&f.windows, (int64_t)seq * MS_MINUTE);
        m = mark_of(seq);
        c.accepted = seq * RECORDS;
        if (checkpoint_save(&c, &m, &f.windows, &err) != 0)
            err_die(&err);
        mark_end[seq] = c.log.out.bytes;
        buf_clear(&at_mark[seq]);
        fixture_report(&f, WINDOWS_OPEN, &at_mark[seq]);
        struct state_head head = {
            .options = OPTIONS, .options_len = strlen(OPTIONS), .marked = true, .mark = m};
        if (seq == MARKS && state_snapshot_write(&dir, STATE, &head, &f.windows, &err) != 0)
            err_die(&err);
        mark_release(&m);
    }
    c.dir.fd = -1; // the directory stays open
    checkpoint_close(&c);
    fixture_release(&f);
}

// Restores a mark from a log or a snapshot, and appends the insights. Returns like state_restore().
static int restore(enum snapshot_kind kind, uint64_t seq, size_t max_keys, struct buf *insights,
                   bool count_on)
{
    struct snapshot_id id = {.seq = kind == SNAPSHOT_LOG ? 0 : MARKS, .tag = RUN, .kind = kind};
    struct state_chain chain = {&id, 1, 1};
    struct fixture f;

    open_fixture(&f, max_keys);
    struct state_restore r = {.dir = &dir,
                              .options = OPTIONS,
                              .windows = &f.windows,
                              .replay = {fixture_replay, &f},
                              .at = MARK_INIT};
    int found = state_restore(&r, &chain, seq, &err);
    if (found == 1 && count_on)
        count(&f, MARKS * RECORDS, MARKS * RECORDS + 40);
    if (found == 1)
        fixture_report(&f, WINDOWS_OPEN, insights);
    mark_release(&r.at);
    fixture_release(&f);
    return found;
}

static void read_file(const char *name, struct buf *b)
{
    int fd = openat(dir.fd, name, O_RDONLY);
    char part[4096];

    buf_clear(b);
    for (ssize_t n; (n = read(fd, part, sizeof part)) > 0;)
        buf_append(b, part, (size_t)n);
    close(fd);
}

static void write_file(const char *name, const char *data, size_t len)
{
    int fd = openat(dir.fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (write(fd, data, len) != (ssize_t)len)
        tap_ok(false, "a file is written");
    close(fd);
}

// Returns whether a mark is restored with the insights that it had.
static bool restores(uint64_t seq, size_t max_keys)
{
    struct buf got = BUF_INIT;
    bool same = restore(SNAPSHOT_LOG, seq, max_keys, &got, false) == 1 &&
                bytes_equal(got.data, got.len, at_mark[seq].data, at_mark[seq].len);

    buf_release(&got);
    return same;
}

// Returns whether a mark cannot be restored, for a reason that is no bug.
static bool refuses(enum snapshot_kind kind, uint64_t seq, size_t max_keys)
{
    struct buf got = BUF_INIT;
    int found = restore(kind, seq, max_keys, &got, false);

    buf_release(&got);
    return found == 0 || (found == -1 && err.status == EX_CONFIG);
}

static void test_log_cuts(size_t max_keys)
{
    struct buf log = BUF_INIT;
    uint64_t seq = 0;
    bool right = true;

    make_files(max_keys);
    read_file(LOG, &log);
    tap_ok(log.len == mark_end[MARKS], "a log ends with its last mark");
    for (size_t len = 0; len <= log.len && right; len++) {
        write_file(LOG, log.data, len);
        bool ends = seq < MARKS && len == mark_end[seq + 1];
        seq += ends;
        if (ends || len % 16 == 0)
            right = seq == 0 || restores(seq, max_keys);
        right = right && (seq == MARKS || refuses(SNAPSHOT_LOG, seq + 1, max_keys));
        if (!right)
            printf("# cut at %zu of %zu, mark %d: %s\n", len, log.len, (int)seq, err.text);
    }
    tap_ok(right && seq == MARKS,
           "a log that is cut at any byte restores the marks before, and no others");
    buf_release(&log);
}

// As a torn write may leave it: the bytes of the last blocks are there only in part.
static void test_log_changes(size_t max_keys)
{
    struct buf log = BUF_INIT;
    bool right = true;

    make_files(max_keys);
    read_file(LOG, &log);
    for (size_t at = 0; at < log.len && right; at++) {
        uint64_t intact = 0;
        while (intact < MARKS && mark_end[intact + 1] <= at)
            intact++;
        log.data[at] ^= 0x10;
        write_file(LOG, log.data, log.len);
        log.data[at] ^= 0x10;
        right = refuses(SNAPSHOT_LOG, intact + 1, max_keys) &&
                (intact == 0 || at % 16 != 0 || restores(intact, max_keys));
        if (!right)
            printf("# changed at %zu of %zu: %s\n", at, log.len, err.text);
    }
    tap_ok(right, "a log that is changed at any byte restores the marks before, and no others");
    buf_release(&log);
}

static void test_snapshot_cuts(size_t max_keys)
{
    struct buf state = BUF_INIT, got = BUF_INIT;
    bool right = true;

    make_files(max_keys);
    read_file(STATE, &state);
    tap_ok(restore(SNAPSHOT_STATE, MARKS, max_keys, &got, false) == 1 &&
               bytes_equal(got.data, got.len, at_mark[MARKS].data, at_mark[MARKS].len),
           "a snapshot restores its mark");
    for (size_t len = 0; len < state.len && right; len += max_keys < 100 ? 97 : 1) {
        write_file(STATE, state.data, len);
        right = refuses(SNAPSHOT_STATE, MARKS, max_keys);
    }
    tap_ok(right, "a snapshot that is cut at any byte is refused");
    buf_release(&state);
    buf_release(&got);
}

// --- Forged files ---

// Changes a few bytes: to anything, by a little, or to the bytes of another place.
static void change(char *data, size_t len)
{
    for (long n = random() % 4; n >= 0 && len > 8; n--) {
        size_t at = (size_t)random() % len, from = (size_t)random() % (len - 8);
        switch (random() % 4) {
        case 0:
            data[at] = (char)random();
            break;
        case 1:
            data[at] = (char)(data[at] + (random() % 2 == 0 ? 1 : -1));
            break;
        case 2:
            memset(data + from, random() % 2 == 0 ? 0xff : 0, (size_t)random() % 9);
            break;
        default:
            memmove(data + (at < len - 8 ? at : from), data + from, (size_t)random() % 9);
            break;
        }
    }
}

// Gives each block of a log the right checksum, as far as their lengths lead.
static void sign_log(char *data, size_t len)
{
    size_t at = strlen("loginpipe state log 3 " SNAPSHOT_BYTE_ORDER "\n");
    uint64_t size, hash;

    while (len - at >= 24) {
        memcpy(&size, data + at + 16, sizeof size);
        if (size > len - at - 24)
            return;
        hash = XXH3_64bits_withSeed(data + at + 8, 16 + size, at);
        memcpy(data + at, &hash, sizeof hash);
        at += 24 + size;
    }
}

static void sign_snapshot(char *data, size_t len)
{
    uint64_t hash = XXH3_64bits(data, len - sizeof hash);

    memcpy(data + len - sizeof hash, &hash, sizeof hash);
}

// Nothing is expected but that it comes to an end, without an error of memory.
static void test_forged(enum snapshot_kind kind, size_t max_keys, long tries)
{
    const char *name = kind == SNAPSHOT_LOG ? LOG : STATE;
    size_t header = kind == SNAPSHOT_LOG ? 36 : 32;
    struct buf sound = BUF_INIT, forged = BUF_INIT, got = BUF_INIT;
    long taken = 0;

    make_files(max_keys);
    read_file(name, &sound);
    for (long i = 0; i < tries; i++) {
        buf_clear(&forged);
        buf_append(&forged, sound.data, sound.len);
        change(forged.data + header, forged.len - header);
        if (kind == SNAPSHOT_LOG)
            sign_log(forged.data, forged.len);
        else
            sign_snapshot(forged.data, forged.len);
        write_file(name, forged.data, forged.len);
        buf_clear(&got);
        taken += restore(kind, MARKS, max_keys, &got, true) == 1;
    }
    tap_ok(taken > 0 && taken < tries, "of %ld forged files, %ld are taken", tries, taken);
    buf_release(&sound);
    buf_release(&forged);
    buf_release(&got);
}

int main(int argc, char **argv)
{
    long tries = argc > 1 ? strtol(argv[1], NULL, 10) : 500;

    if (mkdtemp(path) == NULL || snapshot_dir_open(&dir, path, true, &err) != 0)
        return 1;
    srandom(argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1);
    // With few keys, the tables become sketches.
    for (size_t max_keys = 1000; max_keys >= 10; max_keys /= 100) {
        test_log_cuts(max_keys);
        test_log_changes(max_keys);
        test_snapshot_cuts(max_keys);
        test_forged(SNAPSHOT_LOG, max_keys, tries);
        test_forged(SNAPSHOT_STATE, max_keys, tries);
    }
    for (size_t i = 0; i <= MARKS; i++)
        buf_release(&at_mark[i]);
    snapshot_dir_clear(&dir, &err);
    snapshot_dir_close(&dir);
    tap_int(rmdir(path), 0, "nothing else is left in the directory");
    return tap_done();
}
