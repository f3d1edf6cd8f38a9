// SPDX-License-Identifier: BSD-2-Clause
//
// group_view: what the brokers know about consumer groups: their state, their members, and how far
// each group has committed.
//
//     struct group_view view;
//     if (group_view_read(&view, &client, "nightly", &cluster, &err) != 0)
//         ...
//     for (size_t i = 0; i < view.count; i++)
//         use(view.lags[i].committed);
//     group_view_release(&view);
//
// rd_kafka_list_groups() asks about groups. The admin request DescribeConsumerGroups would abort
// the process if a broker disconnected meanwhile (librdkafka issue 4605).
#ifndef KAFKA_GROUP_VIEW_H
#define KAFKA_GROUP_VIEW_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kafka/client.h"
#include "kafka/cluster.h"

// How far a group is in one partition.
struct group_lag {
    const char *topic;
    int32_t partition;
    int64_t committed;                              // -1 if nothing is committed
    int64_t end;                                    // -1 if not known
    const struct rd_kafka_group_member_info *owner; // who reads the partition; NULL for nobody
    rd_kafka_resp_err_t err;
};

struct group_view {
    const struct rd_kafka_group_list *list;  // NULL if the brokers do not say
    const struct rd_kafka_group_info *group; // NULL if it is not known
    struct group_lag *lags;                  // by topic and partition
    size_t count;

    // Private.
    rd_kafka_topic_partition_list_t *committed, *ends;
};

// Asks for all groups that this user may see, and sorts them by name. The caller destroys *list
// with rd_kafka_group_list_destroy(). It is NULL if the brokers cannot list groups, as kcat-broker.
// Returns 0, or -1 with *err set.
int group_view_list(struct client *client, const struct rd_kafka_group_list **list,
                    struct err *err);

// Returns whether the broker has described the group. A group of the newer protocol (KIP-848) is
// listed, but described as dead.
bool group_view_described(const struct rd_kafka_group_info *group);

// Asks about one group, and about its offsets in the partitions of the cluster. The client was
// opened for that group. The cluster must outlive the view. Returns 0, or -1 with *err set:
// EX_UNAVAILABLE if there is no such group, EX_NOPERM if it is refused. Call group_view_release()
// in both cases.
int group_view_read(struct group_view *view, struct client *client, const char *group,
                    const struct cluster *cluster, struct err *err);
void group_view_release(struct group_view *view);

// Calls visit() for each partition that a member is assigned. The topic does not end with a NUL.
void group_view_assigned(const struct rd_kafka_group_member_info *member,
                         void (*visit)(void *ctx, const char *topic, size_t len, int32_t partition),
                         void *ctx);

#endif
