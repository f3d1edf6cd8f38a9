// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/listener.h"
#include "kafka/tls_files.h"

#define PROBE_AFTER MS_SECOND // after a connection has failed
#define PROBE_TIME 2000       // ms

// Errors with a status of their own. An advice replaces librdkafka's text. A call that fails
// because a connection could not sign in (RD_KAFKA_RESP_ERR__AUTHENTICATION) is not one of them:
// on_error() ends the client if the login is refused, and else, for want of a token, another
// attempt may do.
static const struct meaning {
    rd_kafka_resp_err_t code;
    int status;
    const char *advice; // NULL for none
} meanings[] = {
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, EX_NOPERM, NULL},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EX_NOPERM, NULL},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, EX_NOPERM, NULL},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, EX_NOPERM, NULL},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, EX_NOPERM, NULL},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, EX_UNAVAILABLE, NULL},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, EX_UNAVAILABLE, NULL},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, EX_UNAVAILABLE, NULL},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, EX_CONFIG,
     "not a valid topic name: it may have up to 249 letters, digits, dots, underscores and "
     "hyphens"},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, EX_CONFIG, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, EX_CONFIG, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, EX_CONFIG, NULL},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, EX_CONFIG,
     "transaction.timeout.ms is above the broker's transaction.max.timeout.ms: lower it with -X, "
     "or raise the broker's"},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, EX_CONFIG,
     "session.timeout.ms is outside of what the broker allows (group.min.session.timeout.ms to "
     "group.max.session.timeout.ms): change it with -X"},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, EX_CONFIG,
     "the other members of the group have another partition.assignment.strategy"},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, EX_CONFIG,
     "the broker's offset.metadata.max.bytes is too low for the metadata of a mark: raise it"},
};

static const struct meaning *meaning_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].code == code)
            return &meanings[i];
    }
    return NULL;
}

int client_error_status(rd_kafka_resp_err_t code)
{
    const struct meaning *meaning = meaning_of(code);

    return meaning == NULL ? EX_TEMPFAIL : meaning->status;
}

bool client_is_refused(rd_kafka_resp_err_t code)
{
    return client_error_status(code) == EX_NOPERM;
}

bool client_is_final(rd_kafka_resp_err_t code)
{
    return client_is_refused(code) || client_error_status(code) == EX_CONFIG;
}

struct client_needs client_needs_topic(const struct client *client, const char *topic)
{
    struct client_needs needs = client->needs;

    if (topic != NULL)
        needs.topics = topic;
    return needs;
}

static int topic_refused(struct err *err, const struct client_needs *needs, const char *more)
{
    const char *topics = needs->topics == NULL ? "(unknown)" : needs->topics;

    return err_set(err, EX_NOPERM, "not authorized: needs %s on topic%s %s%s", needs->right,
                   strchr(topics, ',') == NULL ? "" : "s", topics, more);
}

// Returns -1 with the missing right in *err, or 0 if the error is another one.
static int name_right(struct err *err, const struct client_needs *needs, rd_kafka_resp_err_t code)
{
    bool create = strcmp(needs->right, "CREATE") == 0;

    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return topic_refused(err, needs, create ? ", or CREATE on cluster" : "");
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        // A producer may be idempotent if it may write to any topic.
        return topic_refused(err, needs,
                             create ? ", or CREATE on cluster"
                                    : ", or, before Kafka 2.8, IDEMPOTENT_WRITE on cluster");
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return err_set(err, EX_NOPERM, "not authorized: needs READ on group %s",
                       needs->group == NULL ? "(unknown)" : needs->group);
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return err_set(err, EX_NOPERM, "not authorized: needs WRITE on transactional id %s",
                       needs->transactional_id == NULL ? "(unknown)" : needs->transactional_id);
    default:
        return 0;
    }
}

static int error_va(struct err *err, const struct client_needs *needs, rd_kafka_resp_err_t code,
                    int status, const char *fmt, va_list ap)
{
    const struct meaning *meaning = meaning_of(code);
    char what[256];

    if (name_right(err, needs, code) != 0)
        return -1;
    vsnprintf(what, sizeof what, fmt, ap);
    return err_set(err, meaning == NULL ? status : meaning->status, "%s: %s", what,
                   meaning == NULL || meaning->advice == NULL ? rd_kafka_err2str(code)
                                                              : meaning->advice);
}

int client_error(struct err *err, const struct client_needs *needs, rd_kafka_resp_err_t code,
                 int status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    error_va(err, needs, code, status, fmt, ap);
    va_end(ap);
    return -1;
}

void client_fail(struct client *client, int status, const char *fmt, ...)
{
    va_list ap;

    if (client->failed)
        return;
    client->failed = true;
    client->fatal.status = status;
    va_start(ap, fmt);
    vsnprintf(client->fatal.text, sizeof client->fatal.text, fmt, ap);
    va_end(ap);
}

