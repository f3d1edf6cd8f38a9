// SPDX-License-Identifier: BSD-2-Clause
#include "insight/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "insight/snapshot_codec.h"

int checkpoint_open(struct checkpoint *c, const char *dir, const char *options, bool reset,
                    struct err *err)
{
    *c = (struct checkpoint){.options = options,
                             .reset = reset,
                             .dir = {.fd = -1},
                             .hello = MARK_INIT,
                             .log_least = CHECKPOINT_LOG_LEAST,
                             .log_states = CHECKPOINT_LOG_STATES};
    return dir == NULL ? 0 : snapshot_dir_open(&c->dir, dir, true, err);
}

void checkpoint_close(struct checkpoint *c)
{
    struct err err;

    if (state_job_check(&c->job, true, &c->dir, &err) == STATE_JOB_FAILED)
        log_warn("%s", err.text);
    if (c->windows != NULL)
        c->windows->batch.counting = NULL;
    state_log_close(&c->log);
    state_chain_release(&c->chain);
    snapshot_dir_close(&c->dir);
    mark_release(&c->hello);
}

static bool is_open(const struct checkpoint *c)
{
    return c->dir.fd >= 0;
}

// --- Resuming ---

static struct snapshot_id id_of(uint64_t seq, const char *run, enum snapshot_kind kind)
{
    struct snapshot_id id = {.seq = seq, .kind = kind};

    snprintf(id.tag, sizeof id.tag, "%s", run);
    return id;
}

static void add_to_chain(struct checkpoint *c, uint64_t seq, const char *run,
                         enum snapshot_kind kind)
{
    struct snapshot_id id = id_of(seq, run, kind);

    state_chain_add(&c->chain, &id);
}

// Returns the head of a snapshot. It borrows the mark, which is NULL without marks.
static struct state_head head_at(const struct checkpoint *c, const struct mark *mark)
{
    static const struct mark none = MARK_INIT;

    return (struct state_head){.options = c->options,
                               .options_len = strlen(c->options),
                               .marked = mark != NULL,
                               .accepted = c->accepted,
                               .committed = c->committed,
                               .mark = mark == NULL ? none : *mark};
}

// Fails unless the state was made with or without marks, as the input is.
static int check_marked(const struct checkpoint *c, bool marked, const struct mark *hello,
                        const char *name, struct err *err)
{
    if (marked == (hello != NULL))
        return 0;
    return err_set(err, EX_CONFIG, "%s/%s: it was made %s marks (--state-reset starts over)",
                   c->dir.path, name, marked ? "with" : "without");
}

// Fails unless the source continues where the state ends, in each partition of the state.
static int check_position(const struct state_restore *r, const struct mark *hello, struct err *err)
{
    for (size_t i = 0; i < r->at.at_count; i++) {
        const struct mark_at *at = &r->at.at[i];
        int64_t offset = mark_offset(hello, at->topic, at->partition);
        if (offset < 0)
            return err_set(err, EX_CONFIG,
                           "%s/%s: the source has no partition %d of topic %s any more "
                           "(--state-reset starts over)",
                           r->dir->path, r->name, (int)at->partition, at->topic);
        if (offset != at->offset)
            return err_set(err, EX_CONFIG,
                           "%s/%s: the source continues partition %d of topic %s at offset %" PRId64
                           ", not at %" PRId64 " (--state-reset starts over)",
                           r->dir->path, r->name, (int)at->partition, at->topic, offset,
                           at->offset);
    }
    return 0;
}

// Returns the newest committed mark that a file knows of, or 0. Returns -1 with *err set.
static int read_committed(const struct snapshot_dir *dir, const char *name,
                          const struct snapshot_id *id, uint64_t *committed, struct err *err)
{
    struct snapshot_reader in;
    struct state_log_reader log;
    struct state_entry mark;
    struct state_head head;
    struct err unread; // the rest of the snapshot is not read; that is not an error here
    int found;

    *committed = 0;
    if (id->kind == SNAPSHOT_LOG) {
        found = state_log_open(&log, dir, name, 0, err);
        while (found > 0 && state_log_next_mark(&log, &mark))
            *committed = mark.committed;
        if (found > 0)
            state_log_end(&log);
        return found < 0 ? -1 : 0;
    }
    found = snapshot_read_begin(dir, name, &in, err);
    if (found <= 0)
        return found;
    state_head_get(&head, &in);
    *committed = head.committed;
    mark_release(&head.mark);
    snapshot_read_end(&in, &unread);
    return 0;
}

