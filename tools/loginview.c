// SPDX-License-Identifier: BSD-2-Clause
//
// loginview: shows insights and rejects on a terminal while they arrive, or once as text.

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/signals.h"
#include "json/json.h"
#include "view/cells.h"
#include "view/dashboard.h"
#include "view/feed.h"
#include "view/screen.h"

#define FRAME_MS 100      // between two frames, at least
#define REFRESH_MS 1000   // between two frames while nothing arrives
#define RATE_SAMPLES 6    // one each REFRESH_MS
#define WINDOWS_KEPT 2000 // of each kind
#define WIDTH_MAX 10000   // columns of the text
#define NO_END_MARK "the input ended without an end mark"
#define FIRST_LINE_MS 500 // how long the screen waits for the first line

struct options {
    struct input_options input;
    bool once;
    uint64_t width, rows;
    const char *window, *field;
};

static const struct opt options_table[] = {
    OPT_FLAG("once", 0, struct options, once, "print text once, at the end of the input"),
    OPT_COUNT("width", 0, "N", struct options, width, 1,
              "columns of the text (default $COLUMNS, or 80)"),
    OPT_COUNT("rows", 0, "N", struct options, rows, 1,
              "list the newest N windows in the text (default 24)"),
    OPT_STRING("window", 'w', "WINDOW", struct options, window,
               "show windows of this size first, as in loginagg -w"),
    OPT_STRING("field", 'f', "FIELD", struct options, field,
               "split the bars by this field first, as in loginagg --count"),
};

static const struct opt_library libraries[] = {
    {"simdjson", json_version},
    {"ncurses", screen_version},
    {NULL, NULL},
};

// How many lines came in the last seconds.
struct rate {
    struct {
        int64_t at;
        uint64_t lines;
    } sample[RATE_SAMPLES];
    size_t count;
};

struct viewer {
    const struct options *options;
    struct model model;
    struct feed feed;
    struct choice choice;
    struct dashboard dashboard;
    struct canvas canvas;
    struct rate rate;
    uint64_t frames, lines_shown;
    int64_t shown_at;
    bool end_shown;
};

static double measure_rate(struct rate *r, int64_t now, uint64_t lines)
{
    if (r->count == 0 || now - r->sample[r->count - 1].at >= REFRESH_MS) {
        if (r->count == RATE_SAMPLES) {
            for (size_t i = 1; i < r->count; i++)
                r->sample[i - 1] = r->sample[i];
            r->count--;
        }
        r->sample[r->count].at = now;
        r->sample[r->count++].lines = lines;
    }
    int64_t ms = now - r->sample[0].at;
    return ms > 0 ? (double)(lines - r->sample[0].lines) * 1000 / (double)ms : 0;
}

// Returns why the input is not what it should be, or NULL.
static const char *failure(const struct viewer *v)
{
    if (v->feed.failed)
        return v->feed.err.text;
    return v->feed.ended && v->model.marks > 0 && !v->model.ended ? NO_END_MARK : NULL;
}

static void lay_out(struct viewer *v)
{
    v->dashboard.header.ended = v->feed.ended;
    v->dashboard.header.failure = failure(v);
    reject_table_sort(&v->model.rejects);
    dashboard_put(&v->canvas, &v->dashboard, &v->model, &v->choice);
}

// --- Text ---

static size_t text_width(const struct options *o)
{
    const char *columns = getenv("COLUMNS");
    uint64_t n;

    if (o->width > 0)
        n = o->width;
    else if (columns == NULL || number_parse(columns, 1000, &n) != 0 || n == 0)
        n = 80;
    return n < WIDTH_MAX ? n : WIDTH_MAX;
}

// Checks what was read. Returns the exit status, with a message.
static int judge(struct viewer *v)
{
    const struct choice *c = &v->choice;
    const struct series *s = model_series(&v->model, c->window);

    if (failure(v) != NULL) {
        log_error("%s", failure(v));
        return v->feed.failed ? v->feed.err.status : EX_TEMPFAIL;
    }
    if (c->window != NULL && s == NULL) {
        log_error("-w %s: no insight has such a window", c->window);
        return EX_DATAERR;
    }
    if (c->field != NULL && s != NULL &&
        series_subject(s, INSIGHT_COUNT, c->field) == s->subjects) {
        log_error("-f %s: no insight counts this field", c->field);
        return EX_DATAERR;
    }
    return EX_OK;
}

static int print_once(struct viewer *v)
{
    struct err err = v->feed.err;
    struct out out;

    feed_read_all(&v->feed);
    int status = judge(v);
    out_init(&out, STDOUT_FILENO, "stdout");
    v->dashboard.width = text_width(v->options);
    v->dashboard.windows = v->options->rows;
    lay_out(v);
    canvas_print(&v->canvas, &out.buf);
    if (out_flush(&out) != 0 || out_close(&out) != 0) {
        if (out.error == EPIPE)
            signals_die_of_pipe();
        out_error(&out, &err);
        log_error("%s", err.text);
        status = err.status;
    }
    out_release(&out);
    return status;
}

// --- Screen ---

