// SPDX-License-Identifier: BSD-2-Clause
//
// alter_topic: changes a topic or a group at $BOOTSTRAP_SERVERS, for tests. Exits with 0 when the
// broker has done it, and otherwise with 1 and a message.
//
//     alter_topic delete TOPIC
//     alter_topic grow TOPIC PARTITIONS     to that number of partitions
//     alter_topic forget GROUP              deletes the group and its offsets
//     alter_topic set TOPIC NAME=VALUE      all other settings return to their defaults
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT 20000 // ms

static void delete_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);

    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_DeleteTopic_destroy(topic);
}

static void delete_group(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name)
{
    rd_kafka_DeleteGroup_t *group = rd_kafka_DeleteGroup_new(name);

    rd_kafka_DeleteGroups(rk, &group, 1, NULL, queue);
    rd_kafka_DeleteGroup_destroy(group);
}

static bool grow_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name, const char *count)
{
    char why[256];
    rd_kafka_NewPartitions_t *topic =
        rd_kafka_NewPartitions_new(name, (size_t)atoi(count), why, sizeof why);

    if (topic == NULL)
        return false;
    rd_kafka_CreatePartitions(rk, &topic, 1, NULL, queue);
    rd_kafka_NewPartitions_destroy(topic);
    return true;
}

static bool set_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name, char *setting)
{
    char *value = strchr(setting, '=');
    rd_kafka_ConfigResource_t *topic = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);

    if (value != NULL) {
        *value++ = '\0';
        rd_kafka_ConfigResource_set_config(topic, setting, value);
        rd_kafka_AlterConfigs(rk, &topic, 1, NULL, queue);
    }
    rd_kafka_ConfigResource_destroy(topic);
    return value != NULL;
}

static bool ask(rd_kafka_t *rk, rd_kafka_queue_t *queue, int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "delete") == 0) {
        delete_topic(rk, queue, argv[2]);
        return true;
    }
    if (argc == 3 && strcmp(argv[1], "forget") == 0) {
        delete_group(rk, queue, argv[2]);
        return true;
    }
    if (argc == 4 && strcmp(argv[1], "grow") == 0)
        return grow_topic(rk, queue, argv[2], argv[3]);
    return argc == 4 && strcmp(argv[1], "set") == 0 && set_topic(rk, queue, argv[2], argv[3]);
}

// What the broker says about the one topic or group.
static rd_kafka_resp_err_t result_error(rd_kafka_event_t *event)
{
    const rd_kafka_topic_result_t **topics = NULL;
    size_t count = 0;

    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        topics =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
        break;
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        topics = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), &count);
        break;
    case RD_KAFKA_EVENT_DELETEGROUPS_RESULT: {
        const rd_kafka_group_result_t **groups =
            rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
        const rd_kafka_error_t *error = rd_kafka_group_result_error(groups[0]);
        return error == NULL ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error);
    }
    case RD_KAFKA_EVENT_ALTERCONFIGS_RESULT: {
        const rd_kafka_ConfigResource_t **configs = rd_kafka_AlterConfigs_result_resources(
            rd_kafka_event_AlterConfigs_result(event), &count);
        return rd_kafka_ConfigResource_error(configs[0]);
    }
    }
    return count == 0 ? RD_KAFKA_RESP_ERR__BAD_MSG : rd_kafka_topic_result_error(topics[0]);
}

static rd_kafka_resp_err_t await_answer(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT);

    if (event == NULL)
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = result_error(event);
    rd_kafka_event_destroy(event);
    return code;
}

int main(int argc, char **argv)
{
    char why[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *brokers = getenv("BOOTSTRAP_SERVERS");

    if (brokers == NULL)
        return 1;
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__INVALID_ARG;
    if (ask(rk, queue, argc, argv))
        code = await_answer(queue);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fprintf(stderr, "alter_topic: %s: %s\n", argc > 2 ? argv[2] : "usage",
                rd_kafka_err2str(code));
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR;
}