// Fails if a file shows that a mark was already committed.
static int check_uncommitted(void *ctx, const struct snapshot_dir *dir, const char *name,
                             const struct snapshot_id *id, struct err *err)
{
    uint64_t committed;

    (void)ctx;
    if (read_committed(dir, name, id, &committed, err) != 0)
        return -1;
    if (committed == 0)
        return 0;
    return err_set(err, EX_CONFIG,
                   "%s/%s: mark %" PRIu64
                   " was committed, but the source starts from the beginning "
                   "(--state-reset starts over)",
                   dir->path, name, committed);
}

static int restore_marked(struct checkpoint *c, const struct mark *hello, struct windows *w,
                          const struct state_replay *replay, struct err *err)
{
    struct state_restore r = {
        .dir = &c->dir, .options = c->options, .windows = w, .replay = *replay, .at = MARK_INIT};
    int found = state_chain_find(&c->chain, &c->dir, hello->seq, hello->from, err);

    if (found == 1)
        found = state_restore(&r, &c->chain, hello->seq, err);
    if (found == 0)
        err_set(err, EX_CONFIG,
                "%s: there is no state of mark %" PRIu64
                " of run %s, from which the source continues; does another process count for this "
                "group, or was its state not moved here? (--state-reset discards the counts and "
                "starts over)",
                c->dir.path, hello->seq, hello->from);
    if (found == 1 &&
        (check_marked(c, r.marked, hello, r.name, err) != 0 || check_position(&r, hello, err) != 0))
        found = -1;
    mark_release(&r.at);
    c->accepted = r.accepted;
    c->log_bytes = r.log_bytes;
    return found == 1 ? 0 : -1;
}

static int remove_unchained(void *ctx, const struct snapshot_dir *dir, const char *name,
                            const struct snapshot_id *id, struct err *err)
{
    const struct checkpoint *c = ctx;

    return state_chain_has(&c->chain, id) ? 0 : snapshot_remove(dir, name, err);
}

// Replaces the state by one without counts at the hello mark, so that a run that is killed before
// its first commit can be started again.
static int start_over(struct checkpoint *c, const struct mark *hello, struct windows *w,
                      struct err *err)
{
    const struct state_head head = head_at(c, hello);
    char name[SNAPSHOT_NAME_SIZE];

    if (hello->seq > 0) {
        snapshot_name(name, hello->seq, hello->from, SNAPSHOT_STATE);
        if (state_snapshot_write(&c->dir, name, &head, w, err) != 0)
            return -1;
        add_to_chain(c, hello->seq, hello->from, SNAPSHOT_STATE);
    }
    return snapshot_dir_each(&c->dir, remove_unchained, c, err);
}

static void log_record(void *ctx, const struct batch *batch, const struct batch_item *item,
                       const uint32_t *value_id)
{
    struct checkpoint *c = ctx;

    state_log_record(&c->log, c->windows->watermark, batch, item, value_id);
}

// Starts the log of this run. From now on the batch logs each record.
static void start_log(struct checkpoint *c, struct windows *w)
{
    const struct mark *hello = &c->hello;

    state_log_init(&c->log, &c->dir, hello->seq, hello->run, hello->from, hello, c->options,
                   w->watermark);
    batch_settle(&w->batch); // what was replayed is in a log already
    c->windows = w;
    w->batch.ctx = c;
    w->batch.counting = log_record;
}

static int resume_marked(struct checkpoint *c, const struct mark *hello, struct windows *w,
                         const struct state_replay *replay, struct err *err)
{
    int status;

    c->seq = c->committed = hello->seq;
    if (c->reset)
        status = start_over(c, hello, w, err);
    // The source starts from the beginning. Either the previous run was killed before its first
    // commit, or the committed offsets were lost. If they were lost, counting again would replace
    // correct insights with wrong ones.
    else if (hello->seq == 0)
        status = snapshot_dir_each(&c->dir, check_uncommitted, NULL, err);
    else
        status = restore_marked(c, hello, w, replay, err);
    if (status == 0)
        start_log(c, w);
    return status;
}

