// SPDX-License-Identifier: BSD-2-Clause
#include "insight/coverage.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "json/json_write.h"
#include "stream/mark_text.h"

void coverage_release(struct coverage *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->partition[i]->topic);
        free(c->partition[i]);
    }
    for (size_t i = 0; i < c->open_count; i++)
        free(c->open[i].pending);
    free(c->partition);
    topic_counts_clear(&c->topics);
    free(c->open);
    free(c->laggard.topic);
    *c = (struct coverage){.skip_gaps = c->skip_gaps, .replaying = c->replaying};
}

static int compare(const struct coverage_partition *p, const char *topic, int32_t partition)
{
    int order = strcmp(p->topic, topic);

    return order != 0 ? order : (p->partition > partition) - (p->partition < partition);
}

// Returns how many partitions come before this one.
static size_t find_place(const struct coverage *c, const char *topic, int32_t partition)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(c->partition[middle], topic, partition) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct coverage_partition *coverage_find(const struct coverage *c, const char *topic,
                                         int32_t partition)
{
    size_t at = find_place(c, topic, partition);

    return at < c->count && compare(c->partition[at], topic, partition) == 0 ? c->partition[at]
                                                                             : NULL;
}

struct coverage_partition *coverage_partition(struct coverage *c, const char *topic,
                                              int32_t partition)
{
    size_t at = find_place(c, topic, partition);

    if (at < c->count && compare(c->partition[at], topic, partition) == 0)
        return c->partition[at];
    c->partition = xreallocarray(c->partition, c->count + 1, sizeof(struct coverage_partition *));
    memmove(&c->partition[at + 1], &c->partition[at],
            (c->count - at) * sizeof(struct coverage_partition *));
    struct coverage_partition *p = c->partition[at] = xmalloc(sizeof *p);
    *p = (struct coverage_partition){
        .topic = xstrdup(topic), .partition = partition, .newest = MARK_NO_TIME};
    c->count++;
    return p;
}

void coverage_promise(struct coverage *c, const char *topic, int32_t partitions)
{
    struct topic_count *known = topic_counts_find(&c->topics, topic);

    if (known == NULL)
        topic_counts_add(&c->topics, topic, partitions);
    else if (known->partitions < partitions)
        known->partitions = partitions;
}

struct open_cover *coverage_add_open(struct coverage *c, const char *run, uint64_t seq)
{
    c->open = xreallocarray(c->open, c->open_count + 1, sizeof *c->open);
    struct open_cover *open = &c->open[c->open_count++];
    *open = (struct open_cover){.seq = seq};
    snprintf(open->run, sizeof open->run, "%s", run);
    return open;
}

void coverage_add_pending(struct open_cover *open, struct coverage_partition *p, int64_t newest)
{
    open->pending = xreallocarray(open->pending, open->count + 1, sizeof *open->pending);
    open->pending[open->count++] = (struct pending_time){p, newest};
    p->open = true;
}

// --- What is lost, or covered twice ---

bool coverage_goes_on(const struct coverage *c, struct err *err, const char *fmt, ...)
{
    va_list ap;

    err->status = EX_CONFIG;
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (c->skip_gaps && !c->replaying)
        log_warn("%s; skipped", err->text);
    if (c->skip_gaps || c->replaying)
        return true;
    size_t len = strlen(err->text);
    snprintf(err->text + len, sizeof err->text - len, " (--skip-gaps goes on)");
    return false;
}

// Forgets a cover that is open. Its times do not count if it was not closed.
static void drop_open(struct coverage *c, struct open_cover *open, bool closed)
{
    for (size_t i = 0; i < open->count; i++) {
        const struct pending_time *pending = &open->pending[i];
        struct coverage_partition *p = pending->partition;
        p->open = false;
        if (!closed)
            continue;
        p->done = pending->newest == MARK_NO_MORE;
        // The time of a quiet partition is the clock's. When records come again, it is theirs, so
        // it may go back. Only the watermark does not.
        if (!p->done && pending->newest != MARK_NO_TIME)
            p->newest = pending->newest;
    }
    free(open->pending);
    size_t at = (size_t)(open - c->open);
    c->open_count--;
    memmove(open, open + 1, (c->open_count - at) * sizeof *open);
}

static struct open_cover *find_open(const struct coverage *c, const char *run)
{
    for (size_t i = 0; i < c->open_count; i++) {
        if (strcmp(c->open[i].run, run) == 0)
            return &c->open[i];
    }
    return NULL;
}