// Draws a frame if something has changed, and the last one is old enough.
static void draw(struct viewer *v, struct screen *screen, bool is_touched)
{
    size_t width, height;
    int64_t now = time_monotonic();

    screen_size(screen, &width, &height);
    if (!v->choice.paused)
        feed_lock(&v->feed);
    bool has_news = v->model.lines != v->lines_shown || v->feed.ended != v->end_shown ||
                    width != v->dashboard.width || height != v->dashboard.height;
    bool is_due = is_touched || has_news || (!v->feed.ended && now - v->shown_at >= REFRESH_MS);
    if (is_due) {
        v->dashboard.width = width;
        v->dashboard.height = height;
        v->dashboard.header.rate = measure_rate(&v->rate, now, v->model.lines);
        v->lines_shown = v->model.lines;
        v->end_shown = v->feed.ended;
        lay_out(v);
    }
    if (!v->choice.paused)
        feed_unlock(&v->feed);
    if (is_due) {
        screen_draw(screen, &v->canvas);
        v->shown_at = now;
        v->frames++;
    }
}

// Takes all keys that were pressed. While the view is paused, it holds the lock, so that nothing is
// read and the user scrolls through what stands still. Returns whether there were any.
static bool take_keys(struct viewer *v, struct screen *screen, int timeout_ms)
{
    bool is_touched = false;
    int key = screen_wait_key(screen, timeout_ms);

    for (; key != SCREEN_NOTHING && !v->choice.quit; key = screen_wait_key(screen, 0)) {
        bool was_paused = v->choice.paused;
        if (key == ('L' & 0x1f))
            screen_forget(screen);
        if (!was_paused)
            feed_lock(&v->feed);
        is_touched = choice_key(&v->choice, &v->model, key) || is_touched;
        if (!v->choice.paused)
            feed_unlock(&v->feed);
    }
    return is_touched;
}

static int show(struct viewer *v, struct screen *screen)
{
    struct err err;
    int64_t start = time_monotonic();
    bool is_touched = true;

    if (feed_start(&v->feed, &err) != 0) {
        screen_close(screen);
        err_die(&err);
    }
    v->dashboard.has_colours = screen_has_colours(screen);
    while (!v->choice.quit && !signals_stopping()) {
        int64_t age = time_monotonic() - v->shown_at;
        if (v->frames == 0 || age >= FRAME_MS) {
            draw(v, screen, is_touched);
            is_touched = false;
            age = 0;
        }
        is_touched = take_keys(v, screen, (int)(FRAME_MS - age)) || is_touched;
    }
    if (v->choice.paused)
        feed_unlock(&v->feed);
    feed_stop(&v->feed);
    screen_close(screen);
    log_info("%llu lines and %llu frames in %.1f s", (unsigned long long)v->model.lines,
             (unsigned long long)v->frames, (double)(time_monotonic() - start) / 1000);
    if (v->feed.failed)
        log_error("%s", v->feed.err.text);
    return v->feed.failed ? v->feed.err.status : EX_OK;
}

// Whether the command before us has ended without a line. What it said about that is on the
// terminal, where a screen would hide it. So the screen waits for the first line, but not for long.
static bool ended_at_once(const struct options *o)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

    return o->input.file_count == 0 && poll(&in, 1, FIRST_LINE_MS) > 0 &&
           (in.revents & POLLHUP) != 0 && (in.revents & POLLIN) == 0;
}

// Returns the screen, or NULL if the output is text.
static struct screen *open_screen(const struct options *o)
{
    struct err err;

    if (o->once || !isatty(STDOUT_FILENO) || ended_at_once(o))
        return NULL;
    struct screen *screen = screen_open(&err);
    if (screen == NULL)
        log_warn("%s: the text comes at the end of the input, as with --once", err.text);
    return screen;
}

static int run(struct viewer *v)
{
    const struct series_limits limits = {.windows = WINDOWS_KEPT, .values = 100, .top = 20};
    struct err err;

    if (model_init(&v->model, &limits, &err) != 0)
        err_die(&err);
    feed_init(&v->feed, &v->options->input, &v->model);
    struct screen *screen = open_screen(v->options);
    int status = screen != NULL ? show(v, screen) : print_once(v);
    feed_release(&v->feed);
    model_release(&v->model);
    canvas_release(&v->canvas);
    return status;
}

// Checks that stdin, if it is read, has lines. The keys come from the terminal, so nothing else may
// read there; and if stdin is closed, the terminal would take its place.
static void check_stdin(const struct input_options *input)
{
    bool is_read = input->file_count == 0;

    for (size_t i = 0; i < input->file_count && !is_read; i++)
        is_read = strcmp(input->file[i], "-") == 0;
    if (is_read && isatty(STDIN_FILENO))
        opt_usage_error("stdin is a terminal: give a FILE, or kcat-in login-insights | loginview");
    if (is_read && fcntl(STDIN_FILENO, F_GETFD) < 0) {
        struct err err;
        err_set(&err, EX_IOERR, "stdin: %s", strerror(errno));
        err_die(&err);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.input = {.lines = true}, .rows = 24};
    const struct opt_group groups[] = {OPT_GROUP("View", options_table, &options)};
    const struct opt_program program = {
        "[OPTION]... [FILE]...", "Shows insights and rejects on a terminal.", groups, 1, libraries};
    struct err err;

    setlocale(LC_CTYPE, "");
    log_init(argv[0]);
    int first = opt_parse(&program, argc, argv);
    options.input.file = (const char *const *)argv + first;
    options.input.file_count = (size_t)(argc - first);
    if (input_options_check(&options.input, &err) != 0)
        opt_usage_error("%s", err.text);
    check_stdin(&options.input);
    signals_catch();
    struct viewer viewer = {
        .options = &options, .choice = CHOICE_INIT, .dashboard = {.utf8 = cells_have_utf8()}};
    viewer.choice.window = options.window;
    viewer.choice.field = options.field;
    int status = run(&viewer);
    input_options_release(&options.input);
    opt_release(&program);
    return status;
}
