// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"

int client_error_status(rd_kafka_resp_err_t code)
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
    client_fail(client, EX_TEMPFAIL, "%s: %s", rd_kafka_err2name(code), reason);
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

void client_alive(struct client *client)
{
    if (client->down)
        log_info("broker: reachable again");
    client->down = false;
}

// A message of librdkafka about one connection only means that librdkafka tries again. on_error()
// warns once if no broker is reachable, and handles fatal errors.
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
    struct client *client = opaque;
    char *detail;

    switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
        client_fail_fatal(client, rk);
        return;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        client_fail(client, EX_NOPERM, "broker: %s", reason);
        return;
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        if (!client->down)
            log_warn("broker: not reachable, waiting for it: %s", client->last_error);
        client->down = true;
        return;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
        // Only the debug log shows how often the connection failed, and in which state.
        snprintf(client->last_error, sizeof client->last_error, "%s", reason);
        if ((detail = strstr(client->last_error, " (after ")) != NULL)
            *detail = '\0';
        break;
    default:
        break;
    }
    log_debug("librdkafka: %s: %s", rd_kafka_err2name(code), reason);
}

int client_init(struct client *client, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                const struct config_options *options, void *ctx, struct err *err)
{
    char why[256];

    *client = (struct client){.ctx = ctx,
                              .wait = options->wait,
                              .stopping = options->stopping,
                              .last_error = "no answer"};
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    client->rk = rd_kafka_new(type, conf, why, sizeof why);
    if (client->rk != NULL)
        return 0;
    rd_kafka_conf_destroy(conf);
    return err_set(err, EX_CONFIG, "librdkafka: %s", why);
}

void client_release(struct client *client)
{
    if (client->rk != NULL)
        rd_kafka_destroy(client->rk);
    client->rk = NULL;
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