static int resume_unmarked(struct checkpoint *c, struct windows *w,
                           const struct state_replay *replay, struct err *err)
{
    struct state_restore r = {
        .dir = &c->dir, .options = c->options, .windows = w, .replay = *replay, .at = MARK_INIT};
    struct snapshot_id id;

    if (c->reset)
        return snapshot_dir_clear(&c->dir, err);
    int found = snapshot_dir_newest(&c->dir, NULL, NULL, &id, err);
    if (found <= 0)
        return found;
    snapshot_name(r.name, id.seq, id.tag, id.kind);
    if (id.kind == SNAPSHOT_LOG)
        return check_marked(c, true, NULL, r.name, err);
    c->seq = id.seq;
    state_chain_add(&c->chain, &id);
    found = state_restore(&r, &c->chain, id.seq, err);
    if (found == 1)
        found = check_marked(c, r.marked, NULL, r.name, err) == 0 ? 1 : -1;
    mark_release(&r.at);
    c->accepted = r.accepted;
    return found == 1 ? 0 : -1;
}

// Checks that the source has a group and fixed partitions. Counts stay correct only if the source
// continues where it stopped, with the same partitions.
static int check_source(const struct mark *hello, struct err *err)
{
    if (hello->group == NULL)
        return err_set(
            err, EX_CONFIG,
            "--state: the source reads without a group (kcat-in -G), so it cannot resume");
    if (hello->shard == NULL)
        return err_set(err, EX_CONFIG,
                       "--state: the source's partitions are not fixed (kcat-in --shard or -p)");
    return 0;
}

int checkpoint_resume(struct checkpoint *c, const struct mark *hello, struct windows *w,
                      const struct state_replay *replay, struct err *err)
{
    if (!is_open(c))
        return 0;
    if (hello == NULL)
        return resume_unmarked(c, w, replay, err);
    if (check_source(hello, err) != 0)
        return -1;
    mark_copy(&c->hello, hello);
    return resume_marked(c, hello, w, replay, err);
}

int checkpoint_check_mark(const struct checkpoint *c, const struct mark *mark, struct err *err)
{
    if (!is_open(c) || mark_same_partitions(&c->hello, mark))
        return 0;
    return err_set(err, EX_CONFIG,
                   "--state: the source's partitions have changed (--state-reset starts over)");
}

int checkpoint_check_empty(const struct checkpoint *c, struct err *err)
{
    struct snapshot_id id;

    if (!is_open(c) || c->reset)
        return 0;
    int found = snapshot_dir_newest(&c->dir, NULL, NULL, &id, err);
    if (found <= 0)
        return found;
    // Only the files of a stream with marks are named after a run.
    if (id.tag[0] == '\0')
        return 0;
    return err_set(err, EX_TEMPFAIL, "stdin: ended without any mark; a stage upstream has died");
}

// --- Saving ---

// Returns whether a mark of this run was committed, so that no other run's mark can be.
static bool own_commit(const struct checkpoint *c)
{
    return c->committed > c->hello.seq;
}

// Only a mark of this run or hello's counts, and none that was not saved yet: other numbers are
// those of another run.
static void note_commit(struct checkpoint *c, const struct mark *mark)
{
    if (!mark->has_committed || mark->committed <= c->committed || mark->committed > c->seq)
        return;
    c->committed = mark->committed;
}

// Removes a file that no later run can need: it is not needed for the last commit, nor for a later
// mark.
static int remove_old(void *ctx, const struct snapshot_dir *dir, const char *name,
                      const struct snapshot_id *id, struct err *err)
{
    const struct checkpoint *c = ctx;
    bool in_work = c->job.pid != 0 && strcmp(name, c->job.name) == 0;

    return in_work || id->seq >= c->seq ? 0 : remove_unchained(ctx, dir, name, id, err);
}

static uint64_t log_limit(const struct checkpoint *c, const struct windows *w)
{
    uint64_t limit = c->log_states * snapshot_codec_size(w);

    limit = limit > c->log_least ? limit : c->log_least;
    return limit > c->retry_from ? limit : c->retry_from;
}

int checkpoint_sync_fd(const struct checkpoint *c)
{
    return c->log.dir == NULL ? -1 : state_log_sync_fd(&c->log);
}

