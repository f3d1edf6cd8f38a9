// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/halt.h"

#include <time.h>

#include "base/datetime.h"
#include "kafka/line_pool.h"

#define STOP_TIME 1000 // ms to wait until a partition is stopped

// Since librdkafka 2.4: the record is valid, but another one of its batch is not.
#define OTHER_RECORD_INVALID (-138)

bool halt_is_refusal(rd_kafka_resp_err_t code)
{
    switch ((int)code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case OTHER_RECORD_INVALID:
        return true;
    default:
        return false;
    }
}

static void stop(void *ctx)
{
    struct halt *h = ctx;

    rd_kafka_pause_partitions(h->rk, h->next);
}

// Waits until the partition is stopped. That takes less than a millisecond, but this function runs
// in a thread of librdkafka, which must never wait for ever: if it did not end, later lines would
// overtake the refused ones.
static void await_stop(struct halt *h)
{
    const struct timespec pause = {.tv_nsec = 100000};
    const int64_t deadline = time_monotonic() + STOP_TIME;

    while (!background_finished(&h->stop) && time_monotonic() < deadline)
        nanosleep(&pause, NULL);
}

static void stop_partition(struct halt *h, rd_kafka_t *rk, const char *topic, int32_t partition)
{
    if (h->partitions == NULL)
        h->partitions = rd_kafka_topic_partition_list_new(1);
    if (rd_kafka_topic_partition_list_find(h->partitions, topic, partition) != NULL)
        return;
    rd_kafka_topic_partition_list_add(h->partitions, topic, partition);
    if (background_busy(&h->stop) && !background_finished(&h->stop))
        return;
    if (h->next != NULL)
        rd_kafka_topic_partition_list_destroy(h->next);
    h->next = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(h->next, topic, partition);
    h->rk = rk;
    if (background_start(&h->stop, stop, h))
        await_stop(h);
}

// librdkafka calls this in the thread that has read the broker's answer, before the thread sends
// the next batch. It forbids calls of its functions here, so another thread makes them.
static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t *rk, rd_kafka_message_t *message,
                                              void *halt)
{
    struct halt *h = halt;
    const struct kept_line *kept = message->_private;

    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || !halt_is_refusal(message->err) ||
        kept->alone || message->partition < 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    pthread_mutex_lock(&h->lock);
    stop_partition(h, rk, rd_kafka_topic_name(message->rkt), message->partition);
    pthread_mutex_unlock(&h->lock);
    atomic_store(&h->has_come, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *halt,
                                  char *why, size_t size)
{
    (void)conf;
    (void)why;
    (void)size;
    return rd_kafka_interceptor_add_on_acknowledgement(rk, "loginpipe", on_acknowledgement, halt);
}

void halt_watch(struct halt *h, rd_kafka_conf_t *conf)
{
    rd_kafka_conf_interceptor_add_on_new(conf, "loginpipe", on_new, h);
}

bool halt_has_come(const struct halt *h)
{
    return atomic_load(&h->has_come);
}

void halt_end(struct halt *h, rd_kafka_t *rk)
{
    pthread_mutex_lock(&h->lock);
    background_await(&h->stop);
    if (h->partitions != NULL) {
        rd_kafka_resume_partitions(rk, h->partitions);
        rd_kafka_topic_partition_list_destroy(h->partitions);
    }
    h->partitions = NULL;
    atomic_store(&h->has_come, false);
    pthread_mutex_unlock(&h->lock);
}

void halt_release(struct halt *h)
{
    background_release(&h->stop);
    if (h->partitions != NULL)
        rd_kafka_topic_partition_list_destroy(h->partitions);
    if (h->next != NULL)
        rd_kafka_topic_partition_list_destroy(h->next);
    h->partitions = h->next = NULL;
    atomic_store(&h->has_come, false);
}
