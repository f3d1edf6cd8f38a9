// SPDX-License-Identifier: BSD-2-Clause
//
// The words and statuses for what a broker refuses. tests/security-refusals.bats has the real
// refusals.
#include "kafka/client.h"

#include "kafka/listener.h"
#include "tap.h"

static void is(const struct client_needs *needs, rd_kafka_resp_err_t code, int status,
               const char *text)
{
    struct err err = {.status = -1};

    tap_int(client_error(&err, needs, code, EX_UNAVAILABLE, "topic %s", "t"), -1,
            "client_error() returns -1");
    tap_text(err.text, strlen(err.text), text, rd_kafka_err2name(code));
    tap_int(err.status, status, "its status");
}

static void check_rights(void)
{
    const struct client_needs one = {"WRITE", "a", "g", "id"};
    const struct client_needs two = {"READ", "a, b", NULL, NULL};
    const struct client_needs create = {"CREATE", "a", NULL, NULL};

    is(&one, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs WRITE on topic a");
    is(&two, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs READ on topics a, b");
    is(&create, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs CREATE on topic a, or CREATE on cluster");
    is(&create, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs CREATE on topic a, or CREATE on cluster");
    is(&one, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs WRITE on topic a, or, before Kafka 2.8, IDEMPOTENT_WRITE on cluster");
    is(&one, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs READ on group g");
    is(&one, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, EX_NOPERM,
       "not authorized: needs WRITE on transactional id id");
    is(&one, RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, EX_CONFIG,
       "topic t: the broker's offset.metadata.max.bytes is too low for the metadata of a mark: "
       "raise it");
    is(&one, RD_KAFKA_RESP_ERR__TIMED_OUT, EX_UNAVAILABLE, "topic t: Local: Timed out");
    is(&one, RD_KAFKA_RESP_ERR__AUTHENTICATION, EX_UNAVAILABLE,
       "topic t: Local: Authentication failure"); // there may be a token later
    is(&one, RD_KAFKA_RESP_ERR_INVALID_CONFIG, EX_CONFIG,
       "topic t: Broker: Configuration is invalid");
}

// Returns the status with which the failure of a connection ends the client, or 0.
static int ends(rd_kafka_t *rk, rd_kafka_resp_err_t code, const char *reason, struct err *err)
{
    const struct listener_failure failure = {.code = code, .reason = reason};

    return listener_refuses(rk, &failure, err) ? err->status : 0;
}

static void check_failures(void)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    struct err err = {.text = ""};

    rd_kafka_conf_set(conf, "sasl.mechanisms", "SCRAM-SHA-256", why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    tap_int(
        ends(rk, RD_KAFKA_RESP_ERR__AUTHENTICATION,
             "sasl_plaintext://h:1/bootstrap: SASL authentication error: no (after 3ms in state "
             "AUTH_REQ)",
             &err),
        EX_NOPERM, "a refused login ends the client");
    tap_ok(strncmp(err.text, "broker h:1: SASL authentication error: no", 41) == 0,
           "its message has the address and the reason: %s", err.text);
    tap_ok((strstr(err.text, "needs librdkafka 2.6.1") != NULL) ==
               (rd_kafka_version() < 0x020601ff),
           "with SCRAM and a librdkafka before 2.6.1, it names the version that is needed");
    tap_int(ends(rk, RD_KAFKA_RESP_ERR__AUTHENTICATION,
                 "h:1/1: SASL SCRAM-SHA-256 mechanism handshake failed: Local: Broker transport "
                 "failure: broker's supported mechanisms: ",
                 &err),
            0, "a connection that is lost during the login does not");
    tap_int(ends(rk, RD_KAFKA_RESP_ERR__TRANSPORT,
                 "h:1/1: Receive failed: error:0A000412:SSL routines::x: SSL alert number 42",
                 &err),
            EX_NOPERM, "an alert about the certificate ends the client");
    tap_int(ends(rk, RD_KAFKA_RESP_ERR__SSL, "h:1/1: SSL handshake failed: x: SSL alert number 80",
                 &err),
            0, "an internal error of the broker's TLS does not");
    tap_int(ends(rk, RD_KAFKA_RESP_ERR__SSL,
                 "h:1/1: SSL handshake failed: error:0A000126:SSL routines::unexpected eof while "
                 "reading",
                 &err),
            0, "a broker that stops during a later handshake does not");
    rd_kafka_destroy(rk);
}

static void describes(const char *reason, const char *text)
{
    char description[256];

    listener_describe(reason, description, sizeof description);
    tap_text(description, strlen(description), text, text);
}

int main(void)
{
    check_rights();
    check_failures();
    describes("ssl://[::1]:9092/bootstrap: Connect failed (after 3ms in state CONNECT)",
              "[::1]:9092: Connect failed");
    describes("h:1/1: Failed to resolve 'h:1': no", "h:1: Failed to resolve 'h:1': no");
    describes("GroupCoordinator: h:1: Disconnected (after 1ms in state UP)",
              "GroupCoordinator: h:1: Disconnected");
    describes("no address", "no address");
    return tap_done();
}