int checkpoint_await_sync(struct checkpoint *c, struct err *err)
{
    return c->log.dir == NULL ? 0 : state_log_await_sync(&c->log, err);
}

// Starts a snapshot of the state at a mark that the log already has, and another log.
static int start_snapshot(struct checkpoint *c, const struct mark *mark, struct windows *w,
                          struct err *err)
{
    const struct state_head head = head_at(c, mark);
    char name[SNAPSHOT_NAME_SIZE];

    if (checkpoint_await_sync(c, err) != 0)
        return -1;
    c->job_bytes = c->log_bytes + c->log.out.bytes;
    c->log_bytes = 0;
    snapshot_name(name, mark->seq, mark->run, SNAPSHOT_STATE);
    if (!state_job_start(&c->job, &c->dir, name, &head, w)) {
        if (state_snapshot_write(&c->dir, name, &head, w, err) != 0)
            return -1;
        add_to_chain(c, mark->seq, mark->run, SNAPSHOT_STATE);
    }
    state_log_close(&c->log);
    state_log_init(&c->log, &c->dir, mark->seq, mark->run, mark->run, &c->hello, c->options,
                   w->watermark);
    return 0;
}

static int check_job(struct checkpoint *c, const char *run, struct err *err)
{
    switch (state_job_check(&c->job, false, &c->dir, err)) {
    case STATE_JOB_FAILED:
        return -1;
    case STATE_JOB_DONE:
        add_to_chain(c, c->log.seq, run, SNAPSHOT_STATE);
        c->retry_from = 0;
        return 0;
    case STATE_JOB_KILLED:
        log_warn("%s/%s: the process that wrote it was killed; the log grows until the next try",
                 c->dir.path, c->job.name);
        c->log_bytes += c->job_bytes;
        c->retry_from = 2 * c->log_bytes;
        return 0;
    case STATE_JOB_NONE:
    case STATE_JOB_RUNNING:
        break;
    }
    return 0;
}

// Removes what is not needed any more, if something has become so.
static int remove_superfluous(struct checkpoint *c, bool first_commit, struct err *err)
{
    bool trimmed = state_chain_trim(&c->chain, c->committed);

    if (!own_commit(c) || (!trimmed && !first_commit))
        return 0;
    if (checkpoint_await_sync(c, err) != 0)
        return -1;
    return snapshot_dir_each(&c->dir, remove_old, c, err);
}

static int save_marked(struct checkpoint *c, const struct mark *mark, struct windows *w,
                       struct err *err)
{
    struct snapshot_id log = id_of(c->log.seq, mark->run, SNAPSHOT_LOG);
    bool had_commit = own_commit(c);

    batch_settle(&w->batch); // logs what is still waiting there
    note_commit(c, mark);
    if (state_log_mark(&c->log, mark, w->watermark, c->accepted, c->committed, err) != 0)
        return -1;
    c->seq = mark->seq;
    if (!state_chain_has(&c->chain, &log))
        state_chain_add(&c->chain, &log);
    if (check_job(c, mark->run, err) != 0 ||
        remove_superfluous(c, had_commit != own_commit(c), err) != 0)
        return -1;
    if (c->job.pid == 0 && c->log_bytes + c->log.out.bytes > log_limit(c, w))
        return start_snapshot(c, mark, w, err);
    return 0;
}

static int save_unmarked(struct checkpoint *c, struct windows *w, struct err *err)
{
    const struct state_head head = head_at(c, NULL);
    char name[SNAPSHOT_NAME_SIZE];

    snapshot_name(name, ++c->seq, NULL, SNAPSHOT_STATE);
    if (state_snapshot_write(&c->dir, name, &head, w, err) != 0)
        return -1;
    state_chain_release(&c->chain);
    add_to_chain(c, c->seq, "", SNAPSHOT_STATE);
    return snapshot_dir_each(&c->dir, remove_unchained, c, err);
}

int checkpoint_save(struct checkpoint *c, const struct mark *mark, struct windows *w,
                    struct err *err)
{
    if (!is_open(c))
        return 0;
    return mark == NULL ? save_unmarked(c, w, err) : save_marked(c, mark, w, err);
}

uint64_t checkpoint_bytes(struct checkpoint *c)
{
    if (is_open(c))
        c->bytes = snapshot_dir_size(&c->dir);
    return c->bytes;
}
