// SPDX-License-Identifier: BSD-2-Clause
#include "login/monitor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/directory.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/metrics_merge.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "login/environment.h"
#include "login/figures.h"
#include "login/liveness.h"

#define BEGIN_EVERY 100                // ms between looks whether all stages have begun
#define LOOK_EVERY MS_SECOND           // between looks at their metrics
#define WINDOW_MIN (3 * METRICS_EVERY) // in which metrics move
#define START_MORE 180000000LL         // µs for another start, and for a pause after it
#define SELF "loginpipe"

// What was told last, to tell what has come since.
struct told {
    int64_t at; // by time_monotonic()
    struct figures figures;
};

struct monitor {
    struct notify *notify;
    bool reports;
    char *dir; // NULL if nobody is told anything
    bool copy; // of the process that tells

    // Of each member.
    struct figures_member *members;
    struct liveness *lives;
    char **names;
    struct buf *labels; // of its samples; each ends with a NUL
    size_t count;

    bool begun, stuck, stopping;
    struct figures figures;
    struct told status, line;
    struct metrics_file file;
    struct buf written; // what is in it
    int64_t look_due, pet_due;
    struct err why;  // the stages of this process failed last; its status is 0 if they did not
    double extended; // restarts for which more time was asked for

    // Of the member that this process supervises.
    int own; // -1 for none
    bool started;
    uint64_t restarts;
    struct metrics_file own_file;
    char *own_name;
    int64_t since; // by time_now()
};

// --- The figures ---

static void read_all(const struct monitor *m, struct metrics_merge *metrics)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct liveness *l = &m->lives[i];
        for (size_t j = 0; j <= l->count; j++) {
            char *file =
                pipeline_metrics_file(m->dir, l->member, j < l->count ? l->stages[j] : SELF);
            metrics_merge_file(metrics, file, m->labels[i].data);
            free(file);
        }
    }
}

// Writes the file if it is due, and whenever a stage has written: the figures are late enough.
static void write_file(struct monitor *m, const struct metrics_merge *metrics)
{
    struct buf b = BUF_INIT;

    if (m->file.name == NULL)
        return;
    metrics_merge_put(metrics, &b);
    if (metrics_file_wait(&m->file) == 0 ||
        !bytes_equal(b.data, b.len, m->written.data, m->written.len)) {
        metrics_file_write(&m->file, &b);
        buf_clear(&m->written);
        buf_append(&m->written, b.data, b.len);
    }
    buf_release(&b);
}

static bool all_have_begun(const struct monitor *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!liveness_has_begun(&m->lives[i], m->dir))
            return false;
    }
    return true;
}

static void send_status(struct monitor *m, int64_t now)
{
    struct buf b = BUF_INIT;

    if (all_have_begun(m))
        figures_put_status(&m->figures, &m->status.figures, now - m->status.at, &b);
    else
        buf_printf(&b, "starting, %.0f restarts%s%s", m->figures.restarts,
                   m->why.status == 0 ? "" : "; the last failure: ", m->why.text);
    notify_send(m->notify, "STATUS=%.*s", (int)b.len, b.data);
    buf_release(&b);
    m->status = (struct told){now, m->figures};
}

static void log_line(struct monitor *m, int64_t now)
{
    struct buf b = BUF_INIT;

    figures_put_line(&m->figures, &m->line.figures, now - m->line.at, time_now(), &b);
    log_info("%.*s", (int)b.len, b.data);
    buf_release(&b);
    m->line = (struct told){now, m->figures};
}

// --- The service manager ---

static void say_ready(struct monitor *m, int64_t now)
{
    m->begun = true;
    m->status.at = now;
    notify_send(m->notify, "READY=1\nSTATUS=all stages have begun");
}

// Tells the watchdog that all members move, unless one does not.
static void pet(struct monitor *m, const struct metrics_merge *metrics, int64_t now)
{
    const int64_t watchdog = m->notify->watchdog;
    const int64_t window = watchdog > WINDOW_MIN ? watchdog : WINDOW_MIN;
    bool stuck = false;

    for (size_t i = 0; i < m->count; i++) {
        if (liveness_check(&m->lives[i], m->dir, metrics, now, window))
            continue;
        if (!m->stuck)
            log_warn("%s: %s for more than %lld s, so the watchdog is no longer told that all is "
                     "well",
                     m->names[i],
                     m->lives[i].marks ? "no mark was committed" : "a stage has shown no life",
                     (long long)(window / MS_SECOND));
        stuck = true;
    }
    m->stuck = stuck;
    if (!stuck && now >= m->pet_due) {
        notify_send(m->notify, "WATCHDOG=1");
        m->pet_due = now + watchdog / 2;
    }
}

