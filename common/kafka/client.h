// SPDX-License-Identifier: BSD-2-Clause
//
// client: a connection to a Kafka cluster, with librdkafka's log messages and errors.
//
//     struct client client;
//     rd_kafka_conf_t *conf = config_new(&options.kafka, defaults, &err);
//     rd_kafka_conf_set_rebalance_cb(conf, on_rebalance); // callbacks get &client as opaque
//     if (client_init(&client, RD_KAFKA_CONSUMER, conf, &options.kafka, ctx, &err) != 0)
//         ...
//     client_release(&client);
//
// These functions never end the process. librdkafka's callbacks record a fatal error in the client,
// and client_check() reports it. The callbacks run during rd_kafka_poll() and other calls that
// serve the client's queue.
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/metrics.h"
#include "kafka/config.h"
#include "kafka/oauth.h"

// What a client needs rights to, for messages that say which right is missing. A broker only says
// whether it refuses a topic, a group, a transactional id or the cluster. Texts are borrowed.
struct client_needs {
    const char *right;            // to the topics: "READ", "WRITE" or "CREATE"
    const char *topics;           // one name, or several, such as "a, b"; NULL when not known
    const char *group;            // NULL for none
    const char *transactional_id; // NULL for none
};

struct client {
    rd_kafka_t *rk;
    void *ctx; // the owner's
    int64_t wait;
    bool (*stopping)(void);
    const char *creates; // added to the message about a missing topic: what creates it; may be NULL
    struct client_needs needs; // client_init() sets the right; the owner sets the rest
    bool has_controller;       // see metadata_find_controller()
    int brokers;               // in the cluster; see metadata_find_controller()
    bool answered;             // a broker has answered
    bool down;                 // no broker is reachable, and a warning has said so
    bool failed;               // a fatal error has been recorded in `fatal`
    struct err fatal;
    struct oauth oauth;
    int64_t unsure_since;         // a connection has failed, and no broker has answered since; or 0
    struct background probe;      // asks whether any broker answers
    rd_kafka_resp_err_t said;     // by the probe
    char last_error[512];         // of the most recent failed connection
    atomic_int certificate_error; // of the broker's certificate; set by librdkafka's threads
};

// Connects. Takes ownership of conf, even if it fails. Returns 0, or -1 with EX_CONFIG.
int client_init(struct client *client, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                const struct config_options *options, void *ctx, struct err *err);
void client_release(struct client *client);

// Returns 0, or -1 with *err set when a fatal error has been recorded.
int client_check(const struct client *client, struct err *err);

// Records a fatal error, unless one is recorded already. Safe within librdkafka's callbacks.
__attribute__((format(printf, 3, 4))) void client_fail(struct client *client, int status,
                                                       const char *fmt, ...);

// Records the error of a request, as client_error() words it.
__attribute__((format(printf, 4, 5))) void client_fail_error(struct client *client,
                                                             const struct client_needs *needs,
                                                             rd_kafka_resp_err_t code,
                                                             const char *fmt, ...);

// Records that a newer producer with the same transactional id has fenced this one.
void client_fail_fenced(struct client *client);

// Records the fatal error that librdkafka has reported as RD_KAFKA_RESP_ERR__FATAL.
void client_fail_fatal(struct client *client, rd_kafka_t *rk);

// Returns whether an error means that a newer producer has fenced this one.
bool client_is_fenced(rd_kafka_resp_err_t code);

// Returns whether the process was asked to stop.
bool client_is_stopping(const struct client *client);

// Returns whether a loop that waits for a broker should continue: false after the deadline (a
// time_monotonic()), after a fatal error, and when the process was asked to stop.
bool client_keep_trying(const struct client *client, int64_t deadline);

// Sets *err to say that no broker answered within client->wait, and why. Returns -1.
int client_unreachable(const struct client *client, struct err *err);

// Returns the id of the cluster, or NULL while no broker has said it. Free it with free().
char *client_cluster(const struct client *client);

// Appends whether a broker is reachable.
void client_put_metrics(const struct client *client, struct metrics *m);

// Notes that a broker has answered, which ends the "not reachable" state.
void client_alive(struct client *client);

// Finds out, without waiting, whether any broker is reachable after a connection has failed. Warns
// once if none is. Call it in the loop of a client that runs for long.
void client_watch(struct client *client);

// Serves librdkafka's callbacks, and waits up to wait_ms for the first one. Then watches, as
// client_watch() does. Each loop that waits for the broker must call one of the two.
void client_serve(struct client *client, int wait_ms);

// Returns the exit status for an error of librdkafka or of the broker; EX_TEMPFAIL for most errors.
int client_error_status(rd_kafka_resp_err_t code);

// Returns whether an error means that a right is missing, or that the login failed.
bool client_is_refused(rd_kafka_resp_err_t code);

// Returns whether an error has a cause that only a person can mend: a refusal, or a wrong setting
// of the client or of the broker.
bool client_is_final(rd_kafka_resp_err_t code);

// Returns what the client needs, with another topic. `topic` may be NULL for no other topic.
struct client_needs client_needs_topic(const struct client *client, const char *topic);

// Appends a topic to a text for needs.topics. The text ends without a NUL byte.
void client_add_topic(struct buf *names, const char *topic);

// Sets *err to say what an error of a request means, and returns -1. If the broker refuses a right,
// the message names that right, such as "not authorized: needs READ on topic user-login".
// Otherwise it is the formatted text, which names the request, and the reason. `status` is for
// errors for which client_error_status() has no status of their own.
__attribute__((format(printf, 5, 6))) int client_error(struct err *err,
                                                       const struct client_needs *needs,
                                                       rd_kafka_resp_err_t code, int status,
                                                       const char *fmt, ...);

#endif
