// SPDX-License-Identifier: BSD-2-Clause
//
// loginmarks: shows, checks or strips the marks of a stream. It is used to look into a pipe, and to
// get plain records out of one.

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "json/json_write.h"
#include "stream/mark.h"
#include "stream/mark_text.h"
#include "stream/stream.h"

struct options {
    bool check, json, strip;
};

struct viewer {
    const struct options *options;
    uint64_t records, marks; // read so far
    uint64_t shown;          // records before the last mark that was shown
};

static const struct opt options_table[] = {
    OPT_FLAG("check", 0, struct options, check,
             "print nothing; the exit status says whether the marks are in order"),
    OPT_FLAG("json", 0, struct options, json, "show each mark as a JSON object"),
    OPT_FLAG("strip", 0, struct options, strip, "write all lines but the marks"),
};

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct viewer *v = ctx;

    v->records++;
    if (v->options->strip)
        return stream_emit(s, line->data, line->len);
    stream_drop(s);
    return 0;
}

// Treats a reject of an earlier stage like a record.
static int pass(void *ctx, struct stream *s, const struct line *line)
{
    struct viewer *v = ctx;

    v->records++;
    return v->options->strip ? stream_write(s, line->data, line->len) : 0;
}

static void put_word(struct buf *b, const char *name, const char *text)
{
    if (text != NULL)
        buf_printf(b, "  %s %s", name, text);
}

// Appends the mark as words, for people.
static void show_as_text(struct viewer *v, const struct mark *m, struct buf *b)
{
    buf_printf(b, "%-5s %" PRIu64, mark_kind_name(m->kind), m->seq);
    if (m->kind == MARK_HELLO)
        put_word(b, "run", m->run);
    else
        buf_printf(b, "  +%" PRIu64, v->records - v->shown);
    put_word(b, "group", m->group);
    put_word(b, "shard", m->shard);
    for (size_t i = 0; i < m->at_count; i++)
        buf_printf(b, "  %s[%d]=%lld", m->at[i].topic, (int)m->at[i].partition,
                   (long long)m->at[i].offset);
    if (m->has_watermark) {
        buf_puts(b, "  watermark ");
        time_format(b, m->watermark);
    }
    if (m->has_committed)
        buf_printf(b, "  committed %" PRIu64, m->committed);
    if (m->now || m->stop)
        buf_puts(b, m->now ? "  now" : "  stop");
}

// Writes the mark as it was read, with the number of its line and the number of records before it.
// The object must not begin like a mark, so its first member is renamed.
static void show_as_json(const struct viewer *v, const struct line *line, struct buf *b)
{
    static const char prefix[] = "{\"@mark\"";

    buf_putc(b, '{');
    json_put_member_u64(b, "line", v->records + v->marks);
    json_put_member_u64(b, "records", v->records);
    buf_puts(b, ",\"mark\"");
    buf_append(b, line->data + sizeof prefix - 1, line->len - (sizeof prefix - 1));
}

static int mark(void *ctx, struct stream *s, const struct mark *m, const struct line *line)
{
    struct viewer *v = ctx;

    v->marks++;
    if (v->options->check || v->options->strip)
        return 0;
    struct buf *b = stream_emit_begin(s);
    if (v->options->json)
        show_as_json(v, line, b);
    else
        show_as_text(v, m, b);
    v->shown = v->records;
    return stream_emit_made(s);
}

static int end(void *ctx, struct stream *s)
{
    struct viewer *v = ctx;

    if (v->options->check && !stream_has_marks(s))
        return stream_fail(s, EX_DATAERR, "stdin: has no marks");
    return 0;
}

int main(int argc, char **argv)
{
    // It is a sink because its output is not a stream: the driver must not write the marks.
    static const struct stream_ops ops = {
        .sink = true, .record = record, .pass = pass, .mark = mark, .end = end};
    static const struct stream_options stream = STREAM_OPTIONS_INIT;
    struct options options = {0};
    const struct opt_group groups[] = {OPT_GROUP("Options", options_table, &options)};
    const struct opt_program program = {"[--check | --json | --strip] < lines",
                                        "Shows, checks or strips the marks of a stream.", groups, 1,
                                        stream_libraries};
    struct viewer viewer = {.options = &options};

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; lines come from stdin", argv[argc - 1]);
    if (options.check + options.json + options.strip > 1)
        opt_usage_error("--check, --json, --strip: only one of them can be given");
    int status = stream_run(&ops, &viewer, &stream);
    opt_release(&program);
    return status;
}