static bool lost_rest(struct coverage *c, const struct open_cover *open, struct err *err)
{
    return open->cut ||
           coverage_goes_on(c, err,
                            "cover %s/%" PRIu64 ": the lines after its first %" PRIu64 " are lost",
                            open->run, open->seq, open->lines);
}

// Forgets the cover of another run that has not closed although this partition is covered anew.
static int drop_other(struct coverage *c, const struct coverage_partition *p, struct err *err)
{
    for (size_t i = 0; i < c->open_count; i++) {
        struct open_cover *open = &c->open[i];
        for (size_t j = 0; j < open->count; j++) {
            if (open->pending[j].partition != p)
                continue;
            if (!lost_rest(c, open, err))
                return -1;
            drop_open(c, open, false);
            return 0;
        }
    }
    return 0;
}

// An overlap counts records twice, so there is no going on.
static const char anew[] =
    "count again with another group and another topic of partials (see A gap in loginpipe(7))";

// Counts the ranges of a cover that are new and that are known. One without offsets is neither.
static int compare_ranges(struct coverage *c, const struct cover *cover, size_t *fresh,
                          size_t *known, struct err *err)
{
    *fresh = *known = 0;
    for (size_t i = 0; i < cover->range_count; i++) {
        const struct cover_range *range = &cover->range[i];
        const struct coverage_partition *p = coverage_find(c, range->topic, range->partition);
        if (p == NULL || range->from > p->next)
            ++*fresh;
        else if (range->from == range->to && range->to == p->next)
            continue;
        else if (range->from == p->next)
            ++*fresh;
        else if (range->to <= p->next)
            ++*known;
        else
            return err_set(err, EX_CONFIG,
                           "cover %s/%" PRIu64
                           ": overlap: partition %d of topic %s is covered from "
                           "offset %" PRId64 ", but the partials up to %" PRId64
                           " have been merged already; %s",
                           cover->run, cover->seq, (int)range->partition, range->topic, range->from,
                           p->next, anew);
    }
    if (*fresh == 0 || *known == 0)
        return 0;
    return err_set(err, EX_CONFIG,
                   "cover %s/%" PRIu64 ": overlap: some of its partitions have been merged "
                   "already, and some have not; %s",
                   cover->run, cover->seq, anew);
}

// Covers a range that is new.
static int accept_range(struct coverage *c, const struct cover *cover,
                        const struct cover_range *range, struct open_cover *open, struct err *err)
{
    bool seen = coverage_find(c, range->topic, range->partition) != NULL;
    struct coverage_partition *p = coverage_partition(c, range->topic, range->partition);

    if (seen && range->from > p->next) {
        if (!coverage_goes_on(
                c, err,
                "cover %s/%" PRIu64 ": the partials of partition %d of topic %s are lost from "
                "offset %" PRId64 " to %" PRId64 "",
                cover->run, cover->seq, (int)range->partition, range->topic, p->next, range->from))
            return -1;
        c->skipped += (uint64_t)(range->from - p->next);
    }
    p->next = range->to;
    coverage_add_pending(open, p, range->newest);
    return 0;
}

static int check_open(struct coverage *c, const struct cover *cover, struct err *err)
{
    struct open_cover *open = find_open(c, cover->run);

    if (open != NULL && !lost_rest(c, open, err))
        return -1;
    if (open != NULL)
        drop_open(c, open, false);
    for (size_t i = 0; i < cover->range_count; i++) {
        const struct coverage_partition *p =
            coverage_find(c, cover->range[i].topic, cover->range[i].partition);
        if (p != NULL && p->open && drop_other(c, p, err) != 0)
            return -1;
    }
    return 0;
}

static void note_duplicate(struct coverage *c, const struct cover *cover)
{
    c->duplicates++;
    if (c->replaying)
        return;
    uint64_t covers = log_limit_add(&c->warnings);
    if (covers > 0)
        log_warn("cover %s/%" PRIu64
                 ": its offsets have been merged already, so it is dropped%s; if the input topic "
                 "was created anew, use --state-reset",
                 cover->run, cover->seq, covers > 1 ? ", as others were in the last minute" : "");
}

