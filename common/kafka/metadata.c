// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/metadata.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/xalloc.h"

#define ANSWER_SLICE 200   // ms between checks for signals while waiting for an answer
#define RETRY_PAUSE 200    // ms between checks for a missing topic
#define FIRST_TIME 250     // ms for the first request; twice as long for each further one
#define METADATA_TIME 2000 // ms for one request about one topic
#define ALL_METADATA_TIME 10000
#define ELECTION_TIME 1000 // ms for which a cluster may be without a controller

// The broker's answer about the one topic of the request.
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

static int judge(struct client *client, const char *topic, rd_kafka_resp_err_t code,
                 const char *why, struct err *err)
{
    const struct client_needs needs = {.right = "CREATE", .topics = topic};

    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        log_info("topic %s: created", topic);
        return 0;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return 0;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
        log_info("topic %s: the broker has no CreateTopics request; relying on auto-creation",
                 topic);
        return 0;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
        return err_set(err, EX_UNAVAILABLE, "topic %s: not created within %llds", topic,
                       (long long)(client->wait / MS_SECOND));
    default:
        if (client_is_refused(code) || why == NULL)
            return client_error(err, &needs, code, EX_TEMPFAIL, "topic %s: cannot create it",
                                topic);
        return err_set(err, client_error_status(code), "topic %s: cannot create it: %s", topic,
                       why);
    }
}

// Waits for the answer to a request. The request has its own deadline. Returns NULL when the
// process was asked to stop.
static rd_kafka_event_t *await_answer(struct client *client, rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = NULL;

    while (event == NULL && client_keep_trying(client, INT64_MAX)) {
        event = rd_kafka_queue_poll(queue, ANSWER_SLICE);
        rd_kafka_poll(client->rk, 0); // serves the error callback
    }
    return event;
}

static rd_kafka_AdminOptions_t *options_new(const struct client *client,
                                            rd_kafka_admin_op_t operation)
{
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client->rk, operation);
    char why[256];

    rd_kafka_AdminOptions_set_request_timeout(
        options, (int)(client->wait > MS_HOUR ? MS_HOUR : client->wait), why, sizeof why);
    return options;
}

static int request_topic(struct client *client, const char *topic,
                         const struct new_topic_options *how, struct err *err)
{
    const char *reason;
    rd_kafka_NewTopic_t *wanted = new_topic_make(how, topic, err);

    if (wanted == NULL)
        return -1;
    rd_kafka_AdminOptions_t *options = options_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);
    rd_kafka_CreateTopics(client->rk, &wanted, 1, options, queue);
    rd_kafka_event_t *event = await_answer(client, queue);
    int status = client_check(client, err);
    if (status == 0 && event == NULL) {
        status = err_set(err, EX_TEMPFAIL, "topic %s: stopped while creating it", topic);
    } else if (status == 0) {
        rd_kafka_resp_err_t code = result_of(event, &reason);
        status = judge(client, topic, code, reason, err);
    }
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_NewTopic_destroy(wanted);
    return status;
}

int metadata_create_topic(struct client *client, const char *topic,
                          const struct new_topic_options *options, struct err *err)
{
    if (client->has_controller)
        return request_topic(client, topic, options, err);
    return judge(client, topic, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, NULL, err);
}

// Passes on each setting in an answer to DescribeConfigs.
static void pass_settings(rd_kafka_event_t *event, metadata_setting_fn *setting, void *ctx)
{
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    size_t count = 0, entries;

    if (result == NULL)
        return;
    const rd_kafka_ConfigResource_t **resource =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_ConfigEntry_t **entry =
            rd_kafka_ConfigResource_configs(resource[i], &entries);
        for (size_t j = 0; j < entries; j++) {
            const char *value = rd_kafka_ConfigEntry_value(entry[j]);
            if (value != NULL)
                setting(ctx, rd_kafka_ConfigResource_name(resource[i]),
                        rd_kafka_ConfigEntry_name(entry[j]), value);
        }
    }
}

void metadata_describe_topics(struct client *client, char *const *topics, size_t count,
                              metadata_setting_fn *setting, void *ctx)
{
    if (!client->has_controller)
        return;
    rd_kafka_ConfigResource_t **resources = xcalloc(count, sizeof(rd_kafka_ConfigResource_t *));
    rd_kafka_AdminOptions_t *options = options_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client->rk);

    for (size_t i = 0; i < count; i++)
        resources[i] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    rd_kafka_DescribeConfigs(client->rk, resources, count, options, queue);
    rd_kafka_event_t *event = await_answer(client, queue);
    if (event != NULL) {
        pass_settings(event, setting, ctx);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(resources, count);
    free(resources);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
}

