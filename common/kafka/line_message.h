// SPDX-License-Identifier: BSD-2-Clause
//
// line_message: which message does a line become? The router (stream/router.h) chooses its topic
// and, from the record, its key. This module adds what comes from the line or its envelope: the key
// before a separator (-K), the partition, the timestamp and the headers; and it says which lines
// are tombstones.
//
//     struct line_message m;
//     line_message_options_check(&options, &options.router, false, &err);
//     line_message_init(&m, &options, &options.router, &err);
//     ops.split = line_message_split, for -K; see stream_ops
//     ...
//     router_choose(&router, json, line, &to, &why);
//     struct outgoing o = {.topic = to.topic, .key = to.key, .key_len = to.key_len};
//     if (line_message_make(&m, &delivery, json, line, &o, &why) == 0)
//         delivery_produce(&delivery, &o);
//     line_message_release(&m);
#ifndef KAFKA_LINE_MESSAGE_H
#define KAFKA_LINE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/event_time.h"
#include "json/filter.h"
#include "json/json.h"
#include "kafka/delivery.h"
#include "kafka/line_pool.h"
#include "stream/header_list.h"
#include "stream/origin.h"
#include "stream/reject.h"
#include "stream/router.h"

struct line_message_options {
    const char *separator; // of key and value, as given, with escapes; NULL: lines have no key
    int32_t partition;     // of all messages; RD_KAFKA_PARTITION_UA: that of the key
    const char *time_field;
    enum time_unit time_unit;
    const char *header_jq;
    bool tombstones;         // -Z
    struct opt_list headers; // of all messages: NAME=VALUE or NAME
    bool moves_partition;    // the partition of an envelope does not matter
};

#define LINE_MESSAGE_OPTIONS_INIT                                                                  \
    {                                                                                              \
        .partition = RD_KAFKA_PARTITION_UA                                                         \
    }

// The option table for struct line_message_options.
extern const struct opt line_message_opts[];
extern const size_t line_message_opt_count;

// Returns 0, or -1 with EX_USAGE if the options do not go together, or not with those of the router
// and of envelopes (-J).
int line_message_options_check(const struct line_message_options *o,
                               const struct router_options *router, bool enveloped,
                               struct err *err);

struct line_message {
    const struct line_message_options *options;
    // The members below are private.
    bool has_key; // an option gives each message a key, besides -K
    struct buf separator;
    struct origin split; // the key of the line that was split last
    struct filter *header_filter;
    struct filter_outputs header_output;
    struct json *header_json;
    struct header_list headers;
    struct header_list all; // those of the envelope, then `headers`
    struct buf bytes;       // that `headers` borrows
    struct line tombstone;  // without data
    bool warned_of_null;
};

// The options must outlive it. Returns 0, or -1 with EX_USAGE; release it in both cases.
int line_message_init(struct line_message *m, const struct line_message_options *options,
                      const struct router_options *router, struct err *err);
void line_message_release(struct line_message *m);

// Takes a line KEY SEPARATOR VALUE apart, as kcat does. The key is that of record->origin. A line
// without the separator has no key. With -Z, an empty key is none, and an empty value is a
// tombstone, whose text is null.
void line_message_split(struct line_message *m, const struct line *line, struct line *record);

// Returns whether line_message_make() needs the parsed record.
bool line_message_needs_json(const struct line_message *m);

// Completes *o, which has the topic and the key that the router has chosen, and maybe the input; it
// borrows all but the headers. `json` holds the parsed record; it may be NULL if
// line_message_needs_json() returned false. Returns 0, or -1 with *why set.
int line_message_make(struct line_message *m, const struct delivery *d, const struct json *json,
                      const struct line *record, struct outgoing *o, struct reject *why);

// Fails with EX_CONFIG if one of the topics does not have the partition of -p.
int line_message_check_partition(const struct line_message *m, const struct producer *p,
                                 struct err *err);

#endif
