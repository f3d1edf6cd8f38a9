// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/offsets_find.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/datetime.h"

#define REQUEST_TIME 5000 // ms
#define PATIENCE 1000     // ms for which an error may pass, as after a leader has changed
#define RETRY_PAUSE 100   // ms
#define CHUNK 1000        // partitions; librdkafka searches its list for each of them

typedef rd_kafka_topic_partition_t entry;

struct finder {
    struct client *client;
    int64_t patience; // until this time_monotonic(), the same is asked again
};

static bool is_silence(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
}

// Asks for these entries in one go. rd_kafka_offsets_for_times() gives no offset at all if there
// is an error in one of them.
static rd_kafka_resp_err_t ask_once(struct client *client, entry *const *entries, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, entries[i]->topic, entries[i]->partition)->offset =
            entries[i]->offset;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client->rk, list, REQUEST_TIME);
    rd_kafka_poll(client->rk, 0); // serves the error callback
    for (size_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        entries[i]->err = list->elems[i].err;
        entries[i]->offset = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static rd_kafka_resp_err_t ask(const struct finder *f, entry *const *entries, size_t count)
{
    rd_kafka_resp_err_t code;

    while ((code = ask_once(f->client, entries, count)) != RD_KAFKA_RESP_ERR_NO_ERROR &&
           !is_silence(code) && !client_is_final(code) &&
           client_keep_trying(f->client, f->patience))
        rd_kafka_poll(f->client->rk, RETRY_PAUSE);
    return code;
}

static int by_leader(const void *a, const void *b)
{
    const intptr_t left = (intptr_t)(*(entry *const *)a)->opaque;
    const intptr_t right = (intptr_t)(*(entry *const *)b)->opaque;

    return (left > right) - (left < right);
}

// Returns how many of the entries, from the first one on, have the same leader.
static size_t same_leader(entry *const *entries, size_t count)
{
    size_t same = 1;

    while (same < count && entries[same]->opaque == entries[0]->opaque)
        same++;
    return same;
}

// Asks for entries of one leader and, if that fails, for ever smaller parts of them, until each
// error has been put down to its partition.
static void find_of_leader(const struct finder *f, entry **entries, size_t count)
{
    const rd_kafka_resp_err_t code = ask(f, entries, count);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (count > 1 && !is_silence(code) && client_keep_trying(f->client, INT64_MAX)) {
        find_of_leader(f, entries, count / 2);
        find_of_leader(f, entries + count / 2, count - count / 2);
        return;
    }
    for (size_t i = 0; i < count; i++)
        entries[i]->err = code;
}

// Asks all leaders at once and, if that fails, one after the other.
static void find(const struct finder *f, entry **entries, size_t count)
{
    size_t same;

    if (ask(f, entries, count) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    qsort(entries, count, sizeof *entries, by_leader);
    for (; count > 0; entries += same, count -= same) {
        same = same_leader(entries, count);
        find_of_leader(f, entries, same);
    }
}

void offsets_find(struct client *client, rd_kafka_topic_partition_list_t *list)
{
    const struct finder f = {client, time_monotonic() + PATIENCE};
    entry *chunk[CHUNK];
    size_t count = 0;

    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            chunk[count++] = &list->elems[i];
        if (count == CHUNK || (i + 1 == list->cnt && count > 0)) {
            find(&f, chunk, count);
            count = 0;
        }
    }
}
