// SPDX-License-Identifier: BSD-2-Clause
#include "kafka_admin.h"

#include "datetime.h"
#include "log.h"

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

static int request(struct kafka *k, const char *topic, int partitions, int replication,
                   struct err *err)
{
    char why[256];
    const char *reason;
    int wait = k->wait > 60 * MS_MINUTE ? (int)(60 * MS_MINUTE) : (int)k->wait;
    rd_kafka_NewTopic_t *wanted =
        rd_kafka_NewTopic_new(topic, partitions, replication, why, sizeof why);

    if (wanted == NULL)
        return err_set(err, EX_USAGE, "topic %s: %s", topic, why);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(k->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, wait, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(k->rk);
    rd_kafka_CreateTopics(k->rk, &wanted, 1, options, queue);
    rd_kafka_event_t *event = NULL;
    // The request has the same deadline, so that there is an answer, or a reason to stop.
    while (event == NULL && kafka_keep_trying(k, INT64_MAX)) {
        event = rd_kafka_queue_poll(queue, ANSWER_SLICE);
        rd_kafka_poll(k->rk, 0); // lets on_error() see why there is no answer
    }
    int status = kafka_check(k, err);
    if (status == 0 && event == NULL)
        status = err_set(err, EX_TEMPFAIL, "topic %s: told to stop while creating it", topic);
    else if (status == 0) {
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
    bool controller;

    if (kafka_find_controller(k, &controller, err) != 0)
        return -1;
    if (controller)
        return request(k, topic, partitions, replication, err);
    return judge(k, topic, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, NULL, err);
}
