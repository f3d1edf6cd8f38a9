// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/membership.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"

#define QUESTION_TIME 1000 // ms for one question; a broker that is down takes all of it
#define PAUSE 50           // ms between questions

// What the broker says about a member.
enum answer { ANSWER_OWNS, ANSWER_DIFFERS, ANSWER_NONE };

// An assignment in the format of Kafka's consumers (ConsumerProtocolAssignment.json in Kafka's
// source): a version, topics, and ids of partitions.
struct reader {
    const unsigned char *at, *end;
    bool failed; // it is too short
};

char *membership_text(rd_kafka_t *consumer)
{
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(consumer);
    struct buf text = BUF_INIT;
    void *bytes;
    size_t size;

    if (member == NULL)
        return NULL;
    rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(member, &bytes, &size);
    rd_kafka_consumer_group_metadata_destroy(member);
    if (error != NULL) {
        log_warn("membership: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
        return NULL;
    }
    buf_put_base64(&text, bytes, size);
    rd_kafka_mem_free(NULL, bytes);
    char *base64 = xstrndup(text.data, text.len);
    buf_release(&text);
    return base64;
}

rd_kafka_consumer_group_metadata_t *membership_read(const char *text)
{
    rd_kafka_consumer_group_metadata_t *member = NULL;
    struct buf bytes = BUF_INIT;

    if (buf_put_decoded(&bytes, text, strlen(text)) == 0 && bytes.len > 0) {
        rd_kafka_error_t *error =
            rd_kafka_consumer_group_metadata_read(&member, bytes.data, bytes.len);
        if (error != NULL) {
            log_debug("membership: %s", rd_kafka_error_string(error));
            rd_kafka_error_destroy(error);
        }
    }
    buf_release(&bytes);
    return member;
}

static int64_t take_number(struct reader *r, size_t width)
{
    int64_t value = 0;

    r->failed = r->failed || (size_t)(r->end - r->at) < width;
    for (size_t i = 0; i < width && !r->failed; i++)
        value = value << 8 | *r->at++;
    return value;
}

static void take_topic(struct reader *r, char name[INT16_MAX + 1])
{
    size_t len = (size_t)take_number(r, 2);

    r->failed = r->failed || len > INT16_MAX || (size_t)(r->end - r->at) < len;
    if (r->failed)
        return;
    memcpy(name, r->at, len);
    name[len] = '\0';
    r->at += len;
}

static bool is_assigned(const struct rd_kafka_group_member_info *member,
                        const rd_kafka_topic_partition_list_t *partitions)
{
    const unsigned char *bytes = member->member_assignment;
    struct reader r = {.at = bytes, .end = bytes + member->member_assignment_size};
    char topic[INT16_MAX + 1];
    int found = 0;

    if (member->member_assignment_size == 0)
        return partitions->cnt == 0;
    take_number(&r, 2);
    for (int64_t topics = take_number(&r, 4); topics > 0 && !r.failed; topics--) {
        take_topic(&r, topic);
        for (int64_t ids = take_number(&r, 4); ids > 0 && !r.failed; ids--) {
            int32_t id = (int32_t)take_number(&r, 4);
            if (rd_kafka_topic_partition_list_find(partitions, topic, id) == NULL)
                return false;
            found++;
        }
    }
    return !r.failed && found == partitions->cnt;
}

static enum answer judge(const struct rd_kafka_group_info *group, const char *id,
                         const rd_kafka_topic_partition_list_t *partitions)
{
    if (group->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return ANSWER_NONE;
    if (strcmp(group->state, "Stable") != 0)
        return ANSWER_DIFFERS;
    for (int i = 0; i < group->member_cnt; i++) {
        if (strcmp(group->members[i].member_id, id) == 0)
            return is_assigned(&group->members[i], partitions) ? ANSWER_OWNS : ANSWER_DIFFERS;
    }
    return ANSWER_DIFFERS;
}

// Asks all brokers, since there is no other request that survives a lost connection (librdkafka
// issues 3663 and 4605).
static enum answer ask(rd_kafka_t *consumer, const char *group,
                       const rd_kafka_topic_partition_list_t *partitions)
{
    const struct rd_kafka_group_list *list;
    rd_kafka_resp_err_t code = rd_kafka_list_groups(consumer, group, &list, QUESTION_TIME);
    enum answer answer = ANSWER_DIFFERS;

    if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) // a broker for tests, without transactions
        return ANSWER_OWNS;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PARTIAL) {
        log_debug("group %s: its members: %s", group, rd_kafka_err2str(code));
        return ANSWER_NONE;
    }
    char *id = rd_kafka_memberid(consumer);
    if (list->group_cnt > 0)
        answer = judge(&list->groups[0], id == NULL ? "" : id, partitions);
    else if (code == RD_KAFKA_RESP_ERR__PARTIAL)
        answer = ANSWER_NONE;
    if (id != NULL)
        rd_kafka_mem_free(consumer, id);
    rd_kafka_group_list_destroy(list);
    return answer;
}

int membership_confirm(rd_kafka_t *consumer, const char *group, const char *text,
                       const rd_kafka_topic_partition_list_t *partitions, int64_t wait_ms,
                       struct err *err)
{
    int64_t deadline = time_monotonic() + wait_ms;
    enum answer answer;

    while ((answer = ask(consumer, group, partitions)) == ANSWER_NONE &&
           time_monotonic() < deadline)
        poll(NULL, 0, PAUSE);
    if (answer == ANSWER_NONE)
        return err_set(err, EX_TEMPFAIL, "group %s: no broker says who its members are", group);
    char *now = membership_text(consumer);
    bool same = text != NULL && now != NULL && strcmp(text, now) == 0;
    free(now);
    return same && answer == ANSWER_OWNS;
}

bool membership_exists(rd_kafka_t *rk, const char *group)
{
    const struct rd_kafka_group_list *list;
    rd_kafka_resp_err_t code = rd_kafka_list_groups(rk, group, &list, QUESTION_TIME);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR__PARTIAL)
        return false;
    bool exists = list->group_cnt > 0 && list->groups[0].member_cnt > 0;
    rd_kafka_group_list_destroy(list);
    return exists;
}
