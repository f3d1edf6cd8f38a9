// SPDX-License-Identifier: BSD-2-Clause
#include "stream/ledger.h"

#include "base/datetime.h"
#include "json/json_write.h"

static void put_tally(struct buf *b, const char *name, const struct tally *t)
{
    json_put_name(b, name);
    buf_putc(b, '{');
    for (size_t i = 0; i < t->used; i++)
        json_put_member_u64(b, t->entry[i].name, t->entry[i].count);
    buf_putc(b, '}');
}

void ledger_format(const struct ledger *l, const char *tool, struct buf *b)
{
    buf_putc(b, '{');
    json_put_member_text(b, "tool", tool);
    if (l->run[0] != '\0')
        json_put_member_text(b, "run", l->run);
    json_put_member_u64(b, "in", l->in);
    json_put_member_u64(b, "made", l->made);
    json_put_member_u64(b, "out", l->out);
    json_put_member_u64(b, "filtered", l->filtered);
    json_put_member_u64(b, "rejected", l->rejected);
    json_put_member_u64(b, "late", l->late);
    json_put_member_u64(b, "aggregated", l->aggregated);
    json_put_member_u64(b, "undelivered", l->undelivered);
    json_put_member_u64(b, "passed", l->passed);
    put_tally(b, "by_reason", &l->by_reason);
    put_tally(b, "filled", &l->filled);
    put_tally(b, "filled_from", &l->filled_from);
    json_put_member_u64(b, "marks", l->marks);
    json_put_member_u64(b, "bytes_in", l->bytes_in);
    json_put_member_u64(b, "bytes_out", l->bytes_out);
    if (l->put_more != NULL)
        l->put_more(l->ctx, b);
    int64_t ms = time_monotonic() - l->started;
    json_put_name(b, "seconds");
    buf_printf(b, "%lld.%03lld}", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void put_outcomes(const struct ledger *l, struct metrics *m)
{
    const struct {
        const char *name;
        uint64_t count;
    } outcomes[] = {{"in", l->in},
                    {"made", l->made},
                    {"out", l->out},
                    {"filtered", l->filtered},
                    {"rejected", l->rejected},
                    {"late", l->late},
                    {"aggregated", l->aggregated},
                    {"undelivered", l->undelivered},
                    {"passed", l->passed}};

    metrics_family(m, "loginpipe_records_total", "counter",
                   "Records by outcome, as in the ledger; see loginpipe(7).");
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        metrics_put_u64(m, outcomes[i].count, "outcome", outcomes[i].name, NULL);
}

static void put_counts(struct metrics *m, const char *name, const char *help, const char *label,
                       const struct tally *t)
{
    if (t->used > 0)
        metrics_family(m, name, "counter", help);
    for (size_t i = 0; i < t->used; i++)
        metrics_put_u64(m, t->entry[i].count, label, t->entry[i].name, NULL);
}

void ledger_put_metrics(const struct ledger *l, struct metrics *m)
{
    put_outcomes(l, m);
    put_counts(m, "loginpipe_rejected_total", "Records that were rejected or late, by reason.",
               "reason", &l->by_reason);
    put_counts(m, "loginpipe_filled_total", "Fields that were filled in, by name.", "field",
               &l->filled);
    metrics_family(m, "loginpipe_bytes_total", "counter",
                   "Bytes of the lines that were read and written.");
    metrics_put_u64(m, l->bytes_in, "direction", "in", NULL);
    metrics_put_u64(m, l->bytes_out, "direction", "out", NULL);
    metrics_family(m, "loginpipe_marks_total", "counter", "Marks that were read or written.");
    metrics_put_u64(m, l->marks, NULL);
}
