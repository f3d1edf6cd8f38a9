// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <unistd.h>

#include "base/metrics.h"
#include "base/metrics_merge.h"
#include "tap.h"

#define RECORDS "loginpipe_records_total"

static void add(struct metrics_merge *m, const char *text, const char *member)
{
    struct buf label = BUF_INIT;

    if (member != NULL)
        metrics_put_label(&label, "member", member);
    buf_putc(&label, '\0');
    metrics_merge_add(m, text, strlen(text), member == NULL ? NULL : label.data);
    buf_release(&label);
}

static void check_merged(const struct metrics_merge *m, const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;

    metrics_merge_put(m, &b);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static const char in[] = "# HELP " RECORDS " Records by outcome.\n"
                         "# TYPE " RECORDS " counter\n" RECORDS
                         "{stage=\"kcat-in\",outcome=\"in\"} 12345678901234567\n" RECORDS
                         "{stage=\"kcat-in\",outcome=\"out\"} 90\n"
                         "# HELP loginpipe_marks_total Marks.\n"
                         "# TYPE loginpipe_marks_total counter\n"
                         "loginpipe_marks_total{stage=\"kcat-in\"} 3\n";

static const char out[] =
    "# HELP " RECORDS " Other words.\n"
    "# TYPE " RECORDS " counter\n" RECORDS "{stage=\"kcat-out\",outcome=\"in\"} 90\n"
    "# HELP loginpipe_commit_duration_seconds Commits.\n"
    "# TYPE loginpipe_commit_duration_seconds histogram\n"
    "loginpipe_commit_duration_seconds_bucket{stage=\"kcat-out\",le=\"0.5\"} 1\n"
    "loginpipe_commit_duration_seconds_bucket{stage=\"kcat-out\",le=\"+Inf\"} 2\n"
    "loginpipe_commit_duration_seconds_sum{stage=\"kcat-out\"} 1.25\n"
    "loginpipe_commit_duration_seconds_count{stage=\"kcat-out\"} 2\n";

static void test_families(void)
{
    struct metrics_merge m = {0};

    add(&m, in, "worker 1");
    add(&m, out, "worker 1");
    add(&m, "# TYPE loginpipe_marks_total counter\nloginpipe_marks_total 4\n", "a\\b\"c\nd");
    check_merged(
        &m,
        "# HELP " RECORDS " Records by outcome.\n"
        "# TYPE " RECORDS " counter\n" RECORDS
        "{member=\"worker 1\",stage=\"kcat-in\",outcome=\"in\"} 12345678901234567\n" RECORDS
        "{member=\"worker 1\",stage=\"kcat-in\",outcome=\"out\"} 90\n" RECORDS
        "{member=\"worker 1\",stage=\"kcat-out\",outcome=\"in\"} 90\n"
        "# HELP loginpipe_marks_total Marks.\n"
        "# TYPE loginpipe_marks_total counter\n"
        "loginpipe_marks_total{member=\"worker 1\",stage=\"kcat-in\"} 3\n"
        "loginpipe_marks_total{member=\"a\\\\b\\\"c\\nd\"} 4\n"
        "# HELP loginpipe_commit_duration_seconds Commits.\n"
        "# TYPE loginpipe_commit_duration_seconds histogram\n"
        "loginpipe_commit_duration_seconds_bucket{member=\"worker "
        "1\",stage=\"kcat-out\",le=\"0.5\"} 1\n"
        "loginpipe_commit_duration_seconds_bucket{member=\"worker "
        "1\",stage=\"kcat-out\",le=\"+Inf\"} 2\n"
        "loginpipe_commit_duration_seconds_sum{member=\"worker 1\",stage=\"kcat-out\"} 1.25\n"
        "loginpipe_commit_duration_seconds_count{member=\"worker 1\",stage=\"kcat-out\"} 2\n",
        "each family has one HELP, one TYPE, and the samples of all stages and members");
    metrics_merge_release(&m);
}

static void test_broken(void)
{
    struct metrics_merge m = {0};

    add(&m,
        "# a comment\n# HELP\n# TYPE a\n\n9a 1\na\na{ 1\na{x} 1\na{x=\"} 1\na{x=\"1\"\na{x=\"1\"} "
        "one\n"
        "a{x=\"1\"}2\n# HELP none No sample.\n# TYPE none gauge\n",
        NULL);
    check_merged(&m, "",
                 "lines that are not of the format are left out, and so are empty families");
    add(&m, "a{x=\"2\",} 2 1700000000000\nb 3e2\na{x=\"3\"} NaN\na{x=\"4", NULL);
    check_merged(&m, "a{x=\"2\",} 2 1700000000000\na{x=\"3\"} NaN\nb 3e2\n",
                 "a family needs no HELP; a line that is cut in half is left out");
    metrics_merge_release(&m);
    check_merged(&m, "", "nothing is left after a release");
}

static void check_sum(double got, double wanted, const char *title)
{
    tap_int((int64_t)(got * 1000), (int64_t)(wanted * 1000), title);
}

static void test_sums(void)
{
    struct metrics_merge m = {0};
    double sum = 7;

    tap_int((int64_t)metrics_merge_sum(&m, "a", &sum, NULL), 0, "an unknown family has no samples");
    check_sum(sum, 0, "its sum is 0");
    add(&m, in, "worker 1");
    add(&m, out, "worker 1");
    add(&m, in, "worker 2");
    tap_int((int64_t)metrics_merge_sum(&m, RECORDS, &sum, "outcome", "out", NULL), 2,
            "samples are found by a label");
    check_sum(sum, 180, "they are added up");
    metrics_merge_sum(&m, RECORDS, &sum, "outcome", "in", "stage", "kcat-out", "member", "worker 1",
                      NULL);
    check_sum(sum, 90, "or by several labels, in any order");
    tap_int((int64_t)metrics_merge_sum(&m, RECORDS, &sum, "member", "worker", NULL), 0,
            "a label has exactly its value");
    tap_int((int64_t)metrics_merge_sum(&m, RECORDS, &sum, "no", "", NULL), 0,
            "a label that is missing has no value");
    metrics_merge_sum(&m, "loginpipe_commit_duration_seconds_sum", &sum, NULL);
    check_sum(sum, 1.25, "a part of a histogram is found by its own name");
    add(&m, "t{topic=\"a\\\\b\\\"c\\nd\"} 5\n", NULL);
    tap_int((int64_t)metrics_merge_sum(&m, "t", &sum, "topic", "a\\b\"c\nd", NULL), 1,
            "escapes in a value stand for their characters");
    metrics_merge_release(&m);
}

static void test_files(void)
{
    char name[] = "metrics.XXXXXX";
    struct metrics_merge m = {0};
    int fd = mkstemp(name);

    tap_ok(!metrics_merge_file(&m, "no/such/file", NULL), "a missing file is no text");
    tap_ok(fd >= 0 && write(fd, in, sizeof in - 10) > 0 && metrics_merge_file(&m, name, NULL),
           "a file is read");
    double sum;
    metrics_merge_sum(&m, RECORDS, &sum, "outcome", "out", NULL);
    check_sum(sum, 90, "its samples are found");
    tap_int((int64_t)metrics_merge_sum(&m, "loginpipe_marks_total", &sum, NULL), 0,
            "its last line is cut, and is left out");
    close(fd);
    unlink(name);
    metrics_merge_release(&m);
}

int main(void)
{
    test_families();
    test_broken();
    test_sums();
    test_files();
    return tap_done();
}
