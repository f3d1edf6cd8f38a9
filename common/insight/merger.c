// SPDX-License-Identifier: BSD-2-Clause
#include "insight/merger.h"

#include <inttypes.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "insight/coverage_watermark.h"
#include "insight/partial_join.h"
#include "insight/partial_read.h"

void merger_init(struct merger *m, const struct plan *plan, struct windows *windows,
                 struct checkpoint *checkpoint, const struct merger_ops *ops, void *ctx)
{
    *m = (struct merger){.plan = plan,
                         .windows = windows,
                         .checkpoint = checkpoint,
                         .ops = ops,
                         .ctx = ctx,
                         .json = json_new(),
                         .cover = COVER_INIT};
}

void merger_release(struct merger *m)
{
    json_free(m->json);
    cover_release(&m->cover);
}

void merger_note_source(struct merger *m, const struct mark *mark)
{
    int64_t partitions = 0;

    for (size_t i = 0; i < mark->topics.count; i++)
        partitions += mark->topics.item[i].partitions;
    m->several |= mark->at_count > 1 || partitions > 1;
}

void merger_resumed(struct merger *m)
{
    coverage_resumed(&m->windows->coverage);
    m->unchecked |= !m->windows->coverage.used && !windows_are_empty(m->windows);
}

bool merger_has_watermark(const struct merger *m)
{
    return m->windows->coverage.used || !m->unchecked;
}

// --- The outcome of lines that were held ---

// Reports the outcome of a line that was held.
static int settle_line(struct merger *m, struct partial_held_line *held, enum merge_result result,
                       const char *why, struct err *err)
{
    const struct line line = {.data = held->text.data,
                              .len = held->text.len,
                              .full_len = held->text.len,
                              .number = held->number};
    bool known = held->settled;

    held->settled = true;
    if (m->windows->coverage.replaying) // the run that has written the log has reported it
        return 0;
    return m->ops->settle(m->ctx, &line, known, result, why, err);
}

// Reports the outcome of all lines of a partial.
static int settle(struct merger *m, struct partial_held *held, enum merge_result result,
                  const char *why, struct err *err)
{
    for (size_t i = 0; i < held->count; i++) {
        if (settle_line(m, &held->line[i], result, why, err) != 0)
            return -1;
    }
    return 0;
}

// Reports the outcome of the lines of a partial for which it was not reported yet.
static int settle_rest(struct merger *m, struct partial_held *held, enum merge_result result,
                       struct err *err)
{
    for (size_t i = 0; i < held->count; i++) {
        if (!held->line[i].settled && settle_line(m, &held->line[i], result, NULL, err) != 0)
            return -1;
    }
    return 0;
}

int merger_settle_held(struct merger *m, enum merge_result result, struct err *err)
{
    for (size_t i = 0; i < m->windows->join.count; i++) {
        if (settle_rest(m, &m->windows->join.held[i], result, err) != 0)
            return -1;
    }
    return 0;
}

// Settles a partial of which lines are missing although its window has closed.
static int refuse_incomplete(struct merger *m, struct partial_held *held, struct err *err)
{
    static const char why[] = "other lines of its partial are missing";
    const struct coverage *coverage = &m->windows->coverage;

    if (m->unchecked || !coverage->used)
        return settle(m, held, MERGE_REFUSED, why, err);
    if (coverage->open_count > 0) { // the others may still come, but late
        windows_extend(m->windows, &held->head);
        return settle(m, held, MERGE_LATE, NULL, err);
    }
    if (coverage_goes_on(coverage, err, "the partials of window %s are lost: %s", held->window,
                         why))
        return settle(m, held, MERGE_REFUSED, why, err);
    settle_rest(m, held, MERGE_FAILED, &(struct err){.status = EX_OK});
    return -1;
}

int merger_refuse_incomplete(struct merger *m, struct err *err)
{
    struct partial_join *join = &m->windows->join;
    struct partial_held held;
    int status = 0;

    for (size_t i = join->count; i-- > 0 && status == 0;) {
        if (!m->windows->ended && windows_takes(m->windows, &join->held[i].head))
            continue;
        partial_join_take(join, i, &held);
        status = refuse_incomplete(m, &held, err);
        partial_held_release(&held);
    }
    return status;
}

// --- Partials ---

// Returns whether to go on although a covered partial is refused, which loses its records. Sets
// *err if not.
static bool may_refuse(struct merger *m, uint64_t number, const char *why, struct err *err)
{
    if (m->cover.run[0] == '\0')
        return true;
    return coverage_goes_on(&m->windows->coverage, err,
                            "cover %s/%" PRIu64 ": line %" PRIu64 ": the records of a partial are "
                            "lost: %s",
                            m->cover.run, m->cover.seq, number, why);
}