enum coverage_result coverage_open(struct coverage *c, const struct cover *cover,
                                   const char *misfit, struct err *err)
{
    size_t fresh, known;

    c->used = true;
    if (check_open(c, cover, err) != 0 || compare_ranges(c, cover, &fresh, &known, err) != 0)
        return COVERAGE_FAILED;
    for (size_t i = 0; i < cover->topics.count; i++)
        coverage_promise(c, cover->topics.item[i].topic, cover->topics.item[i].partitions);
    if (known > 0)
        note_duplicate(c, cover);
    else if (misfit != NULL &&
             !coverage_goes_on(c, err, "cover %s/%" PRIu64 ": %s", cover->run, cover->seq, misfit))
        return COVERAGE_FAILED;
    struct open_cover *open = coverage_add_open(c, cover->run, cover->seq);
    open->dropped = known > 0 || misfit != NULL;
    for (size_t i = 0; i < cover->range_count && known == 0; i++) {
        if (accept_range(c, cover, &cover->range[i], open, err) != 0)
            return COVERAGE_FAILED;
        if (misfit != NULL)
            c->skipped += (uint64_t)(cover->range[i].to - cover->range[i].from);
    }
    bool dropped = open->dropped;
    if (cover->empty) {
        c->strict = true;
        drop_open(c, open, true);
    }
    return dropped ? COVERAGE_DROPPED : COVERAGE_NEW;
}

// Opens a cover that has begun before the start of the input. Its partials are dropped.
static struct open_cover *open_cut(struct coverage *c, const struct cover *cover)
{
    if (!c->used && !c->replaying)
        log_warn("cover %s/%" PRIu64 ": the input begins inside of it, so its partials are dropped",
                 cover->run, cover->seq);
    c->used = true;
    struct open_cover *open = coverage_add_open(c, cover->run, cover->seq);
    open->cut = open->dropped = true;
    return open;
}

// Stores the open cover of a line in *open. Stores NULL if --skip-gaps or a replay skips the line.
// Returns 0, or -1 with *err set.
static int find_cover(struct coverage *c, const struct cover *cover, struct open_cover **open,
                      struct err *err)
{
    *open = find_open(c, cover->run);
    if (*open != NULL && (*open)->seq == cover->seq)
        return 0;
    if (*open == NULL && (!c->strict || c->replaying)) {
        *open = open_cut(c, cover);
        return 0;
    }
    *open = NULL;
    return coverage_goes_on(c, err, "cover %s/%" PRIu64 ": its first line is lost", cover->run,
                            cover->seq)
               ? 0
               : -1;
}

enum coverage_result coverage_take(struct coverage *c, const struct cover *cover, struct err *err)
{
    struct open_cover *open;

    if (find_cover(c, cover, &open, err) != 0)
        return COVERAGE_FAILED;
    if (open == NULL)
        return COVERAGE_DROPPED;
    open->lines++;
    return open->dropped ? COVERAGE_DROPPED : COVERAGE_NEW;
}

enum coverage_result coverage_close(struct coverage *c, const struct cover *cover, struct err *err)
{
    struct open_cover *open;

    if (find_cover(c, cover, &open, err) != 0)
        return COVERAGE_FAILED;
    if (open == NULL)
        return COVERAGE_DROPPED;
    if (!open->cut && open->lines != cover->lines &&
        !coverage_goes_on(
            c, err, "cover %s/%" PRIu64 ": lost: %" PRIu64 " of its %" PRIu64 " lines have come",
            cover->run, cover->seq, open->lines, cover->lines))
        return COVERAGE_FAILED;
    bool dropped = open->dropped;
    c->strict |= !open->cut;
    drop_open(c, open, true);
    return dropped ? COVERAGE_DROPPED : COVERAGE_NEW;
}

void coverage_resumed(struct coverage *c)
{
    c->duplicates = c->skipped = 0;
    c->strict |= c->count > 0;
}

int coverage_end(struct coverage *c, struct err *err)
{
    for (; c->open_count > 0; drop_open(c, c->open, false)) {
        if (!lost_rest(c, c->open, err))
            return -1;
    }
    return 0;
}

// --- Writing ---

void coverage_put(struct buf *b, const struct coverage *c)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_partition *p = c->partition[i];
        json_put_comma(b);
        buf_putc(b, '[');
        json_put_string(b, p->topic, strlen(p->topic));
        buf_printf(b, ",%d,%" PRId64 ",", (int)p->partition, p->next);
        mark_put_newest(b, p->done ? MARK_NO_MORE : p->newest);
        buf_putc(b, ']');
    }
    buf_putc(b, ']');
}

void coverage_put_open(struct buf *b, const struct coverage *c)
{
    buf_putc(b, '[');
    for (size_t i = 0; i < c->open_count; i++) {
        const struct open_cover *open = &c->open[i];
        json_put_comma(b);
        buf_printf(b, "[\"%s/%" PRIu64 "\",%" PRIu64 "]", open->run, open->seq, open->lines);
    }
    buf_putc(b, ']');
}
