// SPDX-License-Identifier: BSD-2-Clause
//
// offsets_find: asks for the offsets of many partitions in few requests: one for each broker and
// each 1000 partitions. rd_kafka_query_watermark_offsets() takes two for each partition.
//
//     list = rd_kafka_topic_partition_list_new(1);
//     rd_kafka_topic_partition_list_add(list, "user-login", 0)->offset = OFFSETS_FIND_END;
//     offsets_find(&client, list);
//     if (list->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
//         printf("%lld\n", (long long)list->elems[0].offset);
#ifndef KAFKA_OFFSETS_FIND_H
#define KAFKA_OFFSETS_FIND_H

#include "kafka/client.h"

// What to find instead of a time. The end depends on the client's isolation.level.
#define OFFSETS_FIND_BEGINNING RD_KAFKA_OFFSET_BEGINNING
#define OFFSETS_FIND_END RD_KAFKA_OFFSET_END

// Replaces the `offset` of each entry, which is a time in ms since 1970 or one of the constants
// above, by the offset of the first record at or after this time, or by -1 if there is none. Leaves
// out entries that have an error, and sets the error of those that cannot be answered now. An
// entry's `opaque` may be set to the number of the partition's leader: then a broker that does not
// answer delays only its own partitions. A partition must not be twice in the list.
void offsets_find(struct client *client, rd_kafka_topic_partition_list_t *list);

#endif
