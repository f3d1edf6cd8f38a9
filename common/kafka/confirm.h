// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_confirm: how the end of a pipe confirms marks. Either a mark goes back through a FIFO once
// all before it is delivered, or what was produced and the mark's position are committed in one
// transaction, or marks need no confirmation.
//
//     struct confirm c = {.delivery = &delivery, .options = &options, .acks = {.fd = -1}};
//     confirm_open(&c, &err);               // behind delivery_open()
//     confirm_hello(&c, &hello, &err);
//     while (...) {
//         confirm_begin(&c, &err);          // before each delivery_produce()
//         confirm_mark(&c, &mark, &err);
//         confirm_serve(&c, &err);          // now and then
//     }
//     confirm_close(&c);                    // before delivery_abandon()
//     confirm_release(&c);
//
// With acknowledgements, confirm_serve() is what sends them. Whatever else is to be safe when a
// mark is confirmed has to be so before it, and before confirm_mark(), is called.
#ifndef KAFKA_CONFIRM_H
#define KAFKA_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/ack_fifo.h"
#include "kafka/delivery.h"
#include "kafka/transaction.h"

struct confirm_options {
    const char *acks; // FIFO; NULL for none
    bool exactly_once;
    const char *transactional_id; // NULL for one that is made of hello's group and shard
};

struct confirm {
    struct delivery *delivery;
    const struct confirm_options *options;

    // What follows is the module's own; acks.fd has to be -1 from the start.
    struct ack_writer acks;
    struct buf reached;
    struct transaction transaction;
    char *made_id;
};

// The option that makes it need a stream with marks; NULL for none.
const char *confirm_option(const struct confirm_options *options);

// All return 0, or -1 with *err set.

// With a transactional id that is known, older producers of that name are fenced, and what they
// have left open is over, before kcat-in waits for that.
int confirm_open(struct confirm *c, struct err *err);

int confirm_hello(struct confirm *c, const struct mark *hello, struct err *err);
int confirm_begin(struct confirm *c, struct err *err);

// In a transaction, *committed says whether this has committed what was produced.
int confirm_mark(struct confirm *c, const struct mark *mark, bool *committed, struct err *err);
int confirm_serve(struct confirm *c, struct err *err);

// Aborts a transaction that is not committed.
void confirm_close(struct confirm *c);
void confirm_release(struct confirm *c);

#endif
