// SPDX-License-Identifier: BSD-2-Clause
//
// loginreport: shows insights and rejects as one HTML page, which needs nothing else.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/out.h"
#include "base/signals.h"
#include "json/json.h"
#include "view/model.h"
#include "view/page.h"

struct options {
    struct page_options page;
    uint64_t windows;
};

static const struct opt options_table[] = {
    OPT_STRING("title", 0, "TEXT", struct options, page.title,
               "the title of the page (default: Logins)"),
    OPT_STRING("window", 'w', "WINDOW", struct options, page.window,
               "the windows to show, as in loginagg (default: the shortest)"),
    OPT_COUNT("max-windows", 0, "N", struct options, windows, 1,
              "show the last N windows (default: 10k)"),
};

static const struct opt_library libraries[] = {{"simdjson", json_version}, {NULL, NULL}};

// Reads all lines of a descriptor.
static int read_lines(struct model *m, int fd, const char *name, struct err *err)
{
    struct line_reader r;
    struct line line;
    int status = 0;

    line_reader_init(&r, fd, LINE_MAX_DEFAULT);
    do {
        while (line_next(&r, &line))
            model_take(m, &line);
        if (!r.eof && line_fill(&r) < 0 && errno != EINTR)
            status = err_set(err, EX_IOERR, "%s: %s", name, strerror(errno));
    } while (!r.eof && status == 0);
    while (status == 0 && line_next(&r, &line)) // the last one, without a newline
        model_take(m, &line);
    line_reader_release(&r);
    return status;
}

static int read_file(struct model *m, const char *file, struct err *err)
{
    if (strcmp(file, "-") == 0)
        return read_lines(m, STDIN_FILENO, "stdin", err);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, EX_IOERR, "%s: %s", file, strerror(errno));
    int status = read_lines(m, fd, file, err);
    close(fd);
    return status;
}

// Writes the page. If its reader goes away early, the process ends by SIGPIPE, like any filter.
static int write_page(struct model *m, const struct page_options *options, struct err *err)
{
    struct out out;
    int status = 0;

    out_init(&out, STDOUT_FILENO, "stdout");
    page_put(&out.buf, m, options);
    if (out_close(&out) != 0)
        status = out_error(&out, err);
    out_release(&out);
    if (out.error == EPIPE)
        signals_die_of_pipe();
    return status;
}

static int report(struct model *m, const struct options *options, char **files, struct err *err)
{
    int status = files[0] == NULL ? read_file(m, "-", err) : 0;

    for (; *files != NULL && status == 0; files++)
        status = read_file(m, *files, err);
    if (status == 0 && options->page.window != NULL &&
        model_series(m, options->page.window) == NULL)
        status =
            err_set(err, EX_DATAERR, "-w %s: no insight has such a window", options->page.window);
    if (status == 0)
        status = write_page(m, &options->page, err);
    if (status == 0 && m->marks > 0 && !m->ended)
        status = err_set(err, EX_TEMPFAIL, "the input ended without an end mark");
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {.page = {.title = "Logins"}, .windows = 10000};
    const struct opt_group groups[] = {OPT_GROUP("Options", options_table, &options)};
    const struct opt_program program = {"[OPTION]... [FILE]... > report.html",
                                        "Shows insights and rejects as one HTML page.", groups, 1,
                                        libraries};
    struct series_limits limits = MODEL_LIMITS_INIT;
    struct model m;
    struct err err;

    log_init(argv[0]);
    int first = opt_parse(&program, argc, argv);
    if (!json_utf8_valid(options.page.title, strlen(options.page.title)))
        opt_usage_error("--title: is not UTF-8");
    signals_catch(); // the first Ctrl-C ends the source; what it has written is shown
    limits.windows = options.windows;
    if (model_init(&m, &limits, &err) != 0)
        err_die(&err);
    int status = report(&m, &options, argv + first, &err);
    model_release(&m);
    opt_release(&program);
    if (status != 0)
        err_die(&err);
    return EX_OK;
}
