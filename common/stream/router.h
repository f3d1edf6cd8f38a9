// SPDX-License-Identifier: BSD-2-Clause
//
// router: chooses the topic and the message key of each line from the line's content.
//
// Routes are tried in the order in which they were given. The first route whose KEY is a top-level
// key of the line decides the topic. A line that matches no route goes to the main topic, number 0.
// The message key is a fixed text, the value of a field, or the first output of a jq program. An
// insight uses its own "key" if no other kind of key is configured, or if it lacks the configured
// field.
//
// With own_topic, an envelope goes to the topic that it names, whatever its record is.
//
//     struct router_options options = {0}; // set by router_opts
//     struct router r;
//     router_options_check(&options, false, &err);
//     router_init(&r, &options, &err);
//     json = router_needs_json(&r, line) ? stream_json(s) : NULL;
//     if (router_choose(&r, json, line, &to, &reject) == 0)
//         produce(topics[to.topic], line, to.key, to.key_len);
#ifndef STREAM_ROUTER_H
#define STREAM_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/filter.h"
#include "json/json.h"
#include "stream/reject.h"

#define ROUTER_ROUTES_MAX 32
#define ROUTER_NAMED_MAX 256 // topics for own_topic
#define ROUTER_TOPICS_MAX (ROUTER_ROUTES_MAX + ROUTER_NAMED_MAX)

struct router_options {
    struct opt_list topics; // the last one is the main topic; only with own_topic are there others
    bool own_topic;
    struct opt_list routes;               // KEY=TOPIC
    const char *key, *key_field, *key_jq; // at most one of them; the others are NULL
};

// The option table for struct router_options.
extern const struct opt router_opts[];
extern const size_t router_opt_count;

// `enveloped` says whether lines are envelopes. Returns 0, or -1 with EX_USAGE in *err if no topic
// is given, or too many, or if the options do not go together.
int router_options_check(const struct router_options *options, bool enveloped, struct err *err);

// Returns whether the options say which message key a line has.
bool router_options_have_key(const struct router_options *options);

struct router {
    const struct router_options *options;
    char *topic[ROUTER_TOPICS_MAX]; // the main topic, others of -t, those of routes; each once
    size_t topic_count;
    size_t named_count; // the first topics: those of own_topic
    struct {
        size_t field, topic; // indexes of the key into field, and of the topic
    } route[ROUTER_ROUTES_MAX];
    size_t route_count;
    size_t key_field, insight_field; // indexes into field
    struct json_key field[ROUTER_ROUTES_MAX + 2];
    size_t field_count;
    struct filter *key_filter;
    struct filter_outputs key_outputs;
    struct json *key_json;
    struct json_edit *edit;
    uint64_t keyless; // lines without the field of the message key, or with null
    bool keyed;       // at least one line had the field
};

struct router_destination {
    size_t topic;    // an index into router.topic
    const void *key; // NULL for none; valid as long as the line, and until the next
                     // router_choose() or json_parse()
    size_t key_len;
};

// The options must outlive the router. Returns 0, or -1 with *err set; release it in both cases.
int router_init(struct router *r, const struct router_options *options, struct err *err);
void router_release(struct router *r);

// Returns whether router_choose() needs the parsed line.
bool router_needs_json(const struct router *r, const struct line *line);

// Chooses the destination of a line. `json` holds the parsed line; it may be NULL if
// router_needs_json() returned false. Returns 0, or -1 with *why set if the line has no usable key
// or topic; the strings in *why are valid until the next call.
int router_choose(struct router *r, const struct json *json, const struct line *line,
                  struct router_destination *to, struct reject *why);

// Warns if lines should have had the value of a field as their key, but none had the field.
// router_choose() does so after the first 1,000 lines. Call this at the end of the input.
void router_end(const struct router *r);

// Returns the topic for rejects of earlier stages, as an index into router.topic.
size_t router_reject_topic(const struct router *r);

#endif
