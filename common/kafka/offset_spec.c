// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/offset_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"

#define REQUEST_TIME 5000 // ms for one request

int offset_spec_parse_time(const char *text, int64_t now, int64_t *ms)
{
    int64_t ago;

    if (number_parse_int(text, ms) == 0 && *ms >= 0)
        return 0;
    if (time_parse(text, strlen(text), ms) == 0)
        return 0;
    if (duration_parse(text, &ago) != 0)
        return -1;
    *ms = now - ago;
    return 0;
}

static int parse_point(const char *text, int64_t now, struct offset_point *point)
{
    static const struct {
        const char *name;
        enum offset_kind kind;
    } words[] = {{"beginning", OFFSET_BEGINNING}, {"end", OFFSET_END}, {"stored", OFFSET_STORED}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].name) == 0) {
            *point = (struct offset_point){words[i].kind, 0};
            return 0;
        }
    }
    if (*text == '@') {
        point->kind = OFFSET_TIME;
        return offset_spec_parse_time(text + 1, now, &point->value);
    }
    if (number_parse_int(text, &point->value) != 0 || point->value == INT64_MIN)
        return -1;
    point->kind = OFFSET_AT;
    if (*text == '-') {
        point->kind = OFFSET_TAIL;
        point->value = -point->value;
    }
    return 0;
}

// Parses the end of a range. If the range starts with a time, a number or a date without @ is a
// time too, as in @t1:t2.
static int parse_end(const char *text, int64_t now, enum offset_kind from,
                     struct offset_point *point)
{
    if (parse_point(text, now, point) == 0 && (from != OFFSET_TIME || point->kind != OFFSET_AT))
        return 0;
    point->kind = OFFSET_TIME;
    return from == OFFSET_TIME ? offset_spec_parse_time(text, now, &point->value) : -1;
}

// Parses FROM:TO. Times contain colons too, so the separator is the first colon with a valid point
// on each side.
static int parse_range(const char *text, int64_t now, struct offset_range *range)
{
    for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        struct offset_range found = {{OFFSET_NONE, 0}, {OFFSET_NONE, 0}};
        char *left = xstrndup(text, (size_t)(colon - text));
        bool ok =
            (*left == '\0' || parse_point(left, now, &found.from) == 0) &&
            (colon[1] == '\0' || parse_end(colon + 1, now, found.from.kind, &found.to) == 0) &&
            text[1] != '\0';
        free(left);
        if (ok) {
            *range = found;
            return 0;
        }
    }
    return -1;
}

int offset_spec_parse(const char *text, int64_t now, struct offset_range *range, struct err *err)
{
    struct offset_point point;

    if ((text[0] == 's' || text[0] == 'e') && text[1] == '@') {
        if (parse_point(text + 1, now, text[0] == 's' ? &range->from : &range->to) == 0)
            return 0;
    } else if (parse_point(text, now, &point) == 0) {
        *range = (struct offset_range){point, {OFFSET_NONE, 0}};
        return 0;
    } else if (parse_range(text, now, range) == 0) {
        if (range->to.kind != OFFSET_STORED)
            return 0;
        return err_set(err, EX_USAGE, "'%s': cannot end at stored", text);
    }
    return err_set(err, EX_USAGE,
                   "'%s' is not an offset: beginning, end, stored, N, -N, @TIME or FROM:TO", text);
}

static rd_kafka_resp_err_t find_time(struct client *client, const char *topic, int32_t partition,
                                     int64_t ms, int64_t high, int64_t *offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, topic, partition);

    entry->offset = ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client->rk, list, REQUEST_TIME);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = entry->err;
    // A negative offset means that there is no record at or after this time.
    *offset = entry->offset < 0 ? high : entry->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static rd_kafka_resp_err_t resolve_once(struct client *client, const char *topic, int32_t partition,
                                        struct offset_point point, int64_t *offset)
{
    int64_t low, high;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(client->rk, topic, partition, &low, &high, REQUEST_TIME);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return code;
    switch (point.kind) {
    case OFFSET_END:
        *offset = high;
        break;
    case OFFSET_AT:
        *offset = point.value;
        break;
    case OFFSET_TAIL:
        *offset = high - point.value;
        break;
    case OFFSET_TIME:
        code = find_time(client, topic, partition, point.value, high, offset);
        break;
    case OFFSET_BEGINNING:
    case OFFSET_STORED:
    case OFFSET_REFUSED:
    case OFFSET_NONE:
        *offset = low;
        break;
    }
    if (*offset < low)
        *offset = low;
    return code;
}

int offset_spec_resolve(struct client *client, const char *topic, int32_t partition,
                        struct offset_point point, int64_t *offset, struct err *err)
{
    int64_t deadline = time_monotonic() + client->wait;
    rd_kafka_resp_err_t code;

    do {
        code = resolve_once(client, topic, partition, point, offset);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return 0;
        log_debug("topic %s [%d]: %s; asking again", topic, (int)partition, rd_kafka_err2str(code));
    } while (!client_is_refused(code) && client_keep_trying(client, deadline));
    if (client_check(client, err) != 0)
        return -1;
    const struct client_needs needs = client_needs_topic(client, topic);
    return client_error(err, &needs, code, EX_UNAVAILABLE, "topic %s [%d]: its offsets", topic,
                        (int)partition);
}
