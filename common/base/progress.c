// SPDX-License-Identifier: BSD-2-Clause
#include "base/progress.h"

#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"

#define EVERY 500 // ms

void progress_init(struct progress *p, bool wanted)
{
    *p = (struct progress){.wanted = wanted && isatty(STDERR_FILENO)};
    if (!p->wanted)
        return;
    p->started = p->sample[0].at = time_monotonic();
    p->shown = 1;
    p->due = p->started + EVERY;
}

int64_t progress_wait(const struct progress *p)
{
    if (!p->wanted)
        return -1;
    const int64_t left = p->due - time_monotonic();
    return left < 0 ? 0 : left;
}

static void put_time(struct buf *b, uint64_t seconds)
{
    const unsigned long long s = seconds;

    if (s < 100)
        buf_printf(b, "%llu s", s);
    else if (s < 100 * 60)
        buf_printf(b, "%llu min", (s + 30) / 60);
    else
        buf_printf(b, "%llu h %02llu min", s / 3600, s % 3600 / 60);
}

// Appends the time that is left, if the work goes on as fast as it did.
static void put_left(struct buf *b, const struct progress_state *now, uint64_t done, int64_t ms)
{
    if (now->done >= now->total || done == 0)
        return;
    const double left = (double)(now->total - now->done) * (double)ms / (double)done / 1000;
    buf_puts(b, ", ");
    put_time(b, (uint64_t)(left + 0.5));
    buf_puts(b, " left");
}

void progress_put(const struct progress_sample *now, const struct progress_sample *before,
                  struct buf *b)
{
    const struct progress_state *state = &now->state;
    const int64_t ms = now->at - before->at;

    if (state->total > 0)
        buf_printf(b, "%d %%, ", (int)(100.0 * (double)state->done / (double)state->total));
    buf_put_grouped(b, state->records);
    buf_puts(b, state->records == 1 ? " record" : " records");
    if (ms <= 0)
        return;
    buf_puts(b, ", ");
    buf_put_grouped(b, (state->records - before->state.records) * 1000 / (uint64_t)ms);
    buf_puts(b, "/s");
    put_left(b, state, state->done - before->state.done, ms);
}

static void show(const struct progress_sample *now, const struct progress_sample *before, bool last)
{
    struct buf text = BUF_INIT;

    progress_put(now, before, &text);
    log_status(text.data, text.len, last);
    buf_release(&text);
}

void progress_show(struct progress *p, const struct progress_state *state)
{
    const struct progress_sample now = {*state, time_monotonic()};
    const uint64_t kept = p->shown < PROGRESS_SAMPLES ? p->shown : PROGRESS_SAMPLES;

    if (!p->wanted)
        return;
    show(&now, &p->sample[(p->shown - kept) % PROGRESS_SAMPLES], false);
    p->sample[p->shown++ % PROGRESS_SAMPLES] = now;
    p->due = now.at + EVERY;
}

void progress_end(struct progress *p, const struct progress_state *state)
{
    const struct progress_sample now = {*state, time_monotonic()};

    if (p->wanted)
        show(&now, &(struct progress_sample){.at = p->started}, true);
    p->wanted = false;
}
