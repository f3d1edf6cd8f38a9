// SPDX-License-Identifier: BSD-2-Clause
#include "insight/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/out.h"
#include "insight/partial_write.h"
#include "insight/snapshot_codec.h"
#include "json/json_write.h"

int checkpoint_open(struct checkpoint *c, const char *dir, const char *options, bool reset,
                    struct err *err)
{
    *c = (struct checkpoint){
        .options = options, .reset = reset, .dir = {.fd = -1}, .hello = MARK_INIT};
    return dir == NULL ? 0 : snapshot_dir_open(&c->dir, dir, true, err);
}

void checkpoint_close(struct checkpoint *c)
{
    snapshot_dir_close(&c->dir);
    mark_release(&c->hello);
    mark_release(&c->position);
}

static bool is_open(const struct checkpoint *c)
{
    return c->dir.fd >= 0;
}

// The part of a snapshot before the windows.
struct head {
    const char *options;
    size_t options_len;
    bool marked;
    uint64_t accepted;
    uint64_t committed; // the seq of the newest mark known to be committed, or 0
    struct mark mark;   // the mark of the snapshot; it has no partitions if there are no marks
};

// The seq that a mark reports as committed, or 0.
static uint64_t committed_of(const struct mark *mark)
{
    return mark != NULL && mark->has_committed ? mark->committed : 0;
}

static void put_head(struct snapshot_writer *out, const struct checkpoint *c,
                     const struct mark *mark)
{
    snapshot_put_bytes(out, c->options, strlen(c->options));
    snapshot_put_u64(out, mark != NULL);
    snapshot_put_u64(out, c->accepted);
    snapshot_put_u64(out, committed_of(mark));
    snapshot_put_u64(out, mark == NULL ? 0 : mark->at_count);
    for (size_t i = 0; mark != NULL && i < mark->at_count; i++) {
        snapshot_put_bytes(out, mark->at[i].topic, strlen(mark->at[i].topic) + 1);
        snapshot_put_u64(out, (uint64_t)mark->at[i].partition);
        snapshot_put_u64(out, (uint64_t)mark->at[i].offset);
    }
}

static void get_head(struct snapshot_reader *in, struct head *head)
{
    *head = (struct head){.mark = MARK_INIT};
    head->options = snapshot_get_bytes(in, &head->options_len);
    head->marked = snapshot_get_u64(in) != 0;
    head->accepted = snapshot_get_u64(in);
    head->committed = snapshot_get_u64(in);
    size_t count = snapshot_get_count(in, 3 * sizeof(uint64_t));
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *topic = snapshot_get_bytes(in, &len);
        int32_t partition = (int32_t)snapshot_get_u64(in);
        mark_add_at(&head->mark, topic, partition, (int64_t)snapshot_get_u64(in));
    }
}

// Reads the numbers of a head. Returns 1; 0 when there is no such snapshot; or -1 with *err set.
static int peek(const struct snapshot_dir *dir, const char *name, struct head *head,
                struct err *err)
{
    struct snapshot_reader in;
    struct err unread; // the rest of the snapshot is not read; that is not an error here
    int found = snapshot_read_begin(dir, name, &in, err);

    if (found <= 0)
        return found;
    get_head(&in, head);
    mark_release(&head->mark);
    snapshot_read_end(&in, &unread);
    return 1;
}

// Fails unless the snapshot was made with these options and at the position of the hello mark.
static int check_head(const struct head *head, const struct snapshot_reader *in,
                      const char *options, const struct mark *hello, struct err *err)
{
    const char *dir = in->dir->path;

    if (!bytes_are(head->options, head->options_len, options))
        return err_set(err, EX_CONFIG,
                       "%s/%s: it was made with other options: %.*s (--state-reset starts over)",
                       dir, in->name, (int)head->options_len, head->options);
    if (head->marked != (hello != NULL))
        return err_set(err, EX_CONFIG, "%s/%s: it was made %s marks (--state-reset starts over)",
                       dir, in->name, head->marked ? "with" : "without");
    if (hello != NULL && !mark_same_partitions(&head->mark, hello))
        return err_set(err, EX_CONFIG,
                       "%s/%s: it was made from other partitions (--state-reset starts over)", dir,
                       in->name);
    if (hello != NULL && !mark_same_position(&head->mark, hello))
        return err_set(err, EX_CONFIG,
                       "%s/%s: the source continues at other offsets (--state-reset starts over)",
                       dir, in->name);
    return 0;
}

static void remember(struct checkpoint *c, const char *name, const struct mark *position,
                     uint64_t committed, const struct windows *w)
{
    snprintf(c->name, sizeof c->name, "%s", name);
    mark_copy(&c->position, position);
    c->committed = committed > 0;
    c->watermark = w->watermark;
    c->changed = false;
}

