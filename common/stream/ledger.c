// SPDX-License-Identifier: BSD-2-Clause
#include "stream/ledger.h"

#include <string.h>

#include "base/datetime.h"
#include "json/json.h"
#include "json/json_write.h"

static void put_count(struct buf *b, const char *name, uint64_t count)
{
    buf_printf(b, ",\"%s\":", name);
    buf_put_u64(b, count);
}

static void put_tally(struct buf *b, const char *name, const struct tally *t)
{
    buf_printf(b, ",\"%s\":{", name);
    for (size_t i = 0; i < t->used; i++) {
        if (i > 0)
            buf_putc(b, ',');
        json_put_string(b, t->entry[i].name, strlen(t->entry[i].name));
        buf_putc(b, ':');
        buf_put_u64(b, t->entry[i].count);
    }
    buf_putc(b, '}');
}

void ledger_format(const struct ledger *l, const char *tool, struct buf *b)
{
    buf_puts(b, "{\"tool\":");
    json_put_string(b, tool, strlen(tool));
    if (l->run[0] != '\0')
        buf_printf(b, ",\"run\":\"%s\"", l->run);
    put_count(b, "in", l->in);
    put_count(b, "made", l->made);
    put_count(b, "out", l->out);
    put_count(b, "filtered", l->filtered);
    put_count(b, "rejected", l->rejected);
    put_count(b, "late", l->late);
    put_count(b, "aggregated", l->aggregated);
    put_count(b, "undelivered", l->undelivered);
    put_count(b, "passed", l->passed);
    put_tally(b, "by_reason", &l->by_reason);
    put_tally(b, "filled", &l->filled);
    put_tally(b, "filled_from", &l->filled_from);
    put_count(b, "marks", l->marks);
    put_count(b, "bytes_in", l->bytes_in);
    put_count(b, "bytes_out", l->bytes_out);
    int64_t ms = time_monotonic() - l->started;
    buf_printf(b, ",\"seconds\":%lld.%03lld}", (long long)(ms / 1000), (long long)(ms % 1000));
}
