// SPDX-License-Identifier: BSD-2-Clause
#include "insight/coverage_codec.h"

#include <stdlib.h>
#include <string.h>

static void save_text(const char *text, struct snapshot_writer *out)
{
    snapshot_put_bytes(out, text, strlen(text));
}

static size_t place_of(const struct coverage *c, const struct coverage_partition *p)
{
    size_t i = 0;

    while (c->partition[i] != p)
        i++;
    return i;
}

static void save_open(const struct coverage *c, const struct open_cover *open,
                      struct snapshot_writer *out)
{
    save_text(open->run, out);
    snapshot_put_num(out, open->seq);
    snapshot_put_num(out, open->lines);
    snapshot_put_num(out, open->cut);
    snapshot_put_num(out, open->dropped);
    snapshot_put_num(out, open->count);
    for (size_t i = 0; i < open->count; i++) {
        snapshot_put_num(out, place_of(c, open->pending[i].partition));
        snapshot_put_u64(out, (uint64_t)open->pending[i].newest);
    }
}

void coverage_codec_save(const struct coverage *c, struct snapshot_writer *out)
{
    snapshot_put_num(out, c->used);
    snapshot_put_num(out, c->topics.count);
    for (size_t i = 0; i < c->topics.count; i++) {
        save_text(c->topics.item[i].topic, out);
        snapshot_put_num(out, (uint64_t)c->topics.item[i].partitions);
    }
    snapshot_put_num(out, c->count);
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_partition *p = c->partition[i];
        save_text(p->topic, out);
        snapshot_put_num(out, (uint64_t)p->partition);
        snapshot_put_num(out, (uint64_t)p->next);
        snapshot_put_u64(out, (uint64_t)p->newest);
        snapshot_put_num(out, p->done);
    }
    snapshot_put_num(out, c->open_count);
    for (size_t i = 0; i < c->open_count; i++)
        save_open(c, &c->open[i], out);
}

static void load_topic(struct coverage *c, struct snapshot_reader *in)
{
    char *name = snapshot_get_name(in);
    uint64_t partitions = snapshot_get_num(in);

    if (partitions > INT32_MAX)
        snapshot_refuse(in);
    if (!in->overrun)
        coverage_promise(c, name, (int32_t)partitions);
    free(name);
}

static void load_partition(struct coverage *c, struct snapshot_reader *in)
{
    char *topic = snapshot_get_name(in);
    uint64_t number = snapshot_get_num(in), next = snapshot_get_num(in);

    if (number > INT32_MAX || next > INT64_MAX)
        snapshot_refuse(in);
    if (!in->overrun) {
        struct coverage_partition *p = coverage_partition(c, topic, (int32_t)number);
        p->next = (int64_t)next;
        p->newest = (int64_t)snapshot_get_u64(in);
        p->done = snapshot_get_num(in) != 0;
    }
    free(topic);
}

static void load_open(struct coverage *c, struct snapshot_reader *in)
{
    char *run = snapshot_get_name(in);
    uint64_t seq = snapshot_get_num(in), lines = snapshot_get_num(in);
    uint64_t cut = snapshot_get_num(in), dropped = snapshot_get_num(in);
    size_t count = snapshot_get_count(in, 1 + sizeof(uint64_t));

    if (!in->overrun && strlen(run) != MARK_RUN_SIZE - 1)
        snapshot_refuse(in);
    if (!in->overrun) {
        struct open_cover *open = coverage_add_open(c, run, seq);
        open->lines = lines;
        open->cut = cut != 0;
        open->dropped = dropped != 0;
        for (size_t i = 0; i < count && !in->overrun; i++) {
            uint64_t place = snapshot_get_num(in);
            int64_t newest = (int64_t)snapshot_get_u64(in);
            if (place >= c->count || c->partition[place]->open)
                snapshot_refuse(in);
            else
                coverage_add_pending(open, c->partition[place], newest);
        }
    }
    free(run);
}

void coverage_codec_load(struct coverage *c, struct snapshot_reader *in)
{
    c->used = snapshot_get_num(in) != 0;
    size_t topics = snapshot_get_count(in, 2);
    for (size_t i = 0; i < topics && !in->overrun; i++)
        load_topic(c, in);
    size_t partitions = snapshot_get_count(in, 4 + sizeof(uint64_t));
    for (size_t i = 0; i < partitions && !in->overrun; i++)
        load_partition(c, in);
    if (c->count != partitions) // one occurs twice
        snapshot_refuse(in);
    size_t open = snapshot_get_count(in, MARK_RUN_SIZE + 5);
    for (size_t i = 0; i < open && !in->overrun; i++)
        load_open(c, in);
}