// Loads a snapshot. Returns 1; 0 when there is no such snapshot; or -1 with *err set.
static int load(struct checkpoint *c, const char *name, const struct mark *hello, struct windows *w,
                struct plan *plan, struct err *err)
{
    struct snapshot_reader in;
    struct err end_err;
    struct head head;
    int found = snapshot_read_begin(&c->dir, name, &in, err);

    if (found <= 0)
        return found;
    get_head(&in, &head);
    int status = in.overrun ? 0 : check_head(&head, &in, c->options, hello, err);
    if (status == 0) {
        c->accepted = head.accepted;
        snapshot_codec_load(w, plan, &in);
        remember(c, name, &head.mark, head.committed, w);
    }
    mark_release(&head.mark);
    // If check_head() has failed, its error is kept.
    int sound = snapshot_read_end(&in, status == 0 ? err : &end_err);
    return status == 0 && sound == 0 ? 1 : -1;
}

// Fails if the snapshot shows that a mark was already committed.
static int check_uncommitted(void *ctx, const struct snapshot_dir *dir, const char *name,
                             uint64_t seq, struct err *err)
{
    struct head head;
    int found = peek(dir, name, &head, err);

    (void)ctx;
    (void)seq;
    if (found <= 0 || head.committed == 0)
        return found < 0 ? -1 : 0;
    return err_set(err, EX_CONFIG,
                   "%s/%s: mark %" PRIu64
                   " was committed, but the source starts from the beginning "
                   "(--state-reset starts over)",
                   dir->path, name, head.committed);
}

// Resumes from the snapshot of the mark from which the source continues. Keeps the snapshots of
// higher marks: they are from another run, which may still commit.
static int resume_marked(struct checkpoint *c, const struct mark *hello, struct windows *w,
                         struct plan *plan, struct err *err)
{
    char name[SNAPSHOT_NAME_SIZE];

    c->seq = hello->seq;
    // The source starts from the beginning. Either the previous run was killed before its first
    // commit, or the committed offsets were lost. If they were lost, counting again would replace
    // correct insights with wrong ones.
    if (hello->seq == 0)
        return snapshot_dir_each(&c->dir, check_uncommitted, NULL, err);
    snapshot_name(name, hello->seq, hello->from[0] == '\0' ? NULL : hello->from);
    int found = load(c, name, hello, w, plan, err);
    if (found == 0)
        return err_set(
            err, EX_CONFIG,
            "%s: there is no %s, from which the source continues (--state-reset starts over)",
            c->dir.path, name);
    return found < 0 ? -1 : 0;
}

static int resume_unmarked(struct checkpoint *c, struct windows *w, struct plan *plan,
                           struct err *err)
{
    char name[SNAPSHOT_NAME_SIZE];
    int found = snapshot_dir_newest(&c->dir, &c->seq, name, err);

    if (found <= 0)
        return found;
    return load(c, name, NULL, w, plan, err) == 1 ? 0 : -1;
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
                      struct plan *plan, struct err *err)
{
    if (!is_open(c))
        return 0;
    if (hello != NULL) {
        if (check_source(hello, err) != 0)
            return -1;
        mark_copy(&c->hello, hello);
    }
    if (c->reset)
        return snapshot_dir_remove(&c->dir, UINT64_MAX, err);
    return hello == NULL ? resume_unmarked(c, w, plan, err) : resume_marked(c, hello, w, plan, err);
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
    char name[SNAPSHOT_NAME_SIZE];
    struct head head;
    uint64_t seq;

    if (!is_open(c) || c->reset)
        return 0;
    int found = snapshot_dir_newest(&c->dir, &seq, name, err);
    if (found > 0)
        found = peek(&c->dir, name, &head, err);
    if (found <= 0)
        return found;
    if (!head.marked)
        return 0;
    return err_set(err, EX_TEMPFAIL, "stdin: ended without any mark; a stage upstream has died");
}

// Returns whether the newest snapshot is valid for this mark too. While a source is idle, its marks
// change nothing, and writing all windows again may take long. But an end mark has closed windows.
static bool is_known(const struct checkpoint *c, const struct mark *mark, const struct windows *w)
{
    return mark != NULL && !c->changed && !w->ended && c->name[0] != '\0' &&
           c->watermark == w->watermark && c->committed == (committed_of(mark) > 0) &&
           mark_same_position(&c->position, mark);
}

static int write_snapshot(struct checkpoint *c, const char *name, const struct mark *mark,
                          struct windows *w, struct err *err)
{
    struct snapshot_writer out;

    snapshot_write_begin(&c->dir, name, &out);
    put_head(&out, c, mark);
    snapshot_codec_save(w, &out);
    return snapshot_write_end(&c->dir, &out, err);
}

