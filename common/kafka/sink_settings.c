// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/sink_settings.h"

#include <string.h>

#include "base/number.h"

#define TRANSACTION_TIMEOUT_DEFAULT 60000 // ms; librdkafka's default

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

int sink_settings_apply(struct config_options *config, struct sink_choice choice,
                        struct sink_options *sink, const char **codec, struct err *err)
{
    const char *idempotence = config_value(config, "enable.idempotence");
    bool confirms = choice.exactly_once || choice.tee || sink->acks != NULL;

    if (config_check(config, always, err) != 0 ||
        config_check(config, choice.exactly_once ? with_transactions : without_transactions, err) !=
            0)
        return -1;
    if (confirms && config_check(config, when_confirming, err) != 0)
        return -1;
    if ((idempotence == NULL || strcmp(idempotence, "true") == 0) &&
        config_check(config, when_idempotent, err) != 0)
        return -1;
    sink->transaction_timeout = transaction_timeout(config);
    if (choice.exactly_once && (config_default(config, "transactional.id", "--transactional-id",
                                               &sink->transactional_id, err) != 0 ||
                                check_commit_every(sink, err) != 0))
        return -1;
    config_take(config, "transactional.id");
    return config_default(config, "compression.codec", "-z", codec, err);
}

int sink_settings_check(struct sink_choice choice, const struct sink_options *sink, struct err *err)
{
    if (choice.exactly_once && sink->acks != NULL)
        return err_set(err, EX_USAGE, "--acks, --exactly-once: only one of them can be given");
    if (choice.exactly_once && choice.undelivered)
        return err_set(
            err, EX_USAGE,
            "--undelivered: not with --exactly-once, where uncommitted lines are read again");
    if (choice.tee && (choice.exactly_once || sink->acks != NULL))
        return err_set(err, EX_USAGE, "--tee, %s: only the last sink of a chain can confirm marks",
                       choice.exactly_once ? "--exactly-once" : "--acks");
    if (sink->transactional_id != NULL && !choice.exactly_once)
        return err_set(err, EX_USAGE, "--transactional-id: needs --exactly-once");
    if (sink->commit_every >= 0 && !choice.exactly_once)
        return err_set(err, EX_USAGE, "--commit-every: needs --exactly-once");
    if (sink->health != NULL && !choice.exactly_once && sink->acks == NULL)
        return err_set(err, EX_USAGE, "--health: needs --acks or --exactly-once");
    return 0;
}