static void signalled(void *ctx, int number)
{
    struct monitor *m = ctx;
    struct timespec now;

    if (number == SIGHUP && m->begun) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        notify_send(m->notify, "RELOADING=1\nMONOTONIC_USEC=%lld",
                    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
        notify_send(m->notify, "READY=1"); // the stages have been told
    } else if (number != SIGHUP && number != SIGUSR1 && !m->stopping) {
        m->stopping = true;
        notify_send(m->notify, "STOPPING=1\nSTATUS=stopping");
    }
}

// --- Looking ---

static int64_t look_every(const struct monitor *m)
{
    const int64_t half = m->notify->watchdog / 2;

    return half > 0 && half < LOOK_EVERY ? half : LOOK_EVERY;
}

static void look(struct monitor *m, int64_t now)
{
    struct metrics_merge metrics = {0};

    m->look_due = now + look_every(m);
    read_all(m, &metrics);
    figures_update(&m->figures, m->members, m->count, &metrics);
    write_file(m, &metrics);
    if (!m->begun && m->figures.restarts > m->extended) {
        m->extended = m->figures.restarts;
        notify_send(m->notify, "EXTEND_TIMEOUT_USEC=%lld", START_MORE);
    }
    if (!m->stopping && now - m->status.at >= METRICS_EVERY)
        send_status(m, now);
    if (m->reports && now - m->line.at >= MS_MINUTE)
        log_line(m, now);
    if (m->notify->watchdog > 0)
        pet(m, &metrics, now);
    metrics_merge_release(&metrics);
}

static int64_t tick(void *ctx)
{
    struct monitor *m = ctx;
    const int64_t now = time_monotonic();

    if (!m->begun && all_have_begun(m))
        say_ready(m, now);
    if (now >= m->look_due)
        look(m, now);
    return !m->begun && now + BEGIN_EVERY < m->look_due ? now + BEGIN_EVERY : m->look_due;
}

struct child_watch monitor_watch(struct monitor *m)
{
    struct child_watch watch = {0};

    if (m->dir != NULL)
        watch = (struct child_watch){.tick = tick, .signalled = signalled, .ctx = m};
    return watch;
}

// --- The member of this process ---

static void write_own(struct monitor *m, bool up)
{
    struct buf b = BUF_INIT;
    struct metrics text = {.b = &b, .stage = SELF};

    metrics_family(&text, "loginpipe_build_info", "gauge", "The version that runs.");
    metrics_put_u64(&text, 1, "version", opt_version(), NULL);
    metrics_family(&text, "loginpipe_start_time_seconds", "gauge", "When the stage was started.");
    metrics_put_ms(&text, m->since, NULL);
    metrics_family(&text, "loginpipe_restarts_total", "counter",
                   "How often the stages of a member were started again.");
    metrics_put_u64(&text, m->restarts, NULL);
    metrics_family(&text, "loginpipe_up", "gauge",
                   "1 while the stages of a member run, 0 in a pause and at the end.");
    metrics_put_u64(&text, up, NULL);
    metrics_file_write(&m->own_file, &b);
    buf_release(&b);
}

// A copy may be the second one for this member. Continues the count of restarts.
static void take_restarts(struct monitor *m)
{
    struct metrics_merge metrics = {0};
    double restarts;

    if (metrics_merge_file(&metrics, m->own_name, NULL)) {
        metrics_merge_sum(&metrics, "loginpipe_restarts_total", &restarts, NULL);
        m->restarts = (uint64_t)restarts + (m->copy ? 1 : 0);
    }
    metrics_merge_release(&metrics);
}

void monitor_supervise(struct monitor *m, int member, bool copy)
{
    if (m->dir == NULL)
        return;
    m->copy = copy;
    m->own = member;
    m->started = false;
    m->since = time_now();
    free(m->own_name);
    m->own_name = pipeline_metrics_file(m->dir, m->names[member], SELF);
    m->own_file = (struct metrics_file){.name = m->own_name};
}

void monitor_starting(struct monitor *m)
{
    if (m->dir == NULL || m->own < 0)
        return;
    if (m->started)
        m->restarts++;
    else
        take_restarts(m);
    m->started = true;
    // A stage has begun once its file is there again.
    for (size_t i = 0; i < m->lives[m->own].count; i++) {
        char *file = pipeline_metrics_file(m->dir, m->names[m->own], m->lives[m->own].stages[i]);
        unlink(file);
        free(file);
    }
    write_own(m, true);
}