int checkpoint_save(struct checkpoint *c, const struct mark *mark, struct windows *w,
                    struct err *err)
{
    uint64_t seq = mark == NULL ? c->seq + 1 : mark->seq;
    // Without marks the previous snapshot is no longer needed. With marks the snapshots before the
    // last committed mark are no longer needed.
    uint64_t keep = mark == NULL ? seq : committed_of(mark);
    char name[SNAPSHOT_NAME_SIZE];

    if (!is_open(c))
        return 0;
    snapshot_name(name, seq, mark == NULL ? NULL : mark->run);
    if ((!is_known(c, mark, w) || !snapshot_dir_link(&c->dir, c->name, name)) &&
        write_snapshot(c, name, mark, w, err) != 0)
        return -1;
    if (mark != NULL)
        remember(c, name, mark, committed_of(mark), w);
    c->seq = seq;
    if (keep <= c->kept_from)
        return 0;
    c->kept_from = keep;
    return snapshot_dir_remove(&c->dir, keep - 1, err);
}

static void dump_head(const struct checkpoint *c, const struct head *head, const struct windows *w,
                      struct buf *b)
{
    buf_putc(b, '{');
    json_put_member_u64(b, "state", c->seq);
    json_put_member_text(b, "options", c->options);
    if (w->watermark > INT64_MIN)
        json_put_member_time(b, "watermark", w->watermark);
    json_put_name(b, "at");
    buf_putc(b, '[');
    for (size_t i = 0; i < head->mark.at_count; i++) {
        const struct mark_at *at = &head->mark.at[i];
        json_put_comma(b);
        buf_putc(b, '[');
        json_put_string(b, at->topic, strlen(at->topic));
        buf_printf(b, ",%d,%" PRId64 "]", at->partition, at->offset);
    }
    buf_puts(b, "]}\n");
}

// Writes the lines of partials that are not complete yet.
static int dump_held(const struct partial_join *join, struct out *out)
{
    for (size_t i = 0; i < join->count; i++) {
        for (size_t j = 0; j < join->held[i].count; j++) {
            const struct buf *text = &join->held[i].line[j].text;
            buf_append(&out->buf, text->data, text->len);
            buf_putc(&out->buf, '\n');
            if (out_line_done(out) != 0)
                return -1;
        }
    }
    return 0;
}

static int dump_windows(struct windows *w, const struct plan *plan, struct out *out)
{
    struct partial_writer partial;
    struct window_view view;

    while (windows_next(w, WINDOWS_OPEN, &view)) {
        partial_write_init(&partial, plan, &view);
        while (partial_write_next(&partial, &out->buf)) {
            buf_putc(&out->buf, '\n');
            if (out_line_done(out) != 0)
                return -1;
        }
    }
    return dump_held(&w->join, out) == 0 ? out_flush(out) : -1;
}

static int dump(struct checkpoint *c, struct windows *w, struct plan *plan, struct out *out,
                struct err *err)
{
    char name[SNAPSHOT_NAME_SIZE];
    struct snapshot_reader in;
    struct head head;

    // The directory may be in use, so the newest snapshot may be removed before it is opened.
    int found;
    do {
        found = snapshot_dir_newest(&c->dir, &c->seq, name, err);
        if (found < 0)
            return -1;
        if (found == 0)
            return err_set(err, EX_CONFIG, "%s: there is no snapshot", c->dir.path);
        found = snapshot_read_begin(&c->dir, name, &in, err);
    } while (found == 0);
    if (found < 0)
        return -1;
    get_head(&in, &head);
    int status =
        in.overrun ? 0 : check_head(&head, &in, c->options, head.marked ? &head.mark : NULL, err);
    if (status == 0) {
        snapshot_codec_load(w, plan, &in);
        dump_head(c, &head, w, &out->buf);
    }
    mark_release(&head.mark);
    struct err end_err;
    if (snapshot_read_end(&in, status == 0 ? err : &end_err) != 0 || status != 0)
        return -1;
    return dump_windows(w, plan, out) == 0 ? 0 : out_error(out, err);
}

int checkpoint_dump(const char *dir, const char *options, struct windows *w, struct plan *plan,
                    struct err *err)
{
    struct checkpoint c = {.options = options};
    struct out out;

    if (snapshot_dir_open(&c.dir, dir, false, err) != 0)
        return -1;
    out_init(&out, STDOUT_FILENO, "stdout");
    int status = dump(&c, w, plan, &out, err);
    if (status == 0 && out_close(&out) != 0)
        status = out_error(&out, err);
    out_release(&out);
    snapshot_dir_close(&c.dir);
    return status;
}