void client_fail_error(struct client *client, const struct client_needs *needs,
                       rd_kafka_resp_err_t code, const char *fmt, ...)
{
    struct err err;
    va_list ap;

    va_start(ap, fmt);
    error_va(&err, needs, code, EX_TEMPFAIL, fmt, ap);
    va_end(ap);
    client_fail(client, err.status, "%s", err.text);
}

bool client_is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

void client_fail_fenced(struct client *client)
{
    client_fail(
        client, EX_TEMPFAIL,
        "fenced by a newer pipeline with the same transactional id, or its transaction timed out");
}

void client_fail_fatal(struct client *client, rd_kafka_t *rk)
{
    char reason[256] = "";
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, reason, sizeof reason);

    if (client_is_fenced(code))
        client_fail_fenced(client);
    else if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        client_fail(client, EX_TEMPFAIL,
                    "fenced by another member of the group with the same group.instance.id; "
                    "each worker needs one of its own (WORKER_ID of loginpipe)");
    else if (client_is_final(code))
        client_fail_error(client, &client->needs, code, "producer");
    else
        client_fail(client, EX_TEMPFAIL, "%s: %s", rd_kafka_err2name(code), reason);
}

void client_add_topic(struct buf *names, const char *topic)
{
    if (names->len > 0)
        buf_append(names, ", ", 2);
    buf_append(names, topic, strlen(topic));
}

int client_check(const struct client *client, struct err *err)
{
    if (!client->failed)
        return 0;
    *err = client->fatal;
    return -1;
}

bool client_is_stopping(const struct client *client)
{
    return client->stopping != NULL && client->stopping();
}

bool client_keep_trying(const struct client *client, int64_t deadline)
{
    return !client->failed && !client_is_stopping(client) && time_monotonic() < deadline;
}

void client_put_metrics(const struct client *client, struct metrics *m)
{
    metrics_family(m, "loginpipe_broker_up", "gauge", "0 while no broker is reachable, or else 1.");
    metrics_put_u64(m, !client->down, NULL);
}

void client_alive(struct client *client)
{
    if (client->down)
        log_info("broker: reachable again");
    client->down = false;
    client->answered = true;
    client->unsure_since = 0;
}

static void warn_unreachable(struct client *client)
{
    if (!client->down && !client->failed)
        log_warn("broker: not reachable, waiting for it: %s", client->last_error);
    client->down = true;
}

// Runs in a thread of its own.
static void probe(void *ctx)
{
    struct client *client = ctx;
    const struct rd_kafka_metadata *metadata;

    client->said = rd_kafka_metadata(client->rk, 0, NULL, &metadata, PROBE_TIME);
    if (client->said == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
}

// librdkafka says that all brokers are down when the last one fails, but not always: if it drops
// the address of a coordinator before it notices that another connection is lost, it does not
// count them right (rd_kafka_broker_set_state() of 2.0.2).
void client_watch(struct client *client)
{
    if (background_finished(&client->probe)) {
        if (client->said == RD_KAFKA_RESP_ERR_NO_ERROR)
            client_alive(client);
        else if (client->unsure_since != 0)
            warn_unreachable(client);
    }
    if (client->unsure_since != 0 && !client->down && !background_busy(&client->probe) &&
        time_monotonic() - client->unsure_since >= PROBE_AFTER)
        background_start(&client->probe, probe, client);
}

void client_serve(struct client *client, int wait_ms)
{
    rd_kafka_poll(client->rk, wait_ms);
    client_watch(client);
}

// A message of librdkafka about one connection only means that librdkafka tries again. on_error()
// warns once if no broker is reachable, and handles fatal errors.
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    bool told = strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 ||
                strcmp(facility, "CONFWARN") == 0 || strcmp(facility, "GETPID") == 0 ||
                strcmp(facility, "REQTMOUT") == 0 || strcmp(facility, "FATAL") == 0 ||
                strcmp(facility, "TXNERR") == 0 || strcmp(facility, "ADDPARTS") == 0 ||
                strcmp(facility, "ADDOFFSETS") == 0 || strcmp(facility, "SSLCERTVRFY") == 0 ||
                strcmp(facility, "SSLPASSWD") == 0 || strcmp(facility, "SSL") == 0 ||
                strcmp(facility, "METADATA") == 0 || strcmp(facility, "OIDC") == 0;

    (void)rk;
    if (told || level >= 7)
        log_debug("librdkafka: %s: %s", facility, text);
    else if (level >= 5)
        log_info("librdkafka: %s: %s", facility, text);
    else
        log_warn("librdkafka: %s: %s", facility, text);
}

