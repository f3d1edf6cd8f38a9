// SPDX-License-Identifier: BSD-2-Clause
#include "insight/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/out.h"
#include "insight/snapshot_codec.h"
#include "json/json_write.h"

int insight_snapshots_open(struct insight_snapshots *s, const char *dir, const char *options,
                           bool reset, struct err *err)
{
    *s = (struct insight_snapshots){
        .options = options, .reset = reset, .state = {.dir = -1}, .hello = MARK_INIT};
    return dir == NULL ? 0 : state_open(&s->state, dir, true, err);
}

void insight_snapshots_close(struct insight_snapshots *s)
{
    state_close(&s->state);
    mark_release(&s->hello);
    mark_release(&s->position);
}

static bool is_open(const struct insight_snapshots *s)
{
    return s->state.dir >= 0;
}

// What stands before the windows.
struct head {
    const char *options;
    size_t options_len;
    bool marked;
    uint64_t accepted;
    uint64_t committed; // the newest mark that was known to be committed, 0 for none
    struct mark mark;   // its partitions, where it is of a mark
};

// What a mark knows to be committed.
static uint64_t committed_of(const struct mark *mark)
{
    return mark != NULL && mark->has_committed ? mark->committed : 0;
}

static void put_head(struct state_writer *out, const struct insight_snapshots *s,
                     const struct mark *mark)
{
    state_put_bytes(out, s->options, strlen(s->options));
    state_put_u64(out, mark != NULL);
    state_put_u64(out, s->accepted);
    state_put_u64(out, committed_of(mark));
    state_put_u64(out, mark == NULL ? 0 : mark->at_count);
    for (size_t i = 0; mark != NULL && i < mark->at_count; i++) {
        state_put_bytes(out, mark->at[i].topic, strlen(mark->at[i].topic) + 1);
        state_put_u64(out, (uint64_t)mark->at[i].partition);
        state_put_u64(out, (uint64_t)mark->at[i].offset);
    }
}

static void get_head(struct state_reader *in, struct head *head)
{
    *head = (struct head){.mark = MARK_INIT};
    head->options = state_get_bytes(in, &head->options_len);
    head->marked = state_get_u64(in) != 0;
    head->accepted = state_get_u64(in);
    head->committed = state_get_u64(in);
    size_t count = state_get_count(in, 3 * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *topic = state_get_bytes(in, &len);
        int32_t partition = (int32_t)state_get_u64(in);
        mark_add_at(&head->mark, topic, partition, (int64_t)state_get_u64(in));
    }
}

// Reads a head for its numbers alone. Returns 1, 0 when there is no such snapshot, or -1 with *err
// set.
static int peek(const struct state *state, const char *name, struct head *head, struct err *err)
{
    struct state_reader in;
    struct err unread; // most of the snapshot is
    int found = state_load(state, name, &in, err);

    if (found <= 0)
        return found;
    get_head(&in, head);
    mark_release(&head->mark);
    state_load_end(&in, &unread);
    return 1;
}

// Whether the snapshot is of these options and of a stream like that of hello.
static int check_head(const struct head *head, const struct state_reader *in, const char *options,
                      const struct mark *hello, struct err *err)
{
    const char *dir = in->state->path;

    if (!bytes_are(head->options, head->options_len, options))
        return err_set(err, EX_CONFIG,
                       "%s/%s: it was made with other options: %.*s (--state-reset starts anew)",
                       dir, in->name, (int)head->options_len, head->options);
    if (head->marked != (hello != NULL))
        return err_set(err, EX_CONFIG, "%s/%s: it was made %s marks (--state-reset starts anew)",
                       dir, in->name, head->marked ? "with" : "without");
    if (hello != NULL && !mark_same_partitions(&head->mark, hello))
        return err_set(err, EX_CONFIG,
                       "%s/%s: it was made from other partitions (--state-reset starts anew)", dir,
                       in->name);
    if (hello != NULL && !mark_same_position(&head->mark, hello))
        return err_set(err, EX_CONFIG,
                       "%s/%s: the source goes on from elsewhere (--state-reset starts anew)", dir,
                       in->name);
    return 0;
}

static void remember(struct insight_snapshots *s, const char *name, const struct mark *position,
                     uint64_t committed, const struct insight_windows *w)
{
    snprintf(s->name, sizeof s->name, "%s", name);
    mark_copy(&s->position, position);
    s->committed = committed > 0;
    s->watermark = w->watermark;
    s->changed = false;
}

// Returns 1, 0 when there is no such snapshot, or -1 with *err set.
static int load(struct insight_snapshots *s, const char *name, const struct mark *hello,
                struct insight_windows *w, struct insight_plan *plan, struct err *err)
{
    struct state_reader in;
    struct err end_err;
    struct head head;
    int found = state_load(&s->state, name, &in, err);