// How long one request may take. The first ones are short, since a refused login or a wrong
// listener is only noticed between requests.
static int request_time(int attempt)
{
    int time = FIRST_TIME << (attempt < 6 ? attempt : 6);

    return time < METADATA_TIME ? time : METADATA_TIME;
}

static int remaining(int64_t deadline, int most)
{
    int64_t left = deadline - time_monotonic();

    return left <= 0 ? 0 : left < most ? (int)left : most;
}

// Makes one request, for at most `most` ms. It is about all topics, about one or, if `all` is false
// and `topic` is NULL, about the brokers.
static rd_kafka_resp_err_t request(struct client *client, bool all, rd_kafka_topic_t *topic,
                                   int64_t deadline, int most,
                                   const struct rd_kafka_metadata **metadata)
{
    int timeout = remaining(deadline, most);

    return rd_kafka_metadata(client->rk, all, topic, metadata, timeout == 0 ? 1 : timeout);
}

// Asks once about one topic or, when `topic` is NULL, about all topics. Each request has a short
// timeout, so that signals and errors such as a wrong password are noticed soon. `attempt` counts
// from 0.
static rd_kafka_resp_err_t ask(struct client *client, rd_kafka_topic_t *topic, int64_t deadline,
                               int attempt, const struct rd_kafka_metadata **metadata)
{
    rd_kafka_resp_err_t code =
        request(client, topic == NULL, topic, deadline,
                topic == NULL ? ALL_METADATA_TIME : request_time(attempt), metadata);

    rd_kafka_poll(client->rk, 0); // serves the error callback
    return code;
}

// Returns 0 when the topic exists, 1 when another attempt may succeed, or -1 when it cannot.
static int topic_state(const struct rd_kafka_metadata_topic *topic, int *partitions)
{
    *partitions = topic->partition_cnt;
    if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0)
        return 0;
    return client_is_refused(topic->err) || topic->err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION ? -1
                                                                                            : 1;
}

static bool topic_is_missing(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

int metadata_wait_topic(struct client *client, const char *topic, int *partitions, struct err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client->rk, topic, NULL);
    int64_t deadline = time_monotonic() + client->wait;
    bool reached = false, told = false;
    rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    int state = 1, attempt = 0;

    if (handle == NULL)
        return err_set(err, EX_USAGE, "topic %s: %s", topic,
                       rd_kafka_err2str(rd_kafka_last_error()));
    do {
        const struct rd_kafka_metadata *metadata;
        if (ask(client, handle, deadline, attempt++, &metadata) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            reached = true;
            client_alive(client);
            state = metadata->topic_cnt == 1 ? topic_state(&metadata->topics[0], partitions) : 1;
            why = metadata->topic_cnt == 1 ? metadata->topics[0].err : why;
            rd_kafka_metadata_destroy(metadata);
        }
        // There is no warning in the first second, because the topic may be about to be created.
        if (state == 1 && reached && !told &&
            time_monotonic() > deadline - client->wait + MS_SECOND) {
            log_warn("topic %s: %s; waiting for it", topic, rd_kafka_err2str(why));
            told = true;
        }
        if (state == 1 && remaining(deadline, 1) > 0)
            rd_kafka_poll(client->rk, remaining(deadline, RETRY_PAUSE));
    } while (state == 1 && client_keep_trying(client, deadline));
    rd_kafka_topic_destroy(handle);
    if (state == 0)
        return 0;
    if (!reached || client_is_stopping(client))
        return client_unreachable(client, err);
    if (client->creates != NULL && topic_is_missing(why))
        return err_set(err, EX_UNAVAILABLE, "topic %s: %s%s", topic, rd_kafka_err2str(why),
                       client->creates);
    const struct client_needs needs = client_needs_topic(client, topic);
    return client_error(err, &needs, why, EX_UNAVAILABLE, "topic %s", topic);
}

// Asks about one topic until a broker answers.
static int ask_topic(struct client *client, const char *topic,
                     const struct rd_kafka_metadata **metadata, struct err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client->rk, topic, NULL);
    const int64_t deadline = time_monotonic() + client->wait;
    rd_kafka_resp_err_t code;
    int attempt = 0;

    if (handle == NULL)
        return err_set(err, EX_USAGE, "topic %s: %s", topic,
                       rd_kafka_err2str(rd_kafka_last_error()));
    do {
        code = ask(client, handle, deadline, attempt++, metadata);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && client_keep_trying(client, deadline));
    rd_kafka_topic_destroy(handle);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_unreachable(client, err);
}

