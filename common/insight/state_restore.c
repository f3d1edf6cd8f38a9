// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_restore.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/xalloc.h"
#include "insight/snapshot_codec.h"
#include "insight/state_snapshot.h"

#define OPTIONS_SHOWN 300 // bytes of other options in a message

// The replay of one log.
struct log_replay {
    struct state_restore *restore;
    uint64_t series; // the window whose ids the values have
    int64_t start;
    struct state_value *value; // of the current record, as texts
    struct buf text;           // of these values
};

static int check_options(const struct state_restore *r, const char *options, size_t len,
                         struct err *err)
{
    if (bytes_are(options, len, r->options))
        return 0;
    return err_set(err, EX_CONFIG,
                   "%s/%s: it was made with other options: %.*s (--state-reset starts over)",
                   r->dir->path, r->name, len < OPTIONS_SHOWN ? (int)len : OPTIONS_SHOWN, options);
}

static int load_snapshot(struct state_restore *r, struct err *err)
{
    struct snapshot_reader in;
    struct state_head head;
    struct err ignored;
    int found = snapshot_read_begin(r->dir, r->name, &in, err);

    if (found <= 0)
        return found;
    state_head_get(&head, &in);
    int status = in.overrun ? 0 : check_options(r, head.options, head.options_len, err);
    if (status == 0 && !in.overrun)
        snapshot_codec_load(r->windows, &in);
    r->marked = head.marked;
    r->accepted = head.accepted;
    mark_copy(&r->at, &head.mark);
    mark_release(&head.mark);
    // If check_options() has failed, its error is kept.
    int sound = snapshot_read_end(&in, status == 0 ? err : &ignored);
    return status == 0 && sound == 0 ? 1 : -1;
}

static int damaged_log(const struct state_restore *r, struct err *err)
{
    return err_set(err, EX_CONFIG, "%s/%s: it is damaged (--state-reset starts over)", r->dir->path,
                   r->name);
}

// Returns the entry with this id in the table of a window, or NULL. Nothing is trusted: the id may
// be inside an entry.
static const struct map_entry *find_entry(const struct map *m, uint64_t id,
                                          const struct map_secret *secret)
{
    size_t head = offsetof(struct map_entry, word) + m->words * sizeof(uint32_t);
    size_t left = id == 0 || id >= m->len / MAP_UNIT ? 0 : m->len - id * MAP_UNIT;

    if (left < head)
        return NULL;
    const struct map_entry *e = map_at(m, (uint32_t)id);
    if (e->len > left - head)
        return NULL;
    uint64_t hash = map_hash(secret, map_key(m, e), e->len);
    return map_find(m, map_key(m, e), e->len, hash) == e ? e : NULL;
}

// Appends the text of value i of a record, and sets its length. Returns whether there is such a
// value.
static bool add_text(struct log_replay *p, const struct state_value *value, size_t i)
{
    struct windows *w = p->restore->windows;

    if (value->id == 0) {
        buf_append(&p->text, value->data, value->len);
        p->value[i].len = value->len;
        return true;
    }
    struct insight_set *set = windows_find(w, p->series, p->start);
    if (set == NULL)
        return false;
    // The value may be that of a record that still waits to be counted.
    if (value->id >= set->value[i].map.len / MAP_UNIT)
        batch_settle(&w->batch);
    const struct map_entry *e = find_entry(&set->value[i].map, value->id, &w->plan->secret);
    if (e == NULL)
        return false;
    buf_append(&p->text, map_key(&set->value[i].map, e), e->len);
    p->value[i].len = e->len;
    return true;
}

// Replaces the ids of a record's values by texts. The texts are copied, since counting moves those
// of the tables.
static int resolve(struct log_replay *p, struct state_entry *entry, struct err *err)
{
    size_t count = p->restore->windows->plan->value_count, at = 0;

    buf_clear(&p->text);
    for (size_t i = 0; i < count; i++) {
        if (!add_text(p, &entry->value[i], i))
            return damaged_log(p->restore, err);
    }
    for (size_t i = 0; i < count; at += p->value[i++].len)
        p->value[i].data = p->text.data + at;
    entry->value = p->value;
    return 0;
}

static int apply_entry(struct log_replay *p, struct state_entry *entry, struct err *err)
{
    const struct state_replay *replay = &p->restore->replay;

    if (entry->kind == STATE_WINDOW) {
        p->series = entry->series;
        p->start = entry->time;
        return 0;
    }
    if (entry->kind == STATE_RECORD && resolve(p, entry, err) != 0)
        return -1;
    return replay->apply(replay->ctx, entry, err);
}

// Applies a log up to a mark. Returns 0, or -1 with *err set.
static int apply_log(struct log_replay *p, struct state_log_reader *in, uint64_t to,
                     struct err *err)
{
    struct state_restore *r = p->restore;
    struct state_entry entry;
    uint64_t seen = 0;

    while (state_log_next(in, &entry)) {
        if (entry.kind != STATE_MARK) {
            if (apply_entry(p, &entry, err) != 0)
                return -1;
            continue;
        }
        seen = entry.seq;
        if (seen != to)
            continue;
        r->marked = true;
        r->accepted = entry.accepted;
        r->log_bytes += in->in.end;
        mark_copy(&r->at, entry.at);
        return 0;
    }
    return err_set(err, EX_CONFIG,
                   "%s/%s: it ends or is damaged after mark %" PRIu64 ", but mark %" PRIu64
                   " is needed (--state-reset starts over)",
                   r->dir->path, r->name, seen, to);
}

static int replay_log(struct state_restore *r, uint64_t to, struct err *err)
{
    size_t count = r->windows->plan->value_count;
    struct log_replay p = {.restore = r};
    struct state_log_reader in;
    int found = state_log_open(&in, r->dir, r->name, count, err);

    if (found <= 0)
        return found;
    p.value = xcalloc(count, sizeof *p.value);
    int status = check_options(r, in.options, in.options_len, err);
    if (status == 0)
        status = apply_log(&p, &in, to, err);
    buf_release(&p.text);
    free(p.value);
    state_log_end(&in);
    return status == 0 ? 1 : -1;
}

int state_restore(struct state_restore *r, const struct state_chain *chain, uint64_t seq,
                  struct err *err)
{
    int found = 1;

    for (size_t i = 0; i < chain->count && found == 1; i++) {
        const struct snapshot_id *id = &chain->file[i];
        uint64_t to = i + 1 < chain->count ? chain->file[i + 1].seq : seq;
        snapshot_name(r->name, id->seq, id->tag, id->kind);
        // A snapshot after a log is that of the mark at which the log ends.
        found = id->kind == SNAPSHOT_STATE ? load_snapshot(r, err) : replay_log(r, to, err);
    }
    return found;
}
