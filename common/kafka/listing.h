// SPDX-License-Identifier: BSD-2-Clause
//
// listing: what a cluster holds, as tables or as JSON lines: the option -L.
//
//     struct listing listing = {.json = false, .topics = &topics, .group = "nightly"};
//     if (listing_make(&listing, &client, &out, &err) != 0)
//         ...
#ifndef KAFKA_LISTING_H
#define KAFKA_LISTING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/opt.h"
#include "kafka/client.h"

struct listing {
    bool json;
    const struct opt_list *topics; // names and patterns; empty for all topics
    const char *group;             // NULL for all groups, without their offsets
    int status;                    // of the first named topic that is not there; or EX_OK
};

// Appends to `out` the brokers, topics and partitions, and the groups if no topic is named. If a
// group is named: its members and its lag, in the named topics or in all, and the brokers, topics
// and partitions only if topics are named too. The client comes from cluster_open(), for the same
// group. Logs which topics are missing or refused. Returns 0, or -1 with *err set; what was found
// before is in `out`.
int listing_make(struct listing *listing, struct client *client, struct buf *out, struct err *err);

#endif
