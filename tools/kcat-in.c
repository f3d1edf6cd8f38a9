// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-in: writes the records of Kafka topics to stdout as NDJSON, one value per line, or as text
// (kafka/format_options.h). It reads (kafka/reader.h) a fixed set of partitions, or shares the
// partitions with the other members of a group. The delivery guarantee (kafka/guarantee.h) decides
// which offsets it commits, and when.

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/rate.h"
#include "base/signals.h"
#include "kafka/acked.h"
#include "kafka/check.h"
#include "kafka/codec_settings.h"
#include "kafka/format_options.h"
#include "kafka/guarantee.h"
#include "kafka/inspect.h"
#include "kafka/partition_list.h"
#include "kafka/plain.h"
#include "kafka/reader.h"
#include "kafka/source_settings.h"
#include "kafka/transactional.h"
#include "stream/stream.h"

#define MARKS_DEFAULT 1000 // ms
#define MARKS_SHORTEST 100 // ms

struct options {
    struct stream_options stream;
    struct config_options kafka;
    struct check_options check;
    struct inspect_options inspect;
    struct format_options text;
    struct reader_options read;
    const char *partitions; // of -p
};

static int set_offset(void *options, const char *arg, struct err *err)
{
    return offset_spec_parse(arg, time_now(), &((struct options *)options)->read.range, err);
}

static int set_shard(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    if (partition_list_parse_shard(arg, &o->read.shard, &o->read.shards) != 0)
        return err_set(err, EX_USAGE, "'%s' is not I/N, such as 0/2 or 1/2", arg);
    return 0;
}

static int set_marks(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    o->read.source.marks.interval = MARKS_DEFAULT;
    if (arg == NULL || (duration_parse(arg, &o->read.source.marks.interval) == 0 &&
                        o->read.source.marks.interval >= MARKS_SHORTEST))
        return 0;
    return err_set(err, EX_USAGE, "'%s' is not a duration of 100ms or more", arg);
}

static int set_rate(void *options, const char *arg, struct err *err)
{
    return rate_parse(arg, &((struct options *)options)->read.rate, err);
}

static const struct opt options_table[] = {
    OPT_LIST("topic", 't', "TOPIC", struct options, read.topics,
             "a topic, or ^REGEX; also as operands"),
    OPT_STRING("group", 'G', "GROUP", struct options, read.group,
               "share the partitions in a consumer group, and commit"),
    OPT_STRING("partitions", 'p', "LIST", struct options, partitions,
               "only these partitions, such as 0,2-4"),
    OPT_CALL("shard", 0, "I/N", set_shard, "only share I of N, from 0, of each topic's partitions"),
    OPT_CALL("offset", 'o', "FROM[:TO]", set_offset,
             "beginning (default), end, stored, N, -N, @TIME or @AGO"),
    OPT_FLAG("exit", 'e', struct options, read.exit_at_end,
             "stop at the end offsets as they are at the start"),
    OPT_COUNT("count", 'c', "N", struct options, read.count, 1, "stop after N records"),
    OPT_CALL("marks", 0, "[=DUR]", set_marks, "write marks, by default every second"),
    OPT_STRING("acks", 0, "FIFO", struct options, read.source.acks,
               "commit marks that come back through FIFO; implies --marks"),
    OPT_CALL("rate", 0, "N[/s]", set_rate,
             "read at most N records a second; /m a minute, /h an hour"),
    OPT_CALL(NULL, 'C', NULL, opt_accept, "accepted, as in kcat: kcat-in always reads"),
    OPT_CALL(NULL, 'u', NULL, opt_accept,
             "accepted, as in kcat: output never waits for more records"),
};

// Returns whether values of any bytes and length are written, not only JSON.
static bool prints_any_bytes(const struct options *o)
{
    return format_options_wanted(&o->text) && !stream_options_have_filter(&o->stream);
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    static const struct reject reserved = {REJECT_RESERVED, "@mark", "only marks can have it"};
    struct reader *r = ctx;
    bool sealed = stream_input(s, line) != line; // in an envelope, which keeps it from being a mark

    if (r->source.guarantee->accepts != NULL && !sealed &&
        !r->source.guarantee->accepts(&r->source, stream_json(s)))
        return stream_reject(s, &reserved, line);
    mark_source_wrote(&r->source.marks, stream_input(s, line)->len + 1);
    return stream_emit(s, line->data, sealed ? line->len : reader_join_lines(r, line));
}

// The same for records that are printed as text.
static int print_record(void *ctx, struct stream *s, const struct line *line)
{
    struct reader *r = ctx;
    const struct options *o = r->ctx;
    const struct consumer *c = &r->source.consumer;
    const rd_kafka_message_t *message = consumer_message(c);
    const bool decoded = decoder_options_keys(&o->read.decode);
    struct format_record record = {.message = message,
                                   .key = {decoded ? line->origin->key : message->key,
                                           decoded ? line->origin->key_len : message->key_len},
                                   .value = {line->data, line->len}};
    struct buf *out = stream_emit_begin(s);
    size_t before = out->len;

    if (consumer_is_tombstone(c, line))
        record.value.data = NULL;
    format_put(&o->text.format, &record, out);
    r->batch += out->len - before;
    return stream_emit_text(s);
}

static const struct source_guarantee *choose_guarantee(const struct options *o)
{
    if (o->read.source.acks != NULL)
        return &acked_source;
    return o->read.source.marks.interval > 0 ? &transactional_source : &plain_source;
}

static void read_settings(struct options *o)
{
    struct err err;

    if (config_read(&o->kafka, RD_KAFKA_CONSUMER, &err) != 0 ||
        source_settings_apply(&o->kafka, &o->read.group, &o->read.range, &o->read.source, &err) !=
            0)
        err_die(&err);
    codec_settings_apply(&o->kafka, &o->read.decode.codec);
}

