// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/source_settings.h"

#include <string.h>

#include "base/number.h"

#define COMMIT_EVERY 1000 // ms

const struct config_setting source_defaults[] = {
    {"client.id", "loginpipe"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    // How soon a group notices partitions that are added to a topic.
    {"topic.metadata.refresh.interval.ms", "10000"},
    // If an offset no longer exists, do not skip to the end.
    {"auto.offset.reset", "earliest"},
    // Eager rebalancing; the cooperative kind has known bugs before librdkafka 2.10.
    {"partition.assignment.strategy", "range"},
    // How much is fetched ahead while stdout is blocked, for all partitions together.
    {"queued.max.messages.kbytes", "32768"},
    // How soon librdkafka 2.2 and later fetch again after the queue was full; see refill.h.
    {"fetch.queue.backoff.ms", "20"},
    {NULL, NULL},
};

static const struct config_rule always[] = {
    {"enable.partition.eof", "true", "kcat-in needs it to find the end", true},
    {"statistics.interval.ms", "0", "use --stats", true},
    {"enabled_events", "0", "kcat-in takes no events", true},
    {"log.queue", "false", "kcat-in logs at once", true},
    {"offset.store.method", "broker", "offsets are committed to the broker, with -G", false},
    {"offset.store.path", NULL, "offsets are committed to the broker, with -G", true},
    {"offset.store.sync.interval.ms", NULL, "offsets are committed to the broker, with -G", true},
    {NULL, NULL, NULL, false},
};

// on_rebalance() of the consumer follows the eager protocol, which revokes all partitions at once.
static const struct config_rule in_group[] = {
    {"group.protocol", "classic", "not supported; use classic", false},
    {NULL, NULL, NULL, false},
};

static const struct config_rule without_group[] = {
    {"enable.auto.commit", "false", "nothing is committed without a group; give one with -G", true},
    {"auto.commit.interval.ms", NULL, "nothing is committed without a group; give one with -G",
     true},
    {"group.instance.id", NULL, "has no effect without a group; give one with -G", true},
    {"session.timeout.ms", NULL, "has no effect without a group; give one with -G", true},
    {"heartbeat.interval.ms", NULL, "has no effect without a group; give one with -G", true},
    {"partition.assignment.strategy", NULL, "has no effect without a group; give one with -G",
     true},
    {NULL, NULL, NULL, false},
};

// librdkafka would commit what the last stage has not delivered yet.
static const struct config_rule with_marks[] = {
    {"enable.auto.commit", "false",
     "with --marks and --acks, offsets are committed only once the last stage has delivered; leave "
     "it out, or override it with -X enable.auto.commit=false",
     false},
    {"enable.auto.offset.store", "false",
     "with --marks and --acks, offsets are stored only once the last stage has delivered; leave it "
     "out, or override it with -X enable.auto.offset.store=false",
     false},
    {"auto.commit.interval.ms", NULL, "marks set the time of commits; use --marks=DUR", true},
    {NULL, NULL, NULL, false},
};

// A reader of uncommitted offsets could miss that another pipeline is about to commit.
static const struct config_rule exactly_once[] = {
    {"isolation.level", "read_committed",
     "not with --marks: records of aborted transactions would be read; use read_committed", false},
    {NULL, NULL, NULL, false},
};

static int check_strategy(const struct config_options *config, struct err *err)
{
    const char *strategy = config_value(config, "partition.assignment.strategy");

    if (strategy == NULL || strstr(strategy, "cooperative") == NULL)
        return 0;
    return config_refuse(config, "partition.assignment.strategy",
                         "not supported; use range or roundrobin", err);
}

// Says where to start if there is no -o, or if -o says "stored" and nothing is stored.
static void start_at(const char *reset, bool group, struct offset_range *range)
{
    const enum offset_kind kind = range->from.kind;

    if (reset == NULL || (kind != OFFSET_NONE && (kind != OFFSET_STORED || !group)))
        return;
    if (strcmp(reset, "largest") == 0)
        range->from.kind = OFFSET_END;
    else if (strcmp(reset, "smallest") == 0)
        range->from.kind = OFFSET_BEGINNING;
    else if (group)
        range->from.kind = OFFSET_REFUSED;
}

// What librdkafka would do by itself, the source does once the records are written.
static void commit_as_asked(struct config_options *config, struct source_options *source)
{
    const char *commit = config_take(config, "enable.auto.commit");
    const char *interval = config_take(config, "auto.commit.interval.ms");

    config_take(config, "enable.auto.offset.store");
    source->commits_nothing = commit != NULL && strcmp(commit, "false") == 0;
    source->commit_interval = COMMIT_EVERY;
    if (interval != NULL)
        number_parse_int(interval, &source->commit_interval);
}

int source_settings_apply(struct config_options *config, const char **group,
                          struct offset_range *range, struct source_options *source,
                          struct err *err)
{
    const bool marks = source->acks != NULL || source->marks.interval > 0;

    if (config_default(config, "group.id", "-G", group, err) != 0 ||
        config_check(config, always, err) != 0)
        return -1;
    if (*group != NULL &&
        (config_check(config, in_group, err) != 0 || check_strategy(config, err) != 0))
        return -1;
    if (marks && config_check(config, with_marks, err) != 0)
        return -1;
    if (marks && source->acks == NULL && config_check(config, exactly_once, err) != 0)
        return -1;
    if (*group == NULL && config_check(config, without_group, err) != 0)
        return -1;
    start_at(config_value(config, "auto.offset.reset"), *group != NULL, range);
    commit_as_asked(config, source);
    return 0;
}
