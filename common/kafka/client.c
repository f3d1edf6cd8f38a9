// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/client.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"

#define RETRY_PAUSE 200    // ms between looks at a topic that is not there
#define METADATA_TIME 2000 // ms for one request about one topic
#define ALL_METADATA_TIME 10000
#define ELECTION_TIME 1000 // ms for which a cluster may be without a controller

int kafka_error_status(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return EX_NOPERM;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return EX_UNAVAILABLE;
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        return EX_CONFIG;
    default:
        return EX_TEMPFAIL;
    }
}

void kafka_fail(struct kafka *k, int status, const char *fmt, ...)
{
    va_list ap;

    if (k->failed)
        return;
    k->failed = true;
    k->fatal.status = status;
    va_start(ap, fmt);
    vsnprintf(k->fatal.text, sizeof k->fatal.text, fmt, ap);
    va_end(ap);
}

bool kafka_is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

void kafka_fail_fenced(struct kafka *k)
{
    kafka_fail(k, EX_TEMPFAIL,
               "fenced by a newer pipeline with the same transactional id, or out of time");
}

void kafka_fail_fatal(struct kafka *k, rd_kafka_t *rk)
{
    char reason[256] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, reason, sizeof reason);

    if (kafka_is_fenced(code))
        kafka_fail_fenced(k);
    kafka_fail(k, EX_TEMPFAIL, "%s: %s", rd_kafka_err2name(code), reason);
}

int kafka_check(const struct kafka *k, struct err *err)
{
    if (!k->failed)
        return 0;
    *err = k->fatal;
    return -1;
}

static bool is_stopping(const struct kafka *k)
{
    return k->stopping != NULL && k->stopping();
}

bool kafka_keep_trying(const struct kafka *k, int64_t deadline)
{
    return !k->failed && !is_stopping(k) && time_monotonic() < deadline;
}

void kafka_alive(struct kafka *k)
{
    if (k->down)
        log_info("broker: reachable again");
    k->down = false;
}

// The messages of librdkafka that are about one connection are its way of saying that it retries.
// A broker that stays away is warned about once, by on_error(), which is told of fatal errors too.
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    bool told = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 ||
                strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "GETPID") == 0 ||
                strcmp(facility, "REQTMOUT") == 0 || strcmp(facility, "FATAL") == 0 ||
                strcmp(facility, "TXNERR") == 0;

    (void)rk;
    if (told || level >= 7)
        log_debug("librdkafka: %s: %s", facility, text);
    else if (level >= 5)
        log_info("librdkafka: %s: %s", facility, text);
    else
        log_warn("librdkafka: %s: %s", facility, text);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka *k = opaque;
    char *detail;

    switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
        kafka_fail_fatal(k, rk);
        return;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        kafka_fail(k, EX_NOPERM, "broker: %s", reason);
        return;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        if (!k->down)
            log_warn("broker: not reachable, waiting for it: %s", k->last_error);
        k->down = true;
        return;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
        // How often and in which state it failed is for the debug log.
        snprintf(k->last_error, sizeof k->last_error, "%s", reason);
        if ((detail = strstr(k->last_error, " (after ")) != NULL)
            *detail = '\0';
        break;
    default:
        break;
    }
    log_debug("librdkafka: %s: %s", rd_kafka_err2name(code), reason);
}

int kafka_init(struct kafka *k, rd_kafka_type_t type, rd_kafka_conf_t *conf,
               const struct kafka_options *options, void *ctx, struct err *err)
{
    char why[256];

    *k = (struct kafka){.ctx = ctx,
                        .wait = options->wait,
                        .stopping = options->stopping,
                        .last_error = "no answer"};
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    k->rk = rd_kafka_new(type, conf, why, sizeof why);
    if (k->rk != NULL)
        return 0;
    rd_kafka_conf_destroy(conf);
    return err_set(err, EX_CONFIG, "librdkafka: %s", why);
}

void kafka_release(struct kafka *k)
{
    if (k->rk != NULL)
        rd_kafka_destroy(k->rk);
    k->rk = NULL;
}

static int remaining(int64_t deadline, int most)
{
    int64_t left = deadline - time_monotonic();

    return left <= 0 ? 0 : left < most ? (int)left : most;
}

// Asks once about one topic, or about all when topic is NULL. Waiting is cut into short requests,
// so that errors that come meanwhile (wrong password), and signals, are seen soon.
static rd_kafka_resp_err_t ask(struct kafka *k, rd_kafka_topic_t *topic, int64_t deadline,
                               const struct rd_kafka_metadata **metadata)
{
    int timeout = remaining(deadline, topic == NULL ? ALL_METADATA_TIME : METADATA_TIME);
    rd_kafka_resp_err_t code =
        rd_kafka_metadata(k->rk, topic == NULL, topic, metadata, timeout == 0 ? 1 : timeout);

    rd_kafka_poll(k->rk, 0); // lets on_error() see what is waiting
    return code;
}