// Marks and rejects are lines of JSON, for which there is no place in text.
static void check_text_options(struct options *o)
{
    struct err err;

    if (o->stream.envelope)
        opt_usage_error("-J: cannot be combined with -f, -K, --key, -D and -O");
    if (o->read.source.marks.interval > 0)
        opt_usage_error("--marks, --acks: need JSON lines, without -f, -K, --key, -D, -O and -Z");
    if (o->stream.rejects != NULL && strcmp(o->stream.rejects, "-") == 0)
        opt_usage_error("--rejects: - needs JSON lines, without -f, -K, --key, -D, -O and -Z");
    if (format_options_build(&o->text, &err) != 0)
        opt_usage_error("%s", err.text);
}

// Checks the options against each other, and chooses the delivery guarantee.
static void check_options(struct options *o)
{
    struct err err;

    if (o->read.topics.count == 0 && !inspect_wanted(&o->inspect))
        opt_usage_error("no topic: give it as an operand or with -t");
    if (o->read.group == NULL && o->read.range.from.kind == OFFSET_STORED)
        opt_usage_error("-o: stored offsets need a group (-G)");
    if (o->partitions != NULL && o->read.shards > 0)
        opt_usage_error("-p, --shard: only one of them can be given");
    if (o->read.source.acks != NULL && o->read.group == NULL)
        opt_usage_error("--acks: needs a group (-G), for which offsets are committed");
    if (o->read.source.acks != NULL && o->read.source.marks.interval == 0)
        o->read.source.marks.interval = MARKS_DEFAULT;
    if (o->partitions != NULL &&
        (o->read.id_count = partition_list_parse(o->partitions, &o->read.ids)) < 0)
        opt_usage_error("-p: '%s' is not a list such as 0,2-4", o->partitions);
    if (strcmp(o->read.source.marks.time_field, "@mark") == 0)
        opt_usage_error("--time-field: @mark is reserved for marks");
    if (codec_options_check(&o->read.decode.codec, &err) != 0)
        opt_usage_error("%s", err.text);
    o->read.source.marks.live =
        !o->read.exit_at_end && o->read.count == 0 && o->read.range.to.kind == OFFSET_NONE;
    if (o->stream.envelope)
        o->text.null = false; // -Z: JSON has a null of its own
    o->read.decode.json = !o->stream.envelope && !prints_any_bytes(o);
    if (format_options_wanted(&o->text))
        check_text_options(o);
    o->read.decode.keys_unused = !o->stream.envelope && !format_has_key(&o->text.format);
    if (o->stream.max_line == 0)
        o->stream.max_line = prints_any_bytes(o) ? SIZE_MAX : LINE_MAX_DEFAULT;
    o->read.guarantee = choose_guarantee(o);
}

static int check(const struct options *o)
{
    struct check c = {.options = &o->check,
                      .config = &o->kafka,
                      .defaults = source_defaults,
                      .right = "READ",
                      .group = o->read.group,
                      .ahead = o->read.source.marks.ahead};

    codec_check(&o->read.decode.codec, &c.report);
    return check_topics(&c, o->read.topics.item, o->read.topics.count);
}

static int inspect(const struct options *o)
{
    const struct inspect in = {.options = &o->inspect,
                               .config = &o->kafka,
                               .names = &o->read.topics,
                               .group = o->read.group,
                               .json = o->stream.envelope};
    struct err err;

    if (inspect_check(&in, &err) != 0)
        opt_usage_error("%s", err.text);
    return inspect_run(&in);
}

// Does what the options ask for, and returns the exit status.
static int run(const struct options *o, const struct stream_ops *ops, struct reader *reader)
{
    if (o->check.wanted)
        return check(o);
    return inspect_wanted(&o->inspect) ? inspect(o) : stream_run(ops, reader, &o->stream);
}

int main(int argc, char **argv)
{
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = CONFIG_OPTIONS_INIT,
                              .read.source.marks = MARK_SOURCE_OPTIONS_INIT};
    const struct opt_group groups[] = {
        OPT_GROUP("Reading", options_table, &options),
        {"Text instead of JSON lines, as in kcat", format_opts, format_opt_count, &options.text},
        {"Watermark", mark_source_opts, mark_source_opt_count, &options.read.source.marks},
        {"Kafka", config_opts, config_opt_count, &options.kafka},
        {"Checks", check_opts, check_opt_count, &options.check},
        {"Metadata", inspect_opts, inspect_opt_count, &options.inspect},
        {"Schema Registry", decoder_opts, decoder_opt_count, &options.read.decode},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... TOPIC...",
                                        "Writes the records of Kafka topics as NDJSON.", groups,
                                        sizeof groups / sizeof *groups, config_libraries};
    struct reader reader = {.options = &options.read, .kafka = &options.kafka, .ctx = &options};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    options.stream.max_line = 0; // not given
    for (int i = opt_parse(&program, argc, argv); i < argc; i++)
        opt_list_add(&options.read.topics, argv[i]);
    read_settings(&options);
    config_show(&options.kafka, source_defaults);
    check_options(&options);
    reader.max_line = options.stream.max_line;
    struct stream_ops ops = reader_stream_ops(&options.read);
    ops.parse = !prints_any_bytes(&options);
    ops.record = format_options_wanted(&options.text) ? print_record : record;
    int status = run(&options, &ops, &reader);
    reader_release(&reader);
    free(options.read.ids);
    format_options_release(&options.text);
    config_release(&options.kafka);
    opt_release(&program);
    return status;
}
