// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/group_check.h"

#include "base/datetime.h"
#include "base/log.h"
#include "kafka/group_offsets.h"

bool group_check_busy(const struct group_check *check)
{
    return background_busy(&check->background);
}

static void forget(struct group_check *check)
{
    if (check->list != NULL)
        rd_kafka_topic_partition_list_destroy(check->list);
    check->list = NULL;
}

static void ask(void *ctx)
{
    struct group_check *check = ctx;

    check->code = group_offsets_read(check->client, check->list, GROUP_CHECK_TIME);
}

void group_check_start(struct group_check *check, struct consumer *c)
{
    forget(check);
    check->client = &c->client;
    check->list = consumer_offsets_assigned(&c->offsets);
    check->assignment = c->shared.assignment;
    check->asked = time_monotonic();
    background_start(&check->background, ask, check);
}

bool group_check_answer(struct group_check *check, struct consumer *c,
                        const rd_kafka_topic_partition_list_t **found)
{
    if (!background_finished(&check->background))
        return false;
    if (check->code != RD_KAFKA_RESP_ERR_NO_ERROR)
        log_debug("group %s: cannot read its offsets: %s", c->offsets.group,
                  rd_kafka_err2str(check->code));
    if (client_is_refused(check->code))
        client_fail_error(&c->client, &c->client.needs, check->code, "group %s", c->offsets.group);
    bool valid = check->code == RD_KAFKA_RESP_ERR_NO_ERROR &&
                 check->assignment == c->shared.assignment &&
                 time_monotonic() <= check->asked + GROUP_CHECK_FRESH;
    *found = valid ? check->list : NULL;
    return true;
}

void group_check_release(struct group_check *check)
{
    background_release(&check->background);
    forget(check);
}