// Notes why a connection failed. Ends the client if another attempt would fail too.
static void on_connection_error(struct client *client, rd_kafka_t *rk, rd_kafka_resp_err_t code,
                                const char *reason)
{
    const struct listener_failure failure = {.code = code,
                                             .reason = reason,
                                             .certificate_error = client->certificate_error,
                                             .first = !client->answered};
    struct err err;

    if (client->unsure_since == 0)
        client->unsure_since = time_monotonic();
    // The broker ends connections whose token has expired, and refuses others. That passes with the
    // next token. If there is none, on_token_failure() has said why.
    if (oauth_may_be_late(&client->oauth))
        return;
    listener_describe(reason, client->last_error, sizeof client->last_error);
    if (!client->failed && listener_refuses(rk, &failure, &err))
        client_fail(client, err.status, "%s", err.text);
}

// Notes that there is no token, without which librdkafka does not connect. That its own unsigned
// tokens cannot be made is final.
static void on_token_failure(struct client *client, const char *why)
{
    int status = client->oauth.refused;

    if (status == 0 && client->oauth.http == NULL && !client->answered)
        status = EX_NOPERM;
    snprintf(client->last_error, sizeof client->last_error, "no token: %s", why);
    if (client->unsure_since == 0)
        client->unsure_since = time_monotonic();
    if (status != 0)
        client_fail(client, status, "broker: %s", client->last_error);
    else if (!client->answered && !client_is_stopping(client)) // else one may still be open
        warn_unreachable(client);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct client *client = opaque;

    log_debug("librdkafka: %s: %s", rd_kafka_err2name(code), reason);
    switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
        client_fail_fatal(client, rk);
        return;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        // A broker also ends connections whose tokens have expired: client_watch() finds out.
        if (client->oauth.http == NULL)
            warn_unreachable(client);
        return;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        if (strncmp(reason, OAUTH_FAILURE, strlen(OAUTH_FAILURE)) == 0) {
            on_token_failure(client, reason + strlen(OAUTH_FAILURE));
            return;
        }
        on_connection_error(client, rk, code, reason);
        return;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
        on_connection_error(client, rk, code, reason);
        return;
    default:
        return;
    }
}

// Called in librdkafka's threads. Keeps OpenSSL's verdict, which librdkafka's error does not have.
static int on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *error, int depth,
                          const char *data, size_t size, char *why, size_t why_size, void *opaque)
{
    struct client *client = opaque;

    (void)rk, (void)broker, (void)id, (void)depth, (void)data, (void)size;
    if (*error == 0)
        return 1;
    client->certificate_error = *error;
    snprintf(why, why_size, "OpenSSL's error %d", *error);
    return 0;
}

static void on_token_wanted(rd_kafka_t *rk, const char *config, void *opaque)
{
    (void)config;
    oauth_refresh(&((struct client *)opaque)->oauth, rk);
}

// Ends the life of settings that librdkafka could not use. Before 2.13 it has then freed their
// interceptors, and would free them once more with the settings (its issue 4142), so these stay.
static void drop_refused(rd_kafka_conf_t *conf)
{
    static rd_kafka_conf_t *volatile kept; // so that a leak checker finds them

    (void)kept;
    if (rd_kafka_version() >= 0x020d0000)
        rd_kafka_conf_destroy(conf);
    else
        kept = conf;
}

int client_init(struct client *client, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                const struct config_options *options, void *ctx, struct err *err)
{
    char why[256];

    *client = (struct client){.ctx = ctx,
                              .wait = options->wait,
                              .stopping = options->stopping,
                              .needs.right = type == RD_KAFKA_PRODUCER ? "WRITE" : "READ",
                              .last_error = "no answer"};
    if (oauth_init(&client->oauth, options, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    oauth_configure(&client->oauth, conf, on_token_wanted);
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    client->rk = rd_kafka_new(type, conf, why, sizeof why);
    if (client->rk != NULL) {
        oauth_start(&client->oauth, client->rk);
        return 0;
    }
    if (!tls_files_explain(conf, why, err))
        err_set(err, EX_CONFIG, "librdkafka: %s", why);
    drop_refused(conf);
    return -1;
}

void client_release(struct client *client)
{
    background_release(&client->probe);
    oauth_stop(&client->oauth);
    if (client->rk != NULL)
        rd_kafka_destroy(client->rk);
    client->rk = NULL;
    oauth_release(&client->oauth);
}

char *client_cluster(const struct client *client)
{
    char *id = rd_kafka_clusterid(client->rk, 0);
    char *copy = id == NULL ? NULL : xstrdup(id);

    rd_kafka_mem_free(client->rk, id);
    return copy;
}

int client_unreachable(const struct client *client, struct err *err)
{
    struct err seen;

    if (client_check(client, &seen) != 0) {
        *err = seen;
        return -1;
    }
    if (client_is_stopping(client))
        return err_set(err, EX_TEMPFAIL, "broker: stopped while waiting for it");
    return err_set(err, EX_UNAVAILABLE, "broker: not reachable within %llds: %s",
                   (long long)(client->wait / MS_SECOND), client->last_error);
}
