// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition.h"

#include "tap.h"

static void test_lookup(void)
{
    struct partition_set set = {0};
    struct partition *a = partition_get(&set, "t", 0), *b = partition_get(&set, "t", 1);
    struct partition *c = partition_get(&set, "u", 0);

    tap_ok(a != b && a != c && b != c, "partitions differ by topic and by number");
    tap_ok(partition_get(&set, "t", 1) == b, "a partition is found again");
    tap_ok(set.count == 3, "a partition is not added twice");
    tap_ok(b->committed == PARTITION_NOT_COMMITTED && b->stop == PARTITION_NO_STOP &&
               b->newest == PARTITION_NO_TIME && !b->assigned && !b->done,
           "a new partition has no offset, no stop and no time");
    rd_kafka_message_t error = {.rkt = NULL, .partition = 1};
    tap_ok(partition_of(&set, &error) == NULL, "an error without a topic has no partition");
    partition_set_release(&set);
    tap_ok(set.count == 0, "a released set is empty");
}

static void test_done(void)
{
    struct partition_set set = {0};

    tap_ok(partitions_done(&set), "a set without partitions is done");
    struct partition *a = partition_get(&set, "t", 0), *b = partition_get(&set, "t", 1);
    a->assigned = true;
    tap_ok(!partitions_done(&set),
           "an assigned partition that has not reached its stop is not done");
    a->done = true;
    tap_ok(partitions_done(&set), "a partition of another member does not count");
    b->assigned = true;
    tap_ok(!partitions_done(&set), "every assigned partition must be done");
    partition_set_release(&set);
}

static int64_t offset_in(const rd_kafka_topic_partition_list_t *list, const char *topic, int32_t id)
{
    const rd_kafka_topic_partition_t *entry =
        list == NULL ? NULL
                     : rd_kafka_topic_partition_list_find(
                           (rd_kafka_topic_partition_list_t *)(uintptr_t)list, topic, id);

    return entry == NULL ? -1 : entry->offset;
}

static void test_commit(void)
{
    struct partition_set set = {0};
    struct partition *a = partition_get(&set, "t", 0), *b = partition_get(&set, "t", 1);
    rd_kafka_topic_partition_list_t *list;

    a->assigned = b->assigned = true;
    a->next = a->written = a->committed = 5;
    b->next = b->written = b->committed = 7;
    tap_ok(partitions_to_commit(&set) == NULL, "nothing is committed twice");
    a->next = 9;
    tap_ok(partitions_to_commit(&set) == NULL,
           "records that are read but not written do not count");
    tap_ok(!partitions_uncommitted(&set), "so there is nothing to commit");
    partitions_written(&set);
    tap_ok(partitions_uncommitted(&set), "once they are written, there is");
    list = partitions_to_commit(&set);
    tap_ok(list != NULL && list->cnt == 1 && offset_in(list, "t", 0) == 9,
           "only the written partition is committed");
    rd_kafka_topic_partition_list_destroy(list);
    tap_ok(partitions_to_commit(&set) == NULL, "it is then noted as committed");
    a->committed = PARTITION_NOT_COMMITTED;
    b->next = 8;
    b->assigned = false;
    partitions_written(&set);
    list = partitions_to_commit(&set);
    tap_ok(list != NULL && list->cnt == 1 && offset_in(list, "t", 0) == 9,
           "a failed commit is repeated, without a revoked partition");
    rd_kafka_topic_partition_list_destroy(list);
    partition_set_release(&set);
}

static bool watermark_is(const struct partition_set *set, int64_t wanted)
{
    int64_t watermark;

    return partitions_watermark(set, &watermark) && watermark == wanted;
}

static void test_watermark(void)
{
    struct partition_set set = {0};
    int64_t watermark;

    tap_ok(!partitions_watermark(&set, &watermark), "there is no watermark without partitions");
    tap_ok(!partitions_are_quiet(&set), "without partitions nothing is quiet");
    struct partition *a = partition_get(&set, "t", 0), *b = partition_get(&set, "t", 1);
    a->assigned = b->assigned = true;
    a->newest = 100;
    tap_ok(!partitions_watermark(&set, &watermark),
           "there is no watermark while a partition with records has no record time");
    b->newest = 50;
    tap_ok(watermark_is(&set, 50), "the watermark is the time of the slowest partition");
    partition_reached_end(b, 7);
    tap_ok(watermark_is(&set, 50), "a partition at its end is not left out at once");
    b->idle = true;
    tap_ok(watermark_is(&set, 100), "an idle one is");
    tap_ok(!partitions_are_quiet(&set), "one partition is not all");
    partition_reached_end(a, 7);
    a->idle = true;
    tap_ok(watermark_is(&set, 100), "when all partitions are idle, it is the highest time");
    tap_ok(partitions_are_quiet(&set), "they are all quiet then");
    int64_t since = b->end_since;
    partition_reached_end(b, 9);
    tap_ok(b->idle && b->end == 9 && b->end_since == since,
           "an end that has moved without a record, by a transaction, changes nothing");
    b->at_end = false; // a record has come
    tap_ok(watermark_is(&set, 50) && !partitions_are_quiet(&set), "a record ends that");
    partition_reached_end(b, 10);
    tap_ok(watermark_is(&set, 50), "at the next end the partition is not idle again at once");
    b->at_end = false;
    b->done = true;
    a->at_end = false;
    tap_ok(watermark_is(&set, 100), "a partition that has reached its stop is left out at once");
    a->assigned = false;
    a->newest = 1000;
    tap_ok(watermark_is(&set, 50), "a partition of another member does not count");
    b->newest = PARTITION_NO_TIME;
    tap_ok(!partitions_watermark(&set, &watermark),
           "without any record time there is no watermark");
    partition_set_release(&set);
}

int main(void)
{
    test_lookup();
    test_done();
    test_commit();
    test_watermark();
    return tap_done();
}