static int unreachable(const struct kafka *k, struct err *err)
{
    struct err seen;

    if (kafka_check(k, &seen) != 0) {
        *err = seen;
        return -1;
    }
    if (is_stopping(k))
        return err_set(err, EX_TEMPFAIL, "broker: told to stop while waiting for it");
    return err_set(err, EX_UNAVAILABLE, "broker: not reachable within %llds: %s",
                   (long long)(k->wait / MS_SECOND), k->last_error);
}

// Returns 0 when the topic is there, 1 when asking again may help, -1 when it will not.
static int topic_state(const struct rd_kafka_metadata_topic *topic, int *partitions)
{
    *partitions = topic->partition_cnt;
    if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0)
        return 0;
    return kafka_error_status(topic->err) == EX_NOPERM ||
                   topic->err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION
               ? -1
               : 1;
}

int kafka_wait_topic(struct kafka *k, const char *topic, int *partitions, struct err *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(k->rk, topic, NULL);
    int64_t deadline = time_monotonic() + k->wait;
    bool reached = false, told = false;
    rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    int state = 1;

    if (handle == NULL)
        return err_set(err, EX_USAGE, "topic %s: %s", topic,
                       rd_kafka_err2str(rd_kafka_last_error()));
    do {
        const struct rd_kafka_metadata *metadata;
        if (ask(k, handle, deadline, &metadata) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            reached = true;
            kafka_alive(k);
            state = metadata->topic_cnt == 1 ? topic_state(&metadata->topics[0], partitions) : 1;
            why = metadata->topic_cnt == 1 ? metadata->topics[0].err : why;
            rd_kafka_metadata_destroy(metadata);
        }
        // A topic that is just being created is silent for a second.
        if (state == 1 && reached && !told && time_monotonic() > deadline - k->wait + MS_SECOND) {
            log_warn("topic %s: %s; waiting for it", topic, rd_kafka_err2str(why));
            told = true;
        }
        if (state == 1 && remaining(deadline, 1) > 0)
            rd_kafka_poll(k->rk, remaining(deadline, RETRY_PAUSE));
    } while (state == 1 && kafka_keep_trying(k, deadline));
    rd_kafka_topic_destroy(handle);
    if (state == 0)
        return 0;
    if (!reached || is_stopping(k))
        return unreachable(k, err);
    return err_set(err, kafka_error_status(why) == EX_NOPERM ? EX_NOPERM : EX_UNAVAILABLE,
                   "topic %s: %s", topic, rd_kafka_err2str(why));
}

static bool knows_controller(const struct kafka *k, const struct rd_kafka_metadata *metadata)
{
    int32_t controller = rd_kafka_controllerid(k->rk, 0);

    for (int i = 0; i < metadata->broker_cnt; i++) {
        if (metadata->brokers[i].id == controller)
            return true;
    }
    return false;
}

int kafka_find_controller(struct kafka *k, struct err *err)
{
    int64_t deadline = time_monotonic() + k->wait;
    int64_t patience = INT64_MAX; // until when a controller may be missing

    do {
        const struct rd_kafka_metadata *metadata;
        int timeout = remaining(deadline, METADATA_TIME);
        if (rd_kafka_metadata(k->rk, 0, NULL, &metadata, timeout == 0 ? 1 : timeout) ==
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            k->has_controller = knows_controller(k, metadata);
            rd_kafka_metadata_destroy(metadata);
            if (k->has_controller || time_monotonic() >= patience)
                return 0;
            if (patience == INT64_MAX)
                patience = time_monotonic() + ELECTION_TIME;
            rd_kafka_poll(k->rk, RETRY_PAUSE);
        }
        rd_kafka_poll(k->rk, 0);
    } while (kafka_keep_trying(k, deadline));
    return patience == INT64_MAX ? unreachable(k, err) : 0;
}

int kafka_match_topics(struct kafka *k, const char *regex, struct opt_list *names, struct err *err)
{
    const struct rd_kafka_metadata *metadata;
    int64_t deadline = time_monotonic() + k->wait;
    regex_t compiled;
    char why[256];
    int status = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);

    if (status != 0) {
        regerror(status, &compiled, why, sizeof why);
        return err_set(err, EX_USAGE, "topic %s: %s", regex, why);
    }
    rd_kafka_resp_err_t code;
    do {
        code = ask(k, NULL, deadline, &metadata);
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && kafka_keep_trying(k, deadline));
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        regfree(&compiled);
        return unreachable(k, err);
    }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const char *name = metadata->topics[i].topic;
        // Topics of Kafka's own are never meant by a pattern.
        if (strncmp(name, "__", 2) != 0 && regexec(&compiled, name, 0, NULL, 0) == 0)
            opt_list_add(names, xstrdup(name));
    }
    rd_kafka_metadata_destroy(metadata);
    regfree(&compiled);
    return 0;
}
