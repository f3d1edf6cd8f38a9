// SPDX-License-Identifier: BSD-2-Clause
//
// router: which topic a line goes to and with which message key, by what the line is.
//
// Routes are tried in the order given; the first whose key is at the top level of the line takes
// it, and lines that none takes go to the main topic, number 0. The message key is fixed, a field,
// or the output of a jq program; an insight that has none of these keeps its own "key".
//
//     struct router r;
//     router_init(&r, &options, &err);
//     json = router_needs_json(&r, line) ? stream_json(s) : NULL;
//     if (router_choose(&r, json, line, &to, &reject) == 0)
//         produce(topics[to.topic], line, to.key, to.key_len);
#ifndef STREAM_ROUTER_H
#define STREAM_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/filter.h"
#include "json/json.h"
#include "stream/reject.h"

#define ROUTER_TOPICS_MAX 33

struct router_options {
    const char *topic;
    struct opt_list routes;               // KEY=TOPIC
    const char *key, *key_field, *key_jq; // at most one is not NULL
};

struct router {
    const struct router_options *options;
    char *topic[ROUTER_TOPICS_MAX];        // by number
    size_t topic_field[ROUTER_TOPICS_MAX]; // of the routes: where in field
    size_t topic_count;
    size_t key_field, insight_field; // where in field
    struct json_key field[ROUTER_TOPICS_MAX + 2];
    size_t field_count;
    struct filter *key_filter;
    struct json *key_json;
    struct json_edit *edit;
};

struct router_destination {
    size_t topic;    // number
    const void *key; // NULL for none; dies with the line, the next call and the next json_parse()
    size_t key_len;
};

int router_init(struct router *r, const struct router_options *options, struct err *err);
void router_release(struct router *r);

// Whether the line has to be parsed to be routed.
bool router_needs_json(const struct router *r, const struct line *line);

// json is the line, parsed; NULL when that is not needed. Returns 0, or -1 with *why filled when
// the line has no usable key; its texts live until the next call.
int router_choose(struct router *r, const struct json *json, const struct line *line,
                  struct router_destination *to, struct reject *why);

// The topic for rejects of earlier stages.
size_t router_reject_topic(const struct router *r);

#endif