static bool is_single(const struct partial_head *head)
{
    return head->part == 1 && head->parts == 1;
}

// Checks a line of a partial. Returns 0, or -1 with *err set (EX_DATAERR) if it is malformed or was
// made for other insights or windows.
static int check_partial(const struct merger *m, const struct json *json, struct partial_head *head,
                         struct partial_sums *sums, struct err *err)
{
    int status = partial_read_check(json, m->plan, head, sums, err);

    // The sums of several lines are checked when all of them have come.
    if (status == 0 && is_single(head))
        status = partial_sums_check(sums, m->plan, err);
    if (status == 0 && !windows_knows(m->windows, head))
        return err_set(err, EX_DATAERR, "its window is not one of --window");
    return status;
}

// Merges a partial of one line, which `json` holds.
static enum merge_result merge_single(struct merger *m, const struct json *json,
                                      const struct partial_head *head,
                                      const struct partial_sums *sums, struct err *err)
{
    if (m->ops->expect(m->ctx, head->first, head->last, err) != 0)
        return MERGE_FAILED;
    struct insight_set *set = windows_extend(m->windows, head);
    if (set == NULL)
        return MERGE_LATE;
    partial_read_merge(json, m->plan, sums, set);
    return MERGE_ADDED;
}

// Returns a line of a partial by its number.
static const struct buf *held_text(const struct partial_held *held, uint64_t part)
{
    size_t i = 0;

    while (held->line[i].part != part)
        i++;
    return &held->line[i].text;
}

// Checks that the lines of a partial add up. Returns 0, or -1 with *why set.
static int check_whole(struct merger *m, const struct partial_held *held, struct partial_sums *sums,
                       struct err *why)
{
    struct partial_head head;
    int status = 0;

    sums->in_order = true;
    for (uint64_t part = 1; part <= held->count && status == 0; part++) {
        const struct buf *text = held_text(held, part);
        status = json_parse(m->json, text->data, text->len) == 0
                     ? partial_read_check(m->json, m->plan, &head, sums, why)
                     : err_set(why, EX_DATAERR, "%s", json_error(m->json));
    }
    return status == 0 ? partial_sums_check(sums, m->plan, why) : -1;
}

// Merges the lines of a partial that have been added to the sums.
static enum merge_result merge_lines(struct merger *m, const struct partial_held *held,
                                     const struct partial_sums *sums, struct err *err)
{
    if (m->ops->expect(m->ctx, held->head.first, held->head.last, err) != 0)
        return MERGE_FAILED;
    struct insight_set *set = windows_extend(m->windows, &held->head);
    if (set == NULL)
        return MERGE_LATE;
    for (uint64_t part = 1; part <= held->count; part++) {
        const struct buf *text = held_text(held, part);
        json_parse(m->json, text->data, text->len);
        partial_read_merge(m->json, m->plan, sums, set);
    }
    return MERGE_ADDED;
}

// Merges a partial, all of whose lines were held.
static enum merge_result merge_whole(struct merger *m, struct partial_held *held, struct err *err)
{
    struct partial_sums sums;
    struct err why = {.status = EX_OK};

    partial_sums_init(&sums, m->plan);
    enum merge_result result =
        check_whole(m, held, &sums, &why) == 0 ? merge_lines(m, held, &sums, err) : MERGE_REFUSED;
    partial_sums_release(&sums);
    if (result == MERGE_REFUSED &&
        !may_refuse(m, held->line[held->count - 1].number, why.text, err))
        return MERGE_FAILED;
    if (result == MERGE_FAILED || settle(m, held, result, why.text, err) != 0)
        return MERGE_FAILED;
    return result == MERGE_ADDED ? MERGE_JOINED : MERGE_HELD;
}

static enum merge_result merge(struct merger *m, const struct json *json,
                               const struct partial_head *head, const struct partial_sums *sums,
                               const struct line *line, struct err *err)
{
    struct partial_held whole;
    struct err unused;

    if (is_single(head) || !windows_takes(m->windows, head))
        return merge_single(m, json, head, sums, err);
    if (!partial_join_add(&m->windows->join, head, line, &whole))
        return MERGE_HELD;
    enum merge_result result = merge_whole(m, &whole, err);
    if (result == MERGE_FAILED) {
        whole.line[whole.count - 1].settled = true; // the caller reports the line that came last
        settle_rest(m, &whole, MERGE_FAILED, &unused);
    }
    partial_held_release(&whole);
    return result;
}

// --- Covers ---

static void log_line(struct merger *m, const struct line *line)
{
    checkpoint_log_partial(m->checkpoint, m->windows, line);
}

