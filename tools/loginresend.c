// SPDX-License-Identifier: BSD-2-Clause
//
// loginresend: turns rejects back into the messages that were rejected, as envelopes, so that
// kcat-out can send them to where they came from. Headers count the attempts. A record that was
// rejected too often becomes a reject again, for a person to look at.

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "json/json.h"
#include "stream/envelope.h"
#include "stream/reject_read.h"
#include "stream/stream.h"

struct options {
    struct stream_options stream;
    uint64_t max_attempts;
    const char *topic;
};

struct resender {
    const struct options *options;
    struct reject_reader reader;
    struct json *json; // parses the record
    struct origin_header *header;
    size_t header_size;
    struct buf attempts, first; // the values of our headers
    struct buf envelope;
    struct buf field, detail; // of a reject that is made
};

static const struct opt options_table[] = {
    OPT_COUNT("max-attempts", 0, "N", struct options, max_attempts, 1,
              "give up a record that was rejected N times (default 5)"),
    OPT_STRING("topic", 0, "TOPIC", struct options, topic,
               "where records go whose reject names no topic"),
};

static bool is_ours(const struct origin_header *header)
{
    return bytes_are(header->name, header->name_len, ORIGIN_ATTEMPTS) ||
           bytes_are(header->name, header->name_len, ORIGIN_FIRST);
}

static void add_header(struct resender *r, size_t *count, const char *name, const struct buf *value)
{
    r->header[(*count)++] = (struct origin_header){
        .name = name, .name_len = strlen(name), .value = value->data, .value_len = value->len};
}

// Returns how often the record has been rejected. A reject without a count is the first one.
static int64_t attempts(const struct origin *o)
{
    return o->attempts > 0 ? o->attempts : 1;
}

// Replaces the headers in which attempts are counted.
static void count_attempt(struct resender *r, struct origin *o)
{
    size_t count = 0;

    if (r->header_size < o->header_count + 2) {
        r->header_size = o->header_count + 2;
        r->header = xreallocarray(r->header, r->header_size, sizeof *r->header);
    }
    for (size_t i = 0; i < o->header_count; i++) {
        if (!is_ours(&o->header[i]))
            r->header[count++] = o->header[i];
    }
    buf_clear(&r->attempts);
    buf_put_i64(&r->attempts, attempts(o));
    buf_clear(&r->first);
    time_format(&r->first, o->attempts > 0 ? o->first : time_now());
    add_header(r, &count, ORIGIN_ATTEMPTS, &r->attempts);
    add_header(r, &count, ORIGIN_FIRST, &r->first);
    o->header = r->header;
    o->header_count = count;
}

static int resend(struct resender *r, struct stream *s, const struct line *record)
{
    struct origin *o = record->origin;
    bool is_json = !o->tombstone && json_parse(r->json, record->data, record->len) == 0;

    o->known = true; // a message whose key and headers are not known is sent without them
    if (o->topic == NULL) {
        o->topic = r->options->topic;
        o->topic_len = strlen(o->topic);
        o->partition = ORIGIN_UNKNOWN;
        o->offset = ORIGIN_UNKNOWN;
    }
    count_attempt(r, o);
    buf_clear(&r->envelope);
    envelope_put(&r->envelope, o, record->data, record->len, is_json);
    return stream_emit(s, r->envelope.data, r->envelope.len);
}

static void put_text(struct buf *b, const char *before, const struct json_value *text)
{
    if (text->type != JSON_STRING)
        return;
    buf_puts(b, before);
    buf_append(b, text->string.data, text->string.len);
}

// Makes a reject of a record that is not sent. Its detail says what is wrong now, if there is a
// message, and then what the first reject has said.
static int reject_again(struct resender *r, struct stream *s, const char *reason,
                        const char *message)
{
    const struct reject_reader *reader = &r->reader;
    bool is_own = reader->stage.type == JSON_STRING &&
                  bytes_are(reader->stage.string.data, reader->stage.string.len, log_program());

    buf_clear(&r->field);
    buf_clear(&r->detail);
    if (message != NULL)
        buf_printf(&r->detail, "%s; ", message);
    put_text(&r->field, "", &reader->field);
    buf_putc(&r->field, '\0');
    if (is_own) {
        put_text(&r->detail, "", &reader->detail);
    } else {
        put_text(&r->detail, "", &reader->reason);
        put_text(&r->detail, " in ", &reader->stage);
        put_text(&r->detail, ": ", &reader->detail);
    }
    buf_putc(&r->detail, '\0');
    const struct reject reject = {reason, r->field.len > 1 ? r->field.data : NULL, r->detail.data};
    return stream_reject(s, &reject, &reader->record);
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct resender *r = ctx;
    const struct line *record = &r->reader.record;
    const char *what = reject_read(&r->reader, stream_json(s), line);

    if (what != NULL)
        return stream_reject(s, &(struct reject){REJECT_NOT_REJECT, NULL, what}, line);
    if (record->full_len > record->len)
        return reject_again(r, s, REJECT_TRUNCATED, NULL);
    if (record->origin->topic == NULL && r->options->topic == NULL)
        return reject_again(r, s, REJECT_NO_ORIGIN, NULL);
    if (attempts(record->origin) >= (int64_t)r->options->max_attempts)
        return reject_again(r, s, REJECT_GAVE_UP, NULL);
    return resend(r, s, record);
}

// A reject that the jq program cannot mend stays the reject of its record, so that another run can
// send the record back.
static int filter_failed(void *ctx, struct stream *s, const struct reject *why,
                         const struct line *line)
{
    struct resender *r = ctx;

    if (json_parse(r->json, line->data, line->len) != 0 ||
        reject_read(&r->reader, r->json, line) != NULL)
        return stream_reject(s, why, line);
    return reject_again(r, s, why->reason, why->detail);
}

static void release(struct resender *r)
{
    reject_reader_release(&r->reader);
    json_free(r->json);
    free(r->header);
    buf_release(&r->attempts);
    buf_release(&r->first);
    buf_release(&r->envelope);
    buf_release(&r->field);
    buf_release(&r->detail);
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {
        .parse = true, .takes_rejects = true, .record = record, .filter_failed = filter_failed};
    struct options options = {.stream = STREAM_OPTIONS_INIT, .max_attempts = 5};
    const struct opt_group groups[] = {
        OPT_GROUP("Sending back", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... < rejects",
                                        "Turns rejects back into messages, for kcat-out -J.",
                                        groups, sizeof groups / sizeof *groups, stream_libraries};
    struct resender resender = {.options = &options, .json = json_new()};

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; rejects come from stdin", argv[argc - 1]);
    if (options.topic != NULL && *options.topic == '\0')
        opt_usage_error("--topic: is empty");
    reject_reader_init(&resender.reader);
    int status = stream_run(&ops, &resender, &options.stream);
    release(&resender);
    opt_release(&program);
    return status;
}
