// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/sink_settings.h"

#include <string.h>

#include "base/number.h"

#define TRANSACTION_TIMEOUT_DEFAULT 60000 // ms; librdkafka's default

const struct opt sink_opts[] = {
    OPT_FLAG("tee", 0, struct sink_options, tee,
             "pass each line on to stdout, once the broker has it"),
    OPT_FLAG(NULL, 'T', struct sink_options, tee, "the same as --tee, as in kcat"),
    OPT_STRING("undelivered", 0, "FILE", struct sink_options, undelivered,
               "append lines that could not be delivered"),
    OPT_STRING("acks", 0, "FIFO", struct sink_options, acks,
               "send marks back once all lines before them are delivered"),
    OPT_FLAG("exactly-once", 0, struct sink_options, exactly_once,
             "commit lines and offsets in transactions that end at marks"),
    OPT_DURATION("commit-every", 0, "DUR", struct sink_options, commit_every,
                 "with --exactly-once: how often (default as the marks)"),
    OPT_STRING("transactional-id", 0, "ID", struct sink_options, transactional_id,
               "the id of the transactions (default loginpipe.GROUP.SHARD)"),
    OPT_STRING("health", 0, "FILE", struct sink_options, health,
               "update this file's time whenever a mark was handled"),
};
const size_t sink_opt_count = sizeof sink_opts / sizeof *sink_opts;

const struct config_setting sink_defaults[] = {
    {"client.id", "loginpipe"},
    {"enable.idempotence", "true"},
    // Puts a key into the same partition as a Java client would.
    {"partitioner", "murmur2_random"},
    {"linger.ms", "5"},
    {"batch.num.messages", "100000"},
    // How much may wait for the broker at most. Usually kcat-out has less waiting; see batcher.c.
    {"queue.buffering.max.messages", "500000"},
    {"queue.buffering.max.kbytes", "65536"},
    // The broker and --max-line limit the size of a record, not librdkafka.
    {"message.max.bytes", "67108864"},
    // Below 2.10 librdkafka leaves Nagle's algorithm on.
    {"socket.nagle.disable", "true"},
    {NULL, NULL},
};

static const struct config_rule always[] = {
    {"delivery.report.only.error", "false", "kcat-out counts what is delivered", true},
    {"statistics.interval.ms", "0", "use --stats", true},
    {"enabled_events", "0", "kcat-out takes no events", true},
    {"log.queue", "false", "kcat-out logs at once", true},
    {NULL, NULL, NULL, false},
};

static const struct config_rule without_transactions[] = {
    {"transactional.id", "", "transactions need --exactly-once", false},
    {NULL, NULL, NULL, false},
};

static const struct config_rule with_transactions[] = {
    {"enable.idempotence", "true", "--exactly-once needs enable.idempotence=true", false},
    {NULL, NULL, NULL, false},
};

static const struct config_rule when_confirming[] = {
    {"acks", "-1",
     "with --exactly-once, --acks and --tee a line counts as delivered when all replicas have it; "
     "use acks=all",
     false},
    {NULL, NULL, NULL, false},
};

static const struct config_rule when_idempotent[] = {
    {"acks", "-1", "needs -X enable.idempotence=false too: lines may then be lost or repeated",
     false},
    {NULL, NULL, NULL, false},
};

// Returns in how many ms the broker aborts a transaction that is still open.
static int64_t transaction_timeout(const struct config_options *config)
{
    const char *text = config_value(config, "transaction.timeout.ms");
    int64_t timeout = TRANSACTION_TIMEOUT_DEFAULT;

    if (text != NULL)
        number_parse_int(text, &timeout);
    return timeout;
}

static int check_commit_every(const struct sink_options *sink, struct err *err)
{
    if (sink->commit_every <= sink->transaction_timeout / 2)
        return 0;
    return err_set(err, EX_USAGE,
                   "--commit-every: at most half of transaction.timeout.ms, which is %lld ms",
                   (long long)sink->transaction_timeout);
}

int sink_settings_apply(struct config_options *config, struct sink_options *sink,
                        const char **codec, struct err *err)
{
    const char *idempotence = config_value(config, "enable.idempotence");
    bool confirms = sink->exactly_once || sink->tee || sink->acks != NULL;

    if (config_check(config, always, err) != 0 ||
        config_check(config, sink->exactly_once ? with_transactions : without_transactions, err) !=
            0)
        return -1;
    if (confirms && config_check(config, when_confirming, err) != 0)
        return -1;
    if ((idempotence == NULL || strcmp(idempotence, "true") == 0) &&
        config_check(config, when_idempotent, err) != 0)
        return -1;
    sink->transaction_timeout = transaction_timeout(config);
    if (sink->exactly_once && (config_default(config, "transactional.id", "--transactional-id",
                                              &sink->transactional_id, err) != 0 ||
                               check_commit_every(sink, err) != 0))
        return -1;
    config_take(config, "transactional.id");
    return config_default(config, "compression.codec", "-z", codec, err);
}

int sink_settings_check(const struct sink_options *sink, struct err *err)
{
    if (sink->exactly_once && sink->acks != NULL)
        return err_set(err, EX_USAGE, "--acks, --exactly-once: only one of them can be given");
    if (sink->exactly_once && sink->undelivered != NULL)
        return err_set(
            err, EX_USAGE,
            "--undelivered: not with --exactly-once, where uncommitted lines are read again");
    if (sink->tee && (sink->exactly_once || sink->acks != NULL))
        return err_set(err, EX_USAGE, "--tee, %s: only the last sink of a chain can confirm marks",
                       sink->exactly_once ? "--exactly-once" : "--acks");
    if (sink->transactional_id != NULL && !sink->exactly_once)
        return err_set(err, EX_USAGE, "--transactional-id: needs --exactly-once");
    if (sink->commit_every >= 0 && !sink->exactly_once)
        return err_set(err, EX_USAGE, "--commit-every: needs --exactly-once");
    if (sink->health != NULL && !sink->exactly_once && sink->acks == NULL)
        return err_set(err, EX_USAGE, "--health: needs --acks or --exactly-once");
    return 0;
}
