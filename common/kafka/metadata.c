// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"

#define ANSWER_SLICE 200 // ms of waiting for the answer between looks at signals

// What the broker said about the one topic of the request.
static rd_kafka_resp_err_t result_of(rd_kafka_event_t *event, const char **why)
{
    const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **topics =
        result == NULL ? NULL : rd_kafka_CreateTopics_result_topics(result, &count);
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    *why = rd_kafka_event_error_string(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && count == 1) {
        code = rd_kafka_topic_result_error(topics[0]);
        *why = rd_kafka_topic_result_error_string(topics[0]);
    }
    return code;
}

static int judge(struct kafka *k, const char *topic, rd_kafka_resp_err_t code, const char *why,
                 struct err *err)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        log_info("topic %s: created", topic);
        return 0;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return 0;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        log_info("topic %s: the broker cannot be asked to create it, hoping for auto-creation",
                 topic);
        return 0;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return err_set(err, EX_UNAVAILABLE, "topic %s: not created within %llds", topic,
                       (long long)(k->wait / MS_SECOND));
    default:
        return err_set(err, kafka_error_status(code), "topic %s: cannot create it: %s", topic,
                       why == NULL ? rd_kafka_err2str(code) : why);
    }
}

// Waits for the answer to a request that has a deadline of its own. Returns NULL when told to stop.
static rd_kafka_event_t *await_answer(struct kafka *k, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;

    while (event == NULL && kafka_keep_trying(k, INT64_MAX)) {
        event = rd_kafka_queue_poll(queue, ANSWER_SLICE);
        rd_kafka_poll(k->rk, 0); // lets on_error() see why there is no answer
    }
    return event;
}

static rd_kafka_AdminOptions_t *options_new(const struct kafka *k, rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(k->rk, operation);
    char why[256];

    rd_kafka_AdminOptions_set_request_timeout(options, (int)(k->wait > MS_HOUR ? MS_HOUR : k->wait),
                                              why, sizeof why);
    return options;
}

static int request_topic(struct kafka *k, const char *topic, int partitions, int replication,
                         struct err *err)
{
    char why[256];
    const char *reason;
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, partitions, replication, why, sizeof why);

    if (wanted == NULL)
        return err_set(err, EX_USAGE, "topic %s: %s", topic, why);
    rd_kafka_AdminOptions_t *options = options_new(k, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
    rd_kafka_CreateTopics(k->rk, &wanted, 1, options, queue);
    rd_kafka_event_t *event = await_answer(k, queue);
    int status = kafka_check(k, err);
    if (status == 0 && event == NULL) {
        status = err_set(err, EX_TEMPFAIL, "topic %s: told to stop while creating it", topic);
    } else if (status == 0) {
        rd_kafka_resp_err_t code = result_of(event, &reason);
        status = judge(k, topic, code, reason, err);
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(wanted);
    return status;
}

int kafka_create_topic(struct kafka *k, const char *topic, int partitions, int replication,
                       struct err *err)
{
    if (k->has_controller)
        return request_topic(k, topic, partitions, replication, err);
    return judge(k, topic, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, NULL, err);
}

// The smallest max.message.bytes in an answer to DescribeConfigs.
static int64_t smallest_limit(rd_kafka_event_t *event)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0, entries;
    int64_t limit = INT64_MAX, n;

    if (result == NULL)
        return limit;
    const rd_kafka_ConfigResource_t **resource =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_ConfigEntry_t **entry =
            rd_kafka_ConfigResource_configs(resource[i], &entries);
        for (size_t j = 0; j < entries; j++) {
            const char *value = rd_kafka_ConfigEntry_value(entry[j]);
            if (strcmp(rd_kafka_ConfigEntry_name(entry[j]), "max.message.bytes") == 0 &&
                value != NULL && number_parse_int(value, &n) == 0 && n < limit)
                limit = n;
        }
    }
    return limit;
}

int64_t kafka_largest_batch(struct kafka *k, char *const *topics, size_t count)
{
    if (!k->has_controller)
        return INT64_MAX;
    rd_kafka_ConfigResource_t **resources = xcalloc(count, sizeof(rd_kafka_ConfigResource_t *));
    rd_kafka_AdminOptions_t *options = options_new(k, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
    int64_t limit = INT64_MAX;

    for (size_t i = 0; i < count; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_DescribeConfigs(k->rk, resources, count, options, queue);
    rd_kafka_event_t *event = await_answer(k, queue);
    if (event != NULL) {
        limit = smallest_limit(event);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(resources, count);
    free(resources);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return limit;
}
