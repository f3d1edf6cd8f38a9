// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/idle.h"

#include "base/datetime.h"
#include "base/log.h"

#define CHECK_EVERY (5 * MS_SECOND)
#define CHECK_PAUSE MS_MINUTE // the longest time between checks while there is no answer
#define REQUEST_TIME 1000     // ms
#define ASK_FOR_END (-1)      // instead of a timestamp (Kafka protocol, ListOffsets)

void idle_init(struct idle *i, int64_t after)
{
    *i = (struct idle){.after = after, .clock = PARTITION_NO_TIME};
}

// Returns the partitions that have been at their end for long enough, or NULL if there are none.
static rd_kafka_topic_partition_list_t *
find_candidates(const struct idle *i, const struct partition_set *set, int64_t now)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    for (size_t n = 0; n < set->count; n++) {
        const struct partition *p = set->item[n];
        if (!p->assigned || p->done || !p->at_end || now - p->end_since < i->after)
            continue;
        if (list == NULL)
            list = rd_kafka_topic_partition_list_new((int)set->count);
        rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = ASK_FOR_END;
    }
    return list;
}

// Takes over a broker's answer about a partition. If it has more records, its time at the end
// begins anew once they are read. It also begins anew after a time without an answer: producers
// could not write meanwhile, and may still have old records.
static void take_answer(struct partition *p, const rd_kafka_topic_partition_t *answer, int64_t now)
{
    bool known = answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->offset >= 0;

    p->idle = known && !p->unanswered && answer->offset <= p->end;
    if (known && !p->idle)
        p->end_since = now;
    p->unanswered = !known;
}

// Nothing is read while the brokers are asked, so after each failure the next one waits longer.
static void schedule(struct idle *i, bool failed)
{
    int64_t shortest = i->after < CHECK_EVERY ? i->after : CHECK_EVERY;
    int64_t longer = i->pause > CHECK_PAUSE / 2 ? CHECK_PAUSE : 2 * i->pause;

    i->pause = failed && longer > shortest ? longer : shortest;
    i->due = time_monotonic() + i->pause;
}

void idle_check(struct idle *i, struct client *client, struct partition_set *set)
{
    int64_t now = time_monotonic();

    if (i->after == 0 || now < i->due)
        return;
    rd_kafka_topic_partition_list_t *list = find_candidates(i, set, now);
    if (list == NULL)
        return;
    i->clock = time_now();
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client->rk, list, REQUEST_TIME);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_debug("the ends of quiet partitions: %s", rd_kafka_err2str(code));
    bool failed = false;
    for (int n = 0; n < list->cnt; n++) {
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            list->elems[n].err = code;
        take_answer(partition_get(set, list->elems[n].topic, list->elems[n].partition),
                    &list->elems[n], now);
        failed |= list->elems[n].err != RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_destroy(list);
    schedule(i, failed);
}