int metadata_find_topic(struct client *client, const char *topic, int *partitions, struct err *err)
{
    const struct rd_kafka_metadata *metadata;

    if (ask_topic(client, topic, &metadata, err) != 0)
        return -1;
    *partitions = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
    const rd_kafka_resp_err_t code =
        metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || topic_is_missing(code))
        return 0;
    const struct client_needs needs = client_needs_topic(client, topic);
    return client_error(err, &needs, code, EX_UNAVAILABLE, "topic %s", topic);
}

static bool knows_controller(const struct client *client, const struct rd_kafka_metadata *metadata)
{
    int32_t controller = rd_kafka_controllerid(client->rk, 0);

    for (int i = 0; i < metadata->broker_cnt; i++) {
        if (metadata->brokers[i].id == controller)
            return true;
    }
    return false;
}

int metadata_find_controller(struct client *client, struct err *err)
{
    int64_t deadline = time_monotonic() + client->wait;
    int64_t patience = INT64_MAX; // deadline for a controller to appear
    int attempt = 0;

    do {
        const struct rd_kafka_metadata *metadata;
        if (request(client, false, NULL, deadline, request_time(attempt++), &metadata) ==
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            client_alive(client);
            client->has_controller = knows_controller(client, metadata);
            client->brokers = metadata->broker_cnt;
            rd_kafka_metadata_destroy(metadata);
            if (client->has_controller || time_monotonic() >= patience)
                return 0;
            if (patience == INT64_MAX)
                patience = time_monotonic() + ELECTION_TIME;
            rd_kafka_poll(client->rk, RETRY_PAUSE);
        }
        rd_kafka_poll(client->rk, 0);
    } while (client_keep_trying(client, deadline));
    return patience == INT64_MAX ? client_unreachable(client, err) : 0;
}

int metadata_ask_brokers(struct client *client, const struct rd_kafka_metadata **metadata,
                         struct err *err)
{
    const int64_t deadline = time_monotonic() + client->wait;
    rd_kafka_resp_err_t code;
    int attempt = 0;

    do {
        code = request(client, false, NULL, deadline, request_time(attempt++), metadata);
        rd_kafka_poll(client->rk, 0);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && client_keep_trying(client, deadline));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_unreachable(client, err);
}

// Asks about all topics until a broker answers. The first request is about the brokers only: it is
// answered soon, so that a wrong password is noticed.
static int ask_all(struct client *client, const struct rd_kafka_metadata **metadata,
                   struct err *err)
{
    const int64_t deadline = time_monotonic() + client->wait;
    rd_kafka_resp_err_t code;

    if (metadata_ask_brokers(client, metadata, err) != 0)
        return -1;
    rd_kafka_metadata_destroy(*metadata);
    do {
        code = ask(client, NULL, deadline, 0, metadata);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && client_keep_trying(client, deadline));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_unreachable(client, err);
}

int metadata_ask_topics(struct client *client, const char *topic,
                        const struct rd_kafka_metadata **metadata, struct err *err)
{
    return topic == NULL ? ask_all(client, metadata, err) : ask_topic(client, topic, metadata, err);
}

int metadata_match(const struct rd_kafka_metadata *metadata, const char *regex,
                   struct opt_list *names, struct err *err)
{
    regex_t compiled;
    char why[256];
    int status = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);

    if (status != 0) {
        regerror(status, &compiled, why, sizeof why);
        return err_set(err, EX_USAGE, "topic %s: %s", regex, why);
    }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const char *name = metadata->topics[i].topic;
        // A pattern never matches Kafka's internal topics.
        if (strncmp(name, "__", 2) != 0 && regexec(&compiled, name, 0, NULL, 0) == 0)
            opt_list_add(names, xstrdup(name));
    }
    regfree(&compiled);
    return 0;
}

int metadata_match_topics(struct client *client, const char *regex, struct opt_list *names,
                          struct err *err)
{
    const struct rd_kafka_metadata *metadata;

    if (ask_all(client, &metadata, err) != 0)
        return -1;
    const int status = metadata_match(metadata, regex, names, err);
    rd_kafka_metadata_destroy(metadata);
    return status;
}
