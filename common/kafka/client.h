// SPDX-License-Identifier: BSD-2-Clause
//
// kafka: what the Kafka tools share: options and config files, the client's life, and its errors.
//
// Options are kcat's (-b, -X, -F). Settings are taken in this order, later ones winning: the
// tool's own defaults, $KCAT_CONFIG or else ~/.config/kcat.conf (neither with -F),
// $BOOTSTRAP_SERVERS, the -F file, -X, -b. Values of secret settings are never printed.
//
//     struct kafka k;
//     rd_kafka_conf_t *conf = kafka_conf_new(&options.kafka, defaults, &err);
//     rd_kafka_conf_set_rebalance_cb(conf, on_rebalance); // gets &k as its opaque
//     if (kafka_init(&k, RD_KAFKA_CONSUMER, conf, &options.kafka, ctx, &err) != 0 ||
//         kafka_wait_topic(&k, "user-login", &partitions, &err) != 0)
//         ...
//     kafka_release(&k);
//
// Nothing here ends the process. A fatal error is recorded by the callbacks of librdkafka, which
// run in kafka_poll() or in whatever serves the client's queue, and found by kafka_check().
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/opt.h"

struct kafka_options {
    const char *brokers;     // -b; NULL when not given
    const char *config_file; // -F
    struct opt_list props;   // -X
    int64_t wait;            // ms: how long a broker or topic may be missing at the start
    bool (*stopping)(void);  // asked while waiting: whether to give up; NULL for never
};

#define KAFKA_OPTIONS_INIT                                                                         \
    {                                                                                              \
        .wait = 30000                                                                              \
    }

extern const struct opt kafka_opts[];
extern const size_t kafka_opt_count;

struct kafka_setting {
    const char *name, *value;
};

// Does what -X list and -X dump ask for and ends the process; returns when neither is given.
void kafka_show(const struct kafka_options *options, const struct kafka_setting *defaults);

// Collects the settings; defaults ends with a NULL name. Returns NULL with *err set: EX_USAGE for a
// wrong option, EX_CONFIG for a wrong file.
rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *options,
                                const struct kafka_setting *defaults, struct err *err);

// Whether the value of a setting must never be shown.
bool kafka_setting_is_secret(const char *name);

struct kafka {
    rd_kafka_t *rk;
    void *ctx; // the tool's
    int64_t wait;
    bool (*stopping)(void);
    bool has_controller; // see kafka_find_controller()
    bool down;           // all brokers are, and the warning has been given
    bool failed;         // for good; see fatal
    struct err fatal;
    char last_error[256]; // the last thing that went wrong with a connection
};

// Takes conf, also on failure. Returns 0 or -1.
int kafka_init(struct kafka *k, rd_kafka_type_t type, rd_kafka_conf_t *conf,
               const struct kafka_options *options, void *ctx, struct err *err);
void kafka_release(struct kafka *k);

// Returns -1 with *err set when a fatal error has been recorded.
int kafka_check(const struct kafka *k, struct err *err);

// Records a fatal error; the first one stays. For use within callbacks.
__attribute__((format(printf, 3, 4))) void kafka_fail(struct kafka *k, int status, const char *fmt,
                                                      ...);

// The same for a producer whose place another one has taken, which is what such an error says.
void kafka_fail_fenced(struct kafka *k);

// After an error that is RD_KAFKA_RESP_ERR__FATAL: fails with what it stands for.
void kafka_fail_fatal(struct kafka *k, rd_kafka_t *rk);

bool kafka_is_fenced(rd_kafka_resp_err_t code);

// For loops that wait for a broker: whether to try again. Ends at the deadline (by
// time_monotonic()), after a fatal error, and when the process is asked to stop.
bool kafka_keep_trying(const struct kafka *k, int64_t deadline);

// Something came from a broker: ends the state that the "not reachable" warning began.
void kafka_alive(struct kafka *k);

// Waits until the topic is known to have partitions. Returns 0 and their number, or -1 with
// EX_UNAVAILABLE after k->wait, EX_NOPERM at once.
int kafka_wait_topic(struct kafka *k, const char *topic, int *partitions, struct err *err);

// Whether the cluster has a controller, which changes to it are asked of. The mock cluster of
// librdkafka 2.0.2 names one that does not exist. Puts the answer into k->has_controller. Returns
// 0, or -1 with EX_UNAVAILABLE.
int kafka_find_controller(struct kafka *k, struct err *err);

// The names of all topics whose name matches the POSIX extended regex. The caller owns names.
int kafka_match_topics(struct kafka *k, const char *regex, struct opt_list *names, struct err *err);

// The exit status that fits an error of librdkafka or the broker.
int kafka_error_status(rd_kafka_resp_err_t code);

#endif