void monitor_ended(struct monitor *m)
{
    if (m->dir != NULL && m->own >= 0)
        write_own(m, false);
}

void monitor_pausing(struct monitor *m, const struct err *why, int seconds)
{
    if (m->dir == NULL || m->copy)
        return;
    m->why = *why;
    notify_send(m->notify, "STATUS=%s; starting again in %d s", why->text, seconds);
}

// --- Beginning and end ---

static void make_members(struct monitor *m, size_t count)
{
    m->count = count;
    m->members = xcalloc(count, sizeof *m->members);
    m->lives = xcalloc(count, sizeof *m->lives);
    m->names = xcalloc(count, sizeof *m->names);
    m->labels = xcalloc(count, sizeof *m->labels);
}

// Notes the names of a member and of its stages.
static int take_member(struct monitor *m, struct pipeline *p, size_t i, struct err *err)
{
    const struct child_command *commands;
    struct liveness *l = &m->lives[i];

    if (pipeline_take(p, (int)i, err) != 0)
        return -1;
    m->names[i] = xstrdup(pipeline_name(p));
    pipeline_put_labels(p, &m->labels[i]);
    buf_putc(&m->labels[i], '\0');
    m->members[i] = (struct figures_member){.name = m->names[i], .merges = pipeline_merges(p)};
    *l = (struct liveness){.member = m->names[i], .marks = pipeline_has_marks(p)};
    commands = pipeline_commands(p, &l->count);
    for (size_t j = 0; j < l->count; j++)
        l->stages[j] = commands[j].name;
    return 0;
}

static int open_monitor(struct monitor *m, struct pipeline *p, struct err *err)
{
    const char *const places[] = {environment_get("RUNTIME_DIRECTORY", ""),
                                  environment_get("XDG_RUNTIME_DIR", ""),
                                  environment_get("TMPDIR", ""), "/tmp"};
    const bool must = m->file.name != NULL || m->notify->socket != NULL;

    if (!must && !m->reports)
        return 0;
    if (metrics_file_check(&m->file, err) != 0)
        return -1;
    m->dir = directory_make_temporary(places, sizeof places / sizeof *places, SELF);
    if (m->dir == NULL && must)
        return err_set(err, EX_CANTCREAT, "TMPDIR: no directory for metrics: %s", strerror(errno));
    if (m->dir == NULL) {
        log_warn("TMPDIR: no directory for metrics: %s; so there is no line a minute",
                 strerror(errno));
        return 0;
    }
    pipeline_measure(p, m->dir);
    make_members(m, (size_t)pipeline_members(p));
    for (size_t i = 0; i < m->count; i++) {
        if (take_member(m, p, i, err) != 0)
            return -1;
    }
    m->status.at = m->line.at = time_monotonic();
    notify_send(m->notify, "STATUS=starting");
    return 0;
}

struct monitor *monitor_new(const struct monitor_options *options, struct pipeline *p,
                            struct err *err)
{
    struct monitor *m = xcalloc(1, sizeof *m);

    m->notify = options->notify;
    m->reports = options->reports;
    m->file.name = options->file;
    m->own = -1;
    if (open_monitor(m, p, err) == 0)
        return m;
    m->copy = true; // there is nothing to tell
    if (m->dir != NULL)
        directory_remove(m->dir);
    monitor_free(m);
    return NULL;
}

static void tell_last(struct monitor *m)
{
    struct metrics_merge metrics = {0};

    read_all(m, &metrics);
    figures_update(&m->figures, m->members, m->count, &metrics);
    write_file(m, &metrics);
    if (m->reports)
        log_line(m, time_monotonic());
    metrics_merge_release(&metrics);
    if (!m->stopping)
        notify_send(m->notify, "STOPPING=1");
}

void monitor_free(struct monitor *m)
{
    if (m->dir != NULL && !m->copy) {
        tell_last(m);
        directory_remove(m->dir);
    }
    for (size_t i = 0; i < m->count; i++) {
        free(m->names[i]);
        buf_release(&m->labels[i]);
    }
    free(m->names);
    free(m->labels);
    buf_release(&m->written);
    free(m->members);
    free(m->lives);
    free(m->own_name);
    free(m->dir);
    free(m);
}
