// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/time_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "json/sheet.h"
#include "kafka/cluster.h"
#include "kafka/offset_spec.h"
#include "kafka/offsets_find.h"

#define RETRY_PAUSE 200 // ms

// --- Questions ---

// Parses a time as after -o @, or -2 and -1 as in kcat: the beginning and the end.
static int parse_time(const char *text, int64_t now, int64_t *time)
{
    if (strcmp(text, "beginning") == 0 || strcmp(text, "-2") == 0)
        *time = OFFSETS_FIND_BEGINNING;
    else if (strcmp(text, "end") == 0 || strcmp(text, "-1") == 0)
        *time = OFFSETS_FIND_END;
    else
        return offset_spec_parse_time(text[0] == '@' ? text + 1 : text, now, time);
    return 0;
}

int time_query_add(struct time_query *q, const char *text, int64_t now, struct err *err)
{
    const char *colon = strchr(text, ':');
    const char *second = colon == NULL ? NULL : strchr(colon + 1, ':');
    struct time_question question = {.offset = -1};
    int64_t partition = -1;

    if (second != NULL && colon != text && text[0] != '^') {
        char *number = xstrndup(colon + 1, (size_t)(second - colon - 1));
        if (number_parse_int(number, &partition) != 0 || partition > INT32_MAX)
            partition = -1;
        free(number);
    }
    if (partition < 0 || parse_time(second + 1, now, &question.time) != 0)
        return err_set(err, EX_USAGE,
                       "-Q: '%s' is not TOPIC:PARTITION:TIME, such as user-login:0:1h", text);
    question.topic = xstrndup(text, (size_t)(colon - text));
    question.partition = (int32_t)partition;
    question.at_end = question.time == OFFSETS_FIND_END;
    q->questions = xreallocarray(q->questions, q->count + 1, sizeof *q->questions);
    q->questions[q->count++] = question;
    return 0;
}

void time_query_release(struct time_query *q)
{
    for (size_t i = 0; i < q->count; i++)
        free(q->questions[i].topic);
    free(q->questions);
}

static int compare(const void *a, const void *b)
{
    const struct time_question *left = a, *right = b;
    const int order = strcmp(left->topic, right->topic);

    if (order != 0)
        return order;
    if (left->partition != right->partition)
        return left->partition < right->partition ? -1 : 1;
    return (left->time > right->time) - (left->time < right->time);
}

// --- Answers ---

static void report(struct time_query *q, const struct err *err)
{
    log_error("%s", err->text);
    if (q->status == EX_OK)
        q->status = err->status;
}

// Reads about the topics of the questions, which are sorted by topic.
static int read_cluster(const struct time_query *q, struct client *client, struct cluster *cluster,
                        struct err *err)
{
    struct opt_list topics = {0};

    for (size_t i = 0; i < q->count; i++) {
        if (i == 0 || strcmp(q->questions[i].topic, q->questions[i - 1].topic) != 0)
            opt_list_add(&topics, q->questions[i].topic);
    }
    const int status = cluster_read(cluster, client, &topics, err);
    opt_list_release(&topics);
    return status;
}

// Gives up a question about a partition that does not exist. The cluster has reported a topic that
// does not exist.
static void check_partition(struct time_query *q, struct time_question *question,
                            const struct cluster *cluster)
{
    const struct cluster_topic *topic = cluster_find_topic(cluster, question->topic);
    struct err err;

    if (topic != NULL && (size_t)question->partition < topic->count)
        return;
    question->done = true;
    if (topic == NULL)
        return;
    err_set(&err, EX_UNAVAILABLE, "topic %s [%d]: does not exist; the topic has %zu partition%s",
            question->topic, (int)question->partition, topic->count, topic->count == 1 ? "" : "s");
    report(q, &err);
}

// Returns the next question that is not done, from `at` on, or NULL. Of the questions about one
// partition, only the first one counts.
static struct time_question *next_open(const struct time_query *q, size_t *at)
{
    for (; *at < q->count; ++*at) {
        struct time_question *this = &q->questions[*at];
        if (this->done)
            continue;
        do {
            ++*at;
        } while (*at < q->count && q->questions[*at].partition == this->partition &&
                 strcmp(q->questions[*at].topic, this->topic) == 0);
        return this;
    }
    return NULL;
}

// Takes an answer, unless it is an error that may pass until the deadline.
static void take(struct time_query *q, struct time_question *question, struct client *client,
                 const rd_kafka_topic_partition_t *answer, bool last)
{
    const struct client_needs needs = client_needs_topic(client, question->topic);
    struct err err;

    if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset < 0 && !question->at_end) {
        question->at_end = true; // so the next round asks for the end
        return;
    }
    if (answer->err != RD_KAFKA_RESP_ERR_NO_ERROR && !client_is_refused(answer->err) && !last)
        return;
    question->done = true;
    question->offset = answer->offset;
    if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    question->offset = -1;
    client_error(&err, &needs, answer->err, EX_UNAVAILABLE, "topic %s [%d]: its offsets",
                 question->topic, (int)question->partition);
    report(q, &err);
}

// Asks one question about each partition. Returns whether there was one to ask.
static bool ask_round(struct time_query *q, struct client *client, int64_t deadline)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    struct time_question *question;
    size_t at = 0;
    bool failed = false;

    while ((question = next_open(q, &at)) != NULL)
        rd_kafka_topic_partition_list_add(list, question->topic, question->partition)->offset =
            question->at_end ? OFFSETS_FIND_END : question->time;
    const bool asked = list->cnt > 0;
    offsets_find(client, list);
    const bool last = !client_keep_trying(client, deadline);
    at = 0;
    for (int i = 0; (question = next_open(q, &at)) != NULL; i++) {
        failed = failed || list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR;
        take(q, question, client, &list->elems[i], last);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (failed && !last)
        rd_kafka_poll(client->rk, RETRY_PAUSE);
    return asked;
}

int time_query_run(struct time_query *q, struct client *client, struct err *err)
{
    const int64_t deadline = time_monotonic() + client->wait;
    struct cluster cluster;

    qsort(q->questions, q->count, sizeof *q->questions, compare);
    const int status = read_cluster(q, client, &cluster, err);
    if (status == 0) {
        q->status = cluster.status;
        for (size_t i = 0; i < q->count; i++)
            check_partition(q, &q->questions[i], &cluster);
        while (ask_round(q, client, deadline))
            ;
    }
    cluster_release(&cluster);
    return status == 0 ? client_check(client, err) : status;
}

// --- Printing ---

static void put_json(const struct time_query *q, struct buf *out)
{
    static const char *const columns[] = {"topic", "partition", "ts", "offset", "end", NULL};
    struct sheet s;

    sheet_init(&s, "offset", columns, true);
    for (size_t i = 0; i < q->count; i++) {
        const struct time_question *question = &q->questions[i];
        if (question->offset < 0)
            continue;
        sheet_text(&s, question->topic);
        sheet_int(&s, question->partition);
        if (question->time >= 0)
            sheet_int(&s, question->time);
        else
            sheet_none(&s);
        sheet_int(&s, question->offset);
        sheet_flag(&s, question->at_end);
    }
    sheet_print(&s, out);
    sheet_release(&s);
}

void time_query_put(const struct time_query *q, bool json, struct buf *out)
{
    if (json) {
        put_json(q, out);
        return;
    }
    for (size_t i = 0; i < q->count; i++) {
        const struct time_question *question = &q->questions[i];
        if (question->offset >= 0)
            buf_printf(out, "%s [%d] offset %lld\n", question->topic, (int)question->partition,
                       (long long)question->offset);
    }
}