    if (found <= 0)
        return found;
    get_head(&in, &head);
    int status = in.short_of ? 0 : check_head(&head, &in, s->options, hello, err);
    if (status == 0) {
        s->accepted = head.accepted;
        insight_windows_load(w, plan, &in);
        remember(s, name, &head.mark, head.committed, w);
    }
    mark_release(&head.mark);
    // What check_head() found comes first.
    int sound = state_load_end(&in, status == 0 ? err : &end_err);
    return status == 0 && sound == 0 ? 1 : -1;
}

// Fails when a snapshot knows of a committed mark.
static int check_uncommitted(void *ctx, const struct state *state, const char *name, uint64_t seq,
                             struct err *err)
{
    struct head head;
    int found = peek(state, name, &head, err);

    (void)ctx;
    (void)seq;
    if (found <= 0 || head.committed == 0)
        return found < 0 ? -1 : 0;
    return err_set(err, EX_CONFIG,
                   "%s/%s: mark %" PRIu64 " was committed, but the source starts from nothing "
                   "(--state-reset starts anew)",
                   state->path, name, head.committed);
}

// Snapshots of higher marks are left alone: their run is not this one, and may still be committing.
static int resume_marked(struct insight_snapshots *s, const struct mark *hello,
                         struct insight_windows *w, struct insight_plan *plan, struct err *err)
{
    char name[STATE_NAME_SIZE];

    s->seq = hello->seq;
    // The source starts from nothing: a run before this one was killed before anything was
    // committed, or else what was committed is lost, and counting again from wherever the source
    // begins would replace insights that are right.
    if (hello->seq == 0)
        return state_each(&s->state, check_uncommitted, NULL, err);
    state_name(name, hello->seq, hello->from[0] == '\0' ? NULL : hello->from);
    int found = load(s, name, hello, w, plan, err);
    if (found == 0)
        return err_set(err, EX_CONFIG,
                       "%s: there is no %s, where the source goes on (--state-reset starts anew)",
                       s->state.path, name);
    return found < 0 ? -1 : 0;
}

static int resume_unmarked(struct insight_snapshots *s, struct insight_windows *w,
                           struct insight_plan *plan, struct err *err)
{
    char name[STATE_NAME_SIZE];
    int found = state_newest(&s->state, &s->seq, name, err);

    if (found <= 0)
        return found;
    return load(s, name, NULL, w, plan, err) == 1 ? 0 : -1;
}

// What is counted is only right while the source goes on where it stopped, with the same
// partitions.
static int check_source(const struct mark *hello, struct err *err)
{
    if (hello->group == NULL)
        return err_set(err, EX_CONFIG,
                       "--state: the source reads without a group (kcat-in -G), so it cannot go on "
                       "where it stopped");
    if (hello->shard == NULL)
        return err_set(err, EX_CONFIG,
                       "--state: the source's partitions are not fixed (kcat-in --shard or -p)");
    return 0;
}

int insight_snapshots_resume(struct insight_snapshots *s, const struct mark *hello,
                             struct insight_windows *w, struct insight_plan *plan, struct err *err)
{
    if (!is_open(s))
        return 0;
    if (hello != NULL) {
        if (check_source(hello, err) != 0)
            return -1;
        mark_copy(&s->hello, hello);
    }
    if (s->reset)
        return state_remove(&s->state, UINT64_MAX, err);
    return hello == NULL ? resume_unmarked(s, w, plan, err) : resume_marked(s, hello, w, plan, err);
}

int insight_snapshots_check_mark(const struct insight_snapshots *s, const struct mark *mark,
                                 struct err *err)
{
    if (!is_open(s) || mark_same_partitions(&s->hello, mark))
        return 0;
    return err_set(err, EX_CONFIG,
                   "--state: the source's partitions have changed (--state-reset starts anew)");
}

int insight_snapshots_check_empty(const struct insight_snapshots *s, struct err *err)
{
    char name[STATE_NAME_SIZE];
    struct head head;
    uint64_t seq;

    if (!is_open(s) || s->reset)
        return 0;
    int found = state_newest(&s->state, &seq, name, err);
    if (found > 0)
        found = peek(&s->state, name, &head, err);
    if (found <= 0)
        return found;
    if (!head.marked)
        return 0;
    return err_set(err, EX_TEMPFAIL, "stdin: ended without any mark; a stage upstream has died");
}

