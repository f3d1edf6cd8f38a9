// SPDX-License-Identifier: BSD-2-Clause
//
// unfenced: takes the fence out of exactly-once groups, by LD_PRELOAD. Offsets are committed as if
// they did not come from a member of the group $UNFENCED_GROUP, so that the broker takes them from
// any producer. tests/chaos/elastic shows with it that its checks can fail.
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

rd_kafka_error_t *
rd_kafka_send_offsets_to_transaction(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
                                     const rd_kafka_consumer_group_metadata_t *member,
                                     int timeout_ms)
{
    rd_kafka_error_t *(*send)(rd_kafka_t *, const rd_kafka_topic_partition_list_t *,
                              const rd_kafka_consumer_group_metadata_t *, int);
    rd_kafka_consumer_group_metadata_t *anybody =
        rd_kafka_consumer_group_metadata_new(getenv("UNFENCED_GROUP"));

    (void)member;
    *(void **)&send = dlsym(RTLD_NEXT, "rd_kafka_send_offsets_to_transaction");
    rd_kafka_error_t *error = send(rk, offsets, anybody, timeout_ms);
    rd_kafka_consumer_group_metadata_destroy(anybody);
    return error;
}
