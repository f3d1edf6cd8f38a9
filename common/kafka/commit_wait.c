// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/commit_wait.h"

#include <poll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/signals.h"
#include "kafka/group_offsets.h"

#define PAUSE 20                   // ms between questions whether the mark is committed
#define REQUEST_TIME 1000          // ms for one such question
#define WARN_AFTER (5 * MS_SECOND) // of waiting

// Returns whether the group has committed a mark of this run. Its offsets alone do not tell: lines
// can come without records, such as those that say that a partition is quiet.
static bool is_committed(const struct mark *mark, const rd_kafka_topic_partition_list_t *found)
{
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &found->elems[i];
        if (entry->offset != mark_offset(mark, entry->topic, entry->partition))
            return false;
    }
    return group_offsets_newest_of(found, mark->run) == mark->seq;
}

// Asks whether the sink has committed a mark. While its transaction is being committed, the broker
// gives no answer, so this waits for it. Returns 1 if it has, 0 if it has not yet, or -1.
static int ask_committed(struct source *s, const struct mark *mark)
{
    struct consumer_offsets *o = &s->consumer.offsets;
    rd_kafka_topic_partition_list_t *list = consumer_offsets_assigned(o);
    struct err err;
    bool done = list->cnt == 0;

    if (!done && group_offsets_read(o->client, list, REQUEST_TIME) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        is_committed(mark, list)) {
        group_known_set(&o->known, list);
        done = true;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (client_check(&s->consumer.client, &err) != 0)
        return stream_fail_err(s->stream, &err);
    return done;
}

int commit_wait(struct source *s, int64_t wait_ms)
{
    const struct mark *mark = mark_source_last(&s->marks);
    const bool stopping = signals_stopping();
    int64_t began = time_monotonic(), deadline = began + wait_ms;
    struct pollfd out = {.fd = STDOUT_FILENO};
    bool warned = false;
    int status;

    while ((status = ask_committed(s, mark)) == 0 && time_monotonic() < deadline) {
        consumer_serve(&s->consumer);
        poll(&out, 1, PAUSE);
        if (out.revents & (POLLERR | POLLHUP))
            break;
        if (!warned && time_monotonic() >= began + WARN_AFTER) {
            log_warn("waiting until the last stage (kcat-out --exactly-once) has committed mark "
                     "%llu",
                     (unsigned long long)mark->seq);
            warned = true;
        }
        if (!stopping && signals_stopping() && deadline > time_monotonic() + GUARANTEE_STOP_WAIT)
            deadline = time_monotonic() + GUARANTEE_STOP_WAIT;
    }
    return status < 0 ? -1 : !status;
}
