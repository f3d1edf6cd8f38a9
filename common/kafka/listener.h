// SPDX-License-Identifier: BSD-2-Clause
//
// listener: says why a broker's listener does not serve a client, if another attempt would fail in
// the same way: a wrong password, a certificate that is not accepted, or a listener that speaks
// another protocol than the client.
//
//     struct listener_failure failure = {.code = code, .reason = reason, .first = true};
//     struct err err;
//     if (listener_refuses(rk, &failure, &err))
//         ...
//
// It recognises librdkafka's messages, since the error codes do not tell these cases apart. A
// message that it does not recognise counts as a failure that may pass, such as that of a broker
// which is starting.
#ifndef KAFKA_LISTENER_H
#define KAFKA_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"

#define LISTENER_ADDRESS_SIZE 256

struct listener_failure {
    rd_kafka_resp_err_t code; // as librdkafka reports it
    const char *reason;
    int certificate_error; // the broker's certificate: an X509_V_ERR_ number, or 0
    bool first;            // no broker has ever answered this client
};

// Returns whether another attempt would fail too, with the reason and EX_NOPERM or EX_CONFIG in
// *err. At a first connection that ends early it may connect to the listener itself, to see which
// protocol it speaks. This takes at most four seconds.
bool listener_refuses(rd_kafka_t *rk, const struct listener_failure *failure, struct err *err);

// Puts a failure into words that fit behind "not reachable: ": the broker's address, and
// librdkafka's reason without its details of state and time.
void listener_describe(const char *reason, char *text, size_t size);

#endif
