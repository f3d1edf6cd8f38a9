// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/inspect.h"

#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/out.h"
#include "kafka/cluster.h"
#include "kafka/listing.h"
#include "kafka/time_query.h"

const struct opt inspect_opts[] = {
    OPT_FLAG("list", 'L', struct inspect_options, list,
             "list brokers, topics and groups, or with -G its lag, and exit"),
    OPT_FLAG("query", 'Q', struct inspect_options, query,
             "print the offsets of each TOPIC:PARTITION:TIME, and exit"),
};
const size_t inspect_opt_count = sizeof inspect_opts / sizeof *inspect_opts;

static int read_questions(const struct inspect *in, struct time_query *q, struct err *err)
{
    const int64_t now = time_now();
    int status = 0;

    for (size_t i = 0; i < in->names->count && status == 0; i++)
        status = time_query_add(q, in->names->item[i], now, err);
    return status;
}

int inspect_check(const struct inspect *in, struct err *err)
{
    struct time_query q = {0};

    if (in->options->list && in->options->query)
        return err_set(err, EX_USAGE, "-L, -Q: only one of them can be given");
    if (!in->options->query)
        return 0;
    const int status = read_questions(in, &q, err);
    time_query_release(&q);
    if (status == 0 && in->names->count == 0)
        return err_set(err, EX_USAGE,
                       "-Q: no TOPIC:PARTITION:TIME; give it as an operand or with -t");
    return status;
}

static int list(const struct inspect *in, struct client *client, struct buf *out, int *status,
                struct err *err)
{
    struct listing l = {.json = in->json, .topics = in->names, .group = in->group};
    const int result = listing_make(&l, client, out, err);

    *status = l.status;
    return result;
}

static int query(const struct inspect *in, struct client *client, struct buf *out, int *status,
                 struct err *err)
{
    struct time_query q = {0};
    int result = read_questions(in, &q, err);

    if (result == 0)
        result = time_query_run(&q, client, err);
    time_query_put(&q, in->json, out);
    *status = q.status;
    time_query_release(&q);
    return result;
}

// Returns the status, or EX_IOERR with a message.
static int finish(struct out *out, int status)
{
    struct err err;

    if (out_close(out) == 0)
        return status;
    out_error(out, &err);
    log_error("%s", err.text);
    return err.status;
}

int inspect_run(const struct inspect *in)
{
    struct out out;
    struct client client;
    struct err err;
    int status = EX_OK;

    out_init(&out, STDOUT_FILENO, "stdout");
    if (cluster_open(&client, in->config, in->group, &err) != 0 ||
        (in->options->list ? list : query)(in, &client, &out.buf, &status, &err) != 0) {
        log_error("%s", err.text);
        status = status == EX_OK ? err.status : status;
    }
    status = finish(&out, status);
    out_release(&out);
    client_release(&client);
    return status;
}
