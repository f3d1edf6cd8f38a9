// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/refill.h"

#include "base/datetime.h"

#define PAUSE 20         // ms from one request to the next, unless the queue is empty
#define LEAST 16         // messages; a shorter queue was not full
#define REQUEST_TIME 20  // ms; librdkafka keeps the request for longer
#define ASK_FOR_END (-1) // instead of a timestamp (Kafka protocol, ListOffsets)

// The answer does not matter.
static void ask(void *ctx)
{
    struct refill *r = ctx;

    rd_kafka_offsets_for_times(r->rk, r->list, REQUEST_TIME);
}

static rd_kafka_topic_partition_list_t *unfinished(const struct partition_set *set)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)set->count);

    for (size_t i = 0; i < set->count; i++) {
        const struct partition *p = set->item[i];
        if (p->assigned && !p->done && !p->at_end)
            rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = ASK_FOR_END;
    }
    return list;
}

static void forget(struct refill *r)
{
    if (r->list != NULL)
        rd_kafka_topic_partition_list_destroy(r->list);
    r->list = NULL;
}

void refill_check(struct refill *r, rd_kafka_t *rk, rd_kafka_queue_t *queue, size_t taken,
                  const struct partition_set *set)
{
    size_t length = rd_kafka_queue_length(queue);

    if (length + taken > r->longest)
        r->longest = length + taken;
    if (r->longest < LEAST || length > r->longest / 2)
        return;
    if (background_finished(&r->background))
        forget(r);
    if (background_busy(&r->background) || (length > 0 && time_monotonic() < r->due))
        return;
    r->rk = rk;
    r->list = unfinished(set);
    r->longest = length;
    r->due = time_monotonic() + PAUSE;
    if (r->list->cnt == 0 || !background_start(&r->background, ask, r))
        forget(r);
}

void refill_release(struct refill *r)
{
    background_release(&r->background);
    forget(r);
}
