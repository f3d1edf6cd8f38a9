// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/guarantee.h"

static int on_begin(void *ctx, struct err *err)
{
    struct source *s = ctx;

    return s->guarantee->begin(s, err);
}

static int on_revoke(void *ctx, bool blocked, bool lost)
{
    struct source *s = ctx;

    return s->guarantee->revoke(s, blocked, lost);
}

static void on_committed(void *ctx, rd_kafka_resp_err_t code,
                         const rd_kafka_topic_partition_list_t *list)
{
    struct source *s = ctx;

    s->guarantee->committed(s, code, list);
}

struct consumer_ops source_consumer_ops(int (*record)(void *source, struct partition *p,
                                                      const struct line *line))
{
    return (struct consumer_ops){
        .record = record, .begin = on_begin, .revoke = on_revoke, .committed = on_committed};
}
