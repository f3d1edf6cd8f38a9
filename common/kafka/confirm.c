// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/confirm.h"

#include <stdlib.h>

#include "base/xalloc.h"

const char *confirm_option(const struct confirm_options *options)
{
    if (options->exactly_once)
        return "--exactly-once";
    return options->acks != NULL ? "--acks" : NULL;
}

static int open_transactions(struct confirm *c, const char *id, struct err *err)
{
    struct producer *producer = &c->delivery->producer;

    if (producer_make_transactional(producer, id, err) != 0)
        return -1;
    c->transaction.kafka = &producer->kafka;
    c->transaction.options = producer->settings->kafka;
    return transaction_open(&c->transaction, err);
}

int confirm_open(struct confirm *c, struct err *err)
{
    if (c->options->acks != NULL)
        return ack_writer_open(&c->acks, c->options->acks, err);
    if (!c->options->exactly_once || c->options->transactional_id == NULL)
        return 0;
    return open_transactions(c, c->options->transactional_id, err);
}

// The stream says whose offsets are to be committed: take the place of older producers, and make
// sure that none has moved on.
static int begin_transactions(struct confirm *c, const struct mark *hello, struct err *err)
{
    if (hello->group == NULL)
        return err_set(err, EX_USAGE, "--exactly-once: kcat-in reads without a group (-G)");
    if (hello->shard == NULL)
        return err_set(err, EX_USAGE,
                       "--exactly-once: kcat-in reads no fixed partitions (--shard or -p)");
    if (!c->transaction.open) {
        c->made_id = xasprintf("loginpipe.%s.%s", hello->group, hello->shard);
        if (open_transactions(c, c->made_id, err) != 0)
            return -1;
    }
    return transaction_check(&c->transaction, hello, err);
}

static void send_back(struct confirm *c, const struct mark *mark)
{
    struct buf line = BUF_INIT;

    mark_format(&line, mark);
    delivery_mark(c->delivery, line.data, line.len);
    buf_release(&line);
}

int confirm_hello(struct confirm *c, const struct mark *hello, struct err *err)
{
    if (c->options->exactly_once)
        return begin_transactions(c, hello, err);
    if (c->options->acks != NULL)
        send_back(c, hello);
    return 0;
}

int confirm_begin(struct confirm *c, struct err *err)
{
    return c->options->exactly_once ? transaction_begin(&c->transaction, err) : 0;
}

int confirm_mark(struct confirm *c, const struct mark *mark, bool *committed, struct err *err)
{
    *committed = false;
    if (c->options->acks != NULL)
        send_back(c, mark);
    if (!c->options->exactly_once || !transaction_is_due(&c->transaction, mark))
        return 0;
    // A delivery that failed is found by the check.
    if (delivery_flush(c->delivery, err) != 0 ||
        kafka_check(&c->delivery->producer.kafka, err) != 0 ||
        transaction_commit(&c->transaction, mark, err) != 0)
        return -1;
    *committed = true;
    return 0;
}

int confirm_serve(struct confirm *c, struct err *err)
{
    if (c->options->acks == NULL)
        return 0;
    if (delivery_reached(c->delivery, &c->reached))
        ack_writer_put(&c->acks, c->reached.data, c->reached.len);
    return ack_writer_flush(&c->acks, err);
}

void confirm_close(struct confirm *c)
{
    transaction_release(&c->transaction);
}

void confirm_release(struct confirm *c)
{
    transaction_release(&c->transaction);
    ack_writer_release(&c->acks);
    buf_release(&c->reached);
    free(c->made_id);
}
