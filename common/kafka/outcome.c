// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

int outcome_open(struct outcome *o, const char *file, struct err *err)
{
    if (file == NULL)
        return 0;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_set(err, EX_CANTCREAT, "--undelivered: %s: %s", file, strerror(errno));
    out_init(&o->undelivered, fd, file);
    o->file = file;
    return 0;
}

void outcome_release(struct outcome *o)
{
    out_release(&o->undelivered);
}

static void keep(struct outcome *o, const struct line *line)
{
    if (o->file == NULL)
        return;
    buf_append(&o->undelivered.buf, line->data, line->len);
    buf_putc(&o->undelivered.buf, '\n');
    out_line_done(&o->undelivered); // an error sticks, and closing finds it
}

static void spoil_transaction(struct outcome *o, const struct delivery_report *report)
{
    stream_lose(o->stream, 1);
    // A line may be refused for a fatal error before the callback has told of that.
    if (report->code == RD_KAFKA_RESP_ERR__FATAL)
        kafka_fail_fatal(o->kafka, o->kafka->rk);
    kafka_fail(o->kafka, EX_TEMPFAIL, "transaction: line %llu: %s",
               (unsigned long long)report->line->number, rd_kafka_err2str(report->code));
}

// A line that was not delivered, for good or for now.
static bool not_delivered(struct outcome *o, const struct delivery_report *report)
{
    if (report->passed)
        stream_reclaim(o->stream);
    // What librdkafka refuses for good, before it is sent, leaves the transaction as it was.
    if (o->transactions && !(report->kept_back && report->outcome == DELIVERY_REFUSED)) {
        spoil_transaction(o, report);
        return false;
    }
    if (report->outcome == DELIVERY_REFUSED)
        return true;
    if (o->status == EX_OK) {
        snprintf(o->why, sizeof o->why, "%s", rd_kafka_err2str(report->code));
        o->status = kafka_error_status(report->code) == EX_NOPERM ? EX_NOPERM : EX_TEMPFAIL;
    }
    stream_lose(o->stream, 1);
    keep(o, report->line);
    return false;
}

bool outcome_take(struct outcome *o, const struct delivery_report *report)
{
    if (report->outcome != DELIVERY_DONE)
        return not_delivered(o, report);
    bool counts = !report->passed && !o->transactions;
    stream_deliver(o->stream, counts, report->line->len);
    if (!report->passed && o->transactions)
        o->uncommitted++;
    return false;
}

void outcome_commit(struct outcome *o)
{
    stream_deliver(o->stream, o->uncommitted, 0);
    o->uncommitted = 0;
}

static void report_lost(const struct outcome *o)
{
    unsigned long long lost = stream_ledger(o->stream)->undelivered;

    if (o->transactions)
        log_info("%llu lines were not committed, and are read again", lost);
    else
        log_error("%llu lines not delivered: %s%s%s", lost, o->why,
                  o->file == NULL ? "" : "; they are in ", o->file == NULL ? "" : o->file);
}

int outcome_close(struct outcome *o, struct err *err)
{
    stream_lose(o->stream, o->uncommitted);
    if (stream_ledger(o->stream)->undelivered > 0)
        report_lost(o);
    if (o->file == NULL || out_close(&o->undelivered) == 0)
        return 0;
    return out_error(&o->undelivered, err);
}
