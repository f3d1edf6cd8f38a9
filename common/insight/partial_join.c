// SPDX-License-Identifier: BSD-2-Clause
#include "insight/partial_join.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"

void partial_held_release(struct partial_held *held)
{
    for (size_t i = 0; i < held->count; i++)
        buf_release(&held->line[i].text);
    free(held->line);
    free(held->window);
}

void partial_join_release(struct partial_join *join)
{
    for (size_t i = 0; i < join->count; i++)
        partial_held_release(&join->held[i]);
    free(join->held);
    *join = (struct partial_join)PARTIAL_JOIN_INIT;
}

struct partial_held *partial_join_open(struct partial_join *join, const struct partial_head *head)
{
    if (join->count == join->size) {
        join->size = join->size == 0 ? 4 : 2 * join->size;
        join->held = xreallocarray(join->held, join->size, sizeof *join->held);
    }
    struct partial_held *held = &join->held[join->count++];
    *held = (struct partial_held){.head = *head};
    held->head.window = held->window = xstrndup(head->window, head->window_len);
    held->head.records = held->head.parts = 0;
    return held;
}

struct partial_held_line *partial_held_append(struct partial_held *held, const char *text,
                                              size_t len)
{
    if (held->count == held->size) {
        held->size = held->size == 0 ? 4 : 2 * held->size;
        held->line = xreallocarray(held->line, held->size, sizeof *held->line);
    }
    struct partial_held_line *line = &held->line[held->count++];
    *line = (struct partial_held_line){.text = BUF_INIT};
    buf_append(&line->text, text, len);
    return line;
}

// Returns whether a line can belong to a partial. All lines of a partial have the same head, except
// for their own numbers.
static bool belongs(const struct partial_held *held, const struct partial_head *line)
{
    const struct partial_head *head = &held->head;

    if (head->id != line->id || head->start != line->start || head->first != line->first ||
        head->last != line->last ||
        !bytes_equal(head->window, head->window_len, line->window, line->window_len) ||
        (head->parts != 0 && line->part > head->parts))
        return false;
    for (size_t i = 0; i < held->count; i++) {
        uint64_t part = held->line[i].part;
        if (part == line->part || (line->parts != 0 && part > line->parts))
            return false;
    }
    return true;
}

bool partial_join_add(struct partial_join *join, const struct partial_head *head,
                      const struct line *line, struct partial_held *whole)
{
    struct partial_held *held = NULL;
    size_t at = 0;

    while (at < join->count && !belongs(&join->held[at], head))
        at++;
    held = at < join->count ? &join->held[at] : partial_join_open(join, head);
    struct partial_held_line *kept = partial_held_append(held, line->data, line->len);
    kept->number = line->number;
    kept->part = head->part;
    held->head.records += head->records;
    held->head.parts |= head->parts; // all lines but one have 0
    if (held->count != held->head.parts)
        return false;
    partial_join_take(join, at, whole);
    return true;
}

void partial_join_take(struct partial_join *join, size_t i, struct partial_held *held)
{
    *held = join->held[i];
    join->count--;
    memmove(&join->held[i], &join->held[i + 1], (join->count - i) * sizeof *join->held);
}