// Whether the newest snapshot is of this mark too: while a source is idle its marks say nothing
// new, and what was counted may be large. But an end has closed windows.
static bool is_known(const struct insight_snapshots *s, const struct mark *mark,
                     const struct insight_windows *w)
{
    return mark != NULL && !s->changed && !w->ended && s->name[0] != '\0' &&
           s->watermark == w->watermark && s->committed == (committed_of(mark) > 0) &&
           mark_same_position(&s->position, mark);
}

static int write_snapshot(struct insight_snapshots *s, const char *name, const struct mark *mark,
                          struct insight_windows *w, struct err *err)
{
    struct state_writer out;

    state_save_begin(&s->state, name, &out);
    put_head(&out, s, mark);
    insight_windows_save(w, &out);
    return state_save_end(&s->state, &out, err);
}

int insight_snapshots_save(struct insight_snapshots *s, const struct mark *mark,
                           struct insight_windows *w, struct err *err)
{
    uint64_t seq = mark == NULL ? s->seq + 1 : mark->seq;
    // Without marks the one that was gone on with is of no more use; with marks, those before the
    // last one that is known to be committed.
    uint64_t keep = mark == NULL ? seq : committed_of(mark);
    char name[STATE_NAME_SIZE];

    if (!is_open(s))
        return 0;
    state_name(name, seq, mark == NULL ? NULL : mark->run);
    if ((!is_known(s, mark, w) || !state_link(&s->state, s->name, name)) &&
        write_snapshot(s, name, mark, w, err) != 0)
        return -1;
    if (mark != NULL)
        remember(s, name, mark, committed_of(mark), w);
    s->seq = seq;
    if (keep <= s->kept_from)
        return 0;
    s->kept_from = keep;
    return state_remove(&s->state, keep - 1, err);
}

static void dump_head(const struct insight_snapshots *s, const struct head *head,
                      const struct insight_windows *w, struct buf *b)
{
    buf_printf(b, "{\"state\":%" PRIu64 ",\"options\":", s->seq);
    json_put_string(b, s->options, strlen(s->options));
    if (w->watermark > INT64_MIN) {
        buf_puts(b, ",\"watermark\":\"");
        time_format(b, w->watermark);
        buf_putc(b, '"');
    }
    buf_puts(b, ",\"at\":[");
    for (size_t i = 0; i < head->mark.at_count; i++) {
        const struct mark_at *at = &head->mark.at[i];
        buf_puts(b, i == 0 ? "[" : ",[");
        json_put_string(b, at->topic, strlen(at->topic));
        buf_printf(b, ",%d,%" PRId64 "]", at->partition, at->offset);
    }
    buf_puts(b, "]}\n");
}

static int dump_windows(struct insight_windows *w, const struct insight_plan *plan, struct out *out)
{
    struct insight_partial partial;
    struct insight_view view;

    while (insight_windows_next(w, WINDOWS_OPEN, &view)) {
        insight_partial_init(&partial, plan, &view);
        while (insight_partial_next(&partial, &out->buf)) {
            buf_putc(&out->buf, '\n');
            if (out_line_done(out) != 0)
                return -1;
        }
    }
    return out_flush(out);
}

static int dump(struct insight_snapshots *s, struct insight_windows *w, struct insight_plan *plan,
                struct out *out, struct err *err)
{
    char name[STATE_NAME_SIZE];
    struct state_reader in;
    struct head head;

    // The newest one may be of no more use, and gone, before it is opened.
    int found;
    do {
        found = state_newest(&s->state, &s->seq, name, err);
        if (found < 0)
            return -1;
        if (found == 0)
            return err_set(err, EX_CONFIG, "%s: there is no snapshot", s->state.path);
        found = state_load(&s->state, name, &in, err);
    } while (found == 0);
    if (found < 0)
        return -1;
    get_head(&in, &head);
    int status =
        in.short_of ? 0 : check_head(&head, &in, s->options, head.marked ? &head.mark : NULL, err);
    if (status == 0) {
        insight_windows_load(w, plan, &in);
        dump_head(s, &head, w, &out->buf);
    }
    mark_release(&head.mark);
    struct err end_err;
    if (state_load_end(&in, status == 0 ? err : &end_err) != 0 || status != 0)
        return -1;
    return dump_windows(w, plan, out) == 0 ? 0 : out_error(out, err);
}

int insight_snapshot_dump(const char *dir, const char *options, struct insight_windows *w,
                          struct insight_plan *plan, struct err *err)
{
    struct insight_snapshots s = {.options = options};
    struct out out;

    if (state_open(&s.state, dir, false, err) != 0)
        return -1;
    out_init(&out, STDOUT_FILENO, "stdout");
    int status = dump(&s, w, plan, &out, err);
    if (status == 0 && out_close(&out) != 0)
        status = out_error(&out, err);
    out_release(&out);
    state_close(&s.state);
    return status;
}
