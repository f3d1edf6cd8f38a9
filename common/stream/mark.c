// SPDX-License-Identifier: BSD-2-Clause
#include "stream/mark.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/xalloc.h"

void mark_clear(struct mark *m)
{
    for (size_t i = 0; i < m->at_count; i++)
        free(m->at[i].topic);
    free(m->at);
    topic_counts_clear(&m->topics);
    free(m->group);
    free(m->shard);
    free(m->cluster);
    free(m->librdkafka);
    free(m->member);
    *m = (struct mark)MARK_INIT;
}

void mark_release(struct mark *m)
{
    mark_clear(m);
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : xstrdup(text);
}

void mark_copy(struct mark *to, const struct mark *from)
{
    mark_clear(to);
    *to = *from;
    to->at = NULL;
    to->at_count = 0;
    to->topics = (struct topic_counts){0};
    to->group = copy_text(from->group);
    to->shard = copy_text(from->shard);
    to->cluster = copy_text(from->cluster);
    to->librdkafka = copy_text(from->librdkafka);
    to->member = copy_text(from->member);
    for (size_t i = 0; i < from->at_count; i++) {
        const struct mark_at *at = &from->at[i];
        mark_add_at(to, at->topic, at->partition, at->offset)->newest = at->newest;
    }
    topic_counts_copy(&to->topics, &from->topics);
}

static void random_bytes(unsigned char *b, size_t size)
{
    size_t have = 0;

    while (have < size) {
        ssize_t n = getrandom(b + have, size - have, 0);
        if (n > 0)
            have += (size_t)n;
        else if (errno != EINTR)
            abort(); // other errors are only possible on a kernel without getrandom(2)
    }
}

void mark_new_run(char run[MARK_RUN_SIZE])
{
    unsigned char b[16];

    random_bytes(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(run, MARK_RUN_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void mark_new_token(char token[MARK_TOKEN_SIZE])
{
    unsigned char b[(MARK_TOKEN_SIZE - 1) / 2];

    random_bytes(b, sizeof b);
    for (size_t i = 0; i < sizeof b; i++)
        snprintf(token + 2 * i, 3, "%02x", b[i]);
}

struct mark_at *mark_add_at(struct mark *m, const char *topic, int32_t partition, int64_t offset)
{
    // Doubles the array whenever the count is a power of two, so that no capacity has to be kept.
    if ((m->at_count & (m->at_count - 1)) == 0)
        m->at = xreallocarray(m->at, m->at_count == 0 ? 1 : 2 * m->at_count, sizeof *m->at);
    struct mark_at *at = &m->at[m->at_count++];
    *at = (struct mark_at){xstrdup(topic), partition, offset, MARK_NO_TIME};
    return at;
}

int64_t mark_offset(const struct mark *m, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < m->at_count; i++) {
        if (m->at[i].partition == partition && strcmp(m->at[i].topic, topic) == 0)
            return m->at[i].offset;
    }
    return -1;
}

static bool same(const struct mark *a, const struct mark *b, bool offsets)
{
    if (a->at_count != b->at_count)
        return false;
    for (size_t i = 0; i < a->at_count; i++) {
        const struct mark_at *x = &a->at[i], *y = &b->at[i];
        // Both marks usually list the partitions in the same order.
        int64_t offset = x->partition == y->partition && strcmp(x->topic, y->topic) == 0
                             ? y->offset
                             : mark_offset(b, x->topic, x->partition);
        if (offset < 0 || (offsets && offset != x->offset))
            return false;
    }
    return true;
}

bool mark_same_partitions(const struct mark *a, const struct mark *b)
{
    return same(a, b, false);
}

bool mark_same_position(const struct mark *a, const struct mark *b)
{
    return same(a, b, true);
}

int mark_follow(struct mark_follower *f, const struct mark *m, struct err *err)
{
    if (f->ended)
        return err_set(err, EX_DATAERR, "mark %llu: follows the last mark",
                       (unsigned long long)m->seq);
    if (!f->opened && m->kind != MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: there is no hello mark before it",
                       (unsigned long long)m->seq);
    if (f->opened && m->kind == MARK_HELLO)
        return err_set(err, EX_DATAERR, "mark %llu: a second hello mark; two streams are mixed",
                       (unsigned long long)m->seq);
    if (f->opened && strcmp(f->run, m->run) != 0)
        return err_set(err, EX_DATAERR, "mark %llu: belongs to run %s, not %s",
                       (unsigned long long)m->seq, m->run, f->run);
    if (f->opened && f->token[0] != '\0' && strcmp(f->token, m->token) != 0)
        return err_set(err, EX_DATAERR,
                       "mark %llu: its token is not that of the hello mark; it is not a mark of "
                       "the source",
                       (unsigned long long)m->seq);
    if (f->opened && m->seq <= f->seq)
        return err_set(err, EX_DATAERR, "mark %llu: out of order, after mark %llu",
                       (unsigned long long)m->seq, (unsigned long long)f->seq);
    f->opened = true;
    f->ended = m->kind == MARK_END || m->stop;
    f->seq = m->seq;
    memcpy(f->run, m->run, sizeof f->run);
    memcpy(f->token, m->token, sizeof f->token);
    return 0;
}
