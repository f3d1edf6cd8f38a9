// SPDX-License-Identifier: BSD-2-Clause
#include "base/metrics.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static void test_text(void)
{
    struct buf b = BUF_INIT;
    struct metrics m = {.b = &b, .stage = "kcat-in"};

    metrics_family(&m, "lag", "gauge", "How far behind.");
    metrics_put_u64(&m, 3, "topic", "a\"b\\c\nd", "partition", "0", NULL);
    metrics_put_u64(&m, UINT64_MAX, NULL);
    tap_text(b.data, b.len,
             "# HELP lag How far behind.\n# TYPE lag gauge\n"
             "lag{stage=\"kcat-in\",topic=\"a\\\"b\\\\c\\nd\",partition=\"0\"} 3\n"
             "lag{stage=\"kcat-in\"} 18446744073709551615\n",
             "labels are escaped, and numbers exact");
    buf_clear(&b);
    m.stage = NULL;
    metrics_put_ms(&m, 1500, "a", "b", NULL);
    metrics_put_ms(&m, -2000, NULL);
    metrics_put_ms(&m, -7, NULL);
    metrics_put_ms(&m, 100, NULL);
    tap_text(b.data, b.len, "lag{a=\"b\"} 1.5\nlag -2\nlag -0.007\nlag 0.1\n",
             "milliseconds become seconds");
    buf_release(&b);
}

static void test_durations(void)
{
    struct metrics_durations d = {0};
    struct buf b = BUF_INIT;
    struct metrics m = {.b = &b};

    metrics_durations_add(&d, 5);     // at most 5 ms
    metrics_durations_add(&d, 6);     // at most 10 ms
    metrics_durations_add(&d, 60000); // more than any bound
    metrics_put_durations(&m, "took", "How long.", &d);
    tap_text(b.data, b.len,
             "# HELP took How long.\n# TYPE took histogram\n"
             "took_bucket{le=\"0.005\"} 1\ntook_bucket{le=\"0.01\"} 2\n"
             "took_bucket{le=\"0.025\"} 2\ntook_bucket{le=\"0.05\"} 2\n"
             "took_bucket{le=\"0.1\"} 2\ntook_bucket{le=\"0.25\"} 2\n"
             "took_bucket{le=\"0.5\"} 2\ntook_bucket{le=\"1\"} 2\ntook_bucket{le=\"2.5\"} 2\n"
             "took_bucket{le=\"5\"} 2\ntook_bucket{le=\"10\"} 2\ntook_bucket{le=\"+Inf\"} 3\n"
             "took_sum 60.011\ntook_count 3\n",
             "each bucket holds those of the smaller ones");
    buf_release(&b);
}

static void test_file(void)
{
    char dir[] = "/tmp/metrics_testXXXXXX";
    struct metrics_file f = {.name = "figures"}, none = {0}, wrong = {.name = "no/such/file"};
    struct buf text = BUF_INIT;
    struct err err;
    struct stat st;

    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        return;
    umask(077);
    tap_ok(metrics_file_check(&f, &err) == 0 && access("figures", F_OK) != 0 &&
               access("figures.tmp", F_OK) != 0,
           "the check leaves no file");
    tap_ok(metrics_file_check(&wrong, &err) == -1 && err.status == EX_CANTCREAT,
           "a file that cannot be created is an error");
    tap_ok(metrics_file_check(&none, &err) == 0 && metrics_file_wait(&none) == -1,
           "without a file nothing is ever due");
    tap_int(metrics_file_wait(&f), 0, "the first version is due at once");
    buf_puts(&text, "a 1\n");
    metrics_file_write(&f, &text);
    tap_ok(stat("figures", &st) == 0 && st.st_size == 4 && (st.st_mode & 0777) == 0644,
           "others may read the file, whatever the umask is");
    tap_ok(metrics_file_wait(&f) > METRICS_EVERY / 2, "the next version is due later");
    unlink("figures");
    tap_ok(symlink("elsewhere", "figures") == 0 && metrics_file_check(&f, &err) == -1,
           "a link is not replaced");
    unlink("figures");
    rmdir(dir);
    buf_release(&text);
}

int main(void)
{
    test_text();
    test_durations();
    test_file();
    return tap_done();
}