// Takes up a line of a partial without a cover.
static void note_uncovered(struct merger *m, const struct line *line)
{
    m->unchecked = true;
    if (!m->warned && !m->windows->coverage.replaying && !m->bounded)
        log_warn("line %llu: the partial does not say what it covers, so nothing is checked: "
                 "loginagg --partial needs a stream with marks",
                 (unsigned long long)line->number);
    m->warned |= !m->windows->coverage.replaying;
    log_line(m, line);
}

// Takes a line of a partial. A line without a cover is logged here, and only if it is not refused.
static enum merge_result take_partial(struct merger *m, const struct json *json, bool covered,
                                      const struct line *line, struct err *err)
{
    enum merge_result result = MERGE_REFUSED;
    struct partial_sums sums;
    struct partial_head head = {.window = NULL};

    partial_sums_init(&sums, m->plan);
    int status = check_partial(m, json, &head, &sums, err);
    if (covered && head.window != NULL && !windows_have(m->windows, head.window, head.window_len)) {
        result = MERGE_DROPPED; // the worker also counts windows that are not wanted here
    } else if (status == 0) {
        if (!covered)
            note_uncovered(m, line);
        result = merge(m, json, &head, &sums, line, err);
    }
    partial_sums_release(&sums);
    return result;
}

// Takes a line of a partial with a cover. If it is refused, its records are lost.
static enum merge_result take_covered(struct merger *m, const struct json *json,
                                      const struct line *line, struct err *err)
{
    switch (coverage_take(&m->windows->coverage, &m->cover, err)) {
    case COVERAGE_FAILED:
        return MERGE_FAILED;
    case COVERAGE_DROPPED:
        return MERGE_DROPPED;
    case COVERAGE_NEW:
        break;
    }
    enum merge_result result = take_partial(m, json, true, line, err);
    struct err why = *err;
    if (result == MERGE_REFUSED && !may_refuse(m, line->number, why.text, err))
        return MERGE_FAILED;
    *err = why;
    return result;
}

// Returns whether a worker counts a window.
static bool cover_has_window(const struct cover *cover, const char *window)
{
    size_t i = 0;

    while (i < cover->window_count && strcmp(cover->window[i], window) != 0)
        i++;
    return i < cover->window_count;
}

// Returns whether the partials of a cover can be merged. Otherwise appends why not.
static bool fits(const struct merger *m, struct buf *why)
{
    static const char agree[] = "workers and merger need the same insight options (LOGINAGG_OPTS)";
    char plan[PLAN_ID_SIZE];

    plan_id_text(m->plan, plan);
    if (strcmp(m->cover.plan, plan) != 0) {
        buf_printf(why, "the worker counts other fields or combinations; %s", agree);
        return false;
    }
    for (size_t i = 0; i < m->windows->count; i++) {
        const char *window = m->windows->series[i].spec->text;
        if (cover_has_window(&m->cover, window))
            continue;
        buf_puts(why, "the worker counts");
        for (size_t j = 0; j < m->cover.window_count; j++)
            buf_printf(why, " --window %s", m->cover.window[j]);
        buf_printf(why, ", and this merges --window %s; %s", window, agree);
        return false;
    }
    return true;
}

static enum coverage_result open_cover(struct merger *m, struct err *err)
{
    struct buf why = BUF_INIT;
    bool fit = fits(m, &why);

    buf_putc(&why, '\0');
    enum coverage_result result =
        coverage_open(&m->windows->coverage, &m->cover, fit ? NULL : why.data, err);
    buf_release(&why);
    return result;
}

enum merge_result merger_take(struct merger *m, const struct json *json, const struct line *line,
                              struct err *err)
{
    enum cover_line what;

    if (cover_read(&m->cover, &what, json, err) != 0)
        return MERGE_REFUSED;
    if (what == COVER_NONE)
        return take_partial(m, json, false, line, err);
    if (m->several) {
        err_set(err, EX_CONFIG,
                "--merge: the partials are in several partitions, so their order is not known; "
                "their topic must have one");
        return MERGE_FAILED;
    }
    log_line(m, line);
    if (what == COVER_PARTIAL)
        return take_covered(m, json, line, err);
    enum coverage_result result = what == COVER_OPENING
                                      ? open_cover(m, err)
                                      : coverage_close(&m->windows->coverage, &m->cover, err);
    if (result == COVERAGE_FAILED)
        return MERGE_FAILED;
    return result == COVERAGE_DROPPED ? MERGE_DROPPED : MERGE_COVER;
}

void merger_warn_held_back(struct merger *m)
{
    const struct coverage_laggard *laggard =
        coverage_holds_back(&m->windows->coverage, time_monotonic());

    if (laggard != NULL)
        log_warn("partition %d of topic %s has held all windows open for over a minute, while "
                 "others went on; does its worker stand still?",
                 (int)laggard->partition, laggard->topic);
}
