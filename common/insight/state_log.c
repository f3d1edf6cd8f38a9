// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/xalloc.h"
#include "insight/windows.h"

#define HEADER "loginpipe state log 3 " SNAPSHOT_BYTE_ORDER "\n"
#define HEADER_LEN (sizeof HEADER - 1)

// The kernel is asked to write to disk each time this many bytes have come, so that little is left
// to wait for at a mark.
#define WRITE_BEHIND ((uint64_t)1 << 20)

enum block_kind { BLOCK_HEADER, BLOCK_ENTRIES, BLOCK_MARK };

struct block_head {
    uint64_t hash, kind, len;
};

// --- Blocks ---

static uint64_t hash_block(const char *block, size_t len, uint64_t offset)
{
    return XXH3_64bits_withSeed(block + sizeof(uint64_t), len - sizeof(uint64_t), offset);
}

static void begin_block(struct state_log *log)
{
    const struct block_head head = {0};

    log->block_start = log->out.buf.len;
    buf_append(&log->out.buf, &head, sizeof head);
}

// Completes the block in the buffer, which has not been written yet.
static void end_block(struct state_log *log, enum block_kind kind)
{
    char *block = log->out.buf.data + log->block_start;
    size_t len = log->out.buf.len - log->block_start;
    struct block_head head = {.kind = kind, .len = len - sizeof head};

    memcpy(block, &head, sizeof head);
    head.hash = hash_block(block, len, log->out.bytes + log->block_start);
    memcpy(block, &head.hash, sizeof head.hash);
}

static void open_file(struct state_log *log)
{
    struct out *out = &log->out;

    out->fd = openat(log->dir->fd, log->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out->fd < 0 || file_sync_init(&log->sync, out->fd, log->dir->fd) != 0)
        out->error = errno;
}

// Writes the complete blocks in the buffer.
static void write_blocks(struct state_log *log)
{
    struct out *out = &log->out;

    if (out->error == 0 && out->fd < 0)
        open_file(log);
    if (out_flush(out) != 0) {
        buf_clear(&out->buf);
        return;
    }
    if (out->bytes - log->writing < WRITE_BEHIND)
        return;
    // This only saves time. Not all file systems support it.
    (void)sync_file_range(out->fd, (off_t)log->writing, (off_t)(out->bytes - log->writing),
                          SYNC_FILE_RANGE_WRITE);
    log->writing = out->bytes;
}

// Called after each entry.
static inline void entry_done(struct state_log *log)
{
    if (log->out.buf.len - log->block_start < STATE_LOG_BLOCK)
        return;
    end_block(log, BLOCK_ENTRIES);
    write_blocks(log);
    begin_block(log);
}

// --- Writing ---

static void put_text(struct buf *b, const char *text, size_t len)
{
    snapshot_append_num(b, len);
    buf_append(b, text, len);
}

void state_log_init(struct state_log *log, const struct snapshot_dir *dir, uint64_t seq,
                    const char *run, const char *from, const struct mark *hello,
                    const char *options, int64_t watermark)
{
    struct buf *b = &log->out.buf;

    *log = (struct state_log){
        .dir = dir, .seq = seq, .watermark = watermark, .hello = hello, .sync = FILE_SYNC_INIT};
    snapshot_name(log->name, seq, run, SNAPSHOT_LOG);
    out_init(&log->out, -1, log->name);
    buf_append(b, HEADER, HEADER_LEN);
    begin_block(log);
    put_text(b, options, strlen(options));
    put_text(b, from, strlen(from));
    snapshot_append_num(b, hello->at_count);
    for (size_t i = 0; i < hello->at_count; i++) {
        put_text(b, hello->at[i].topic, strlen(hello->at[i].topic));
        snapshot_append_num(b, (uint64_t)hello->at[i].partition);
    }
    end_block(log, BLOCK_HEADER);
    begin_block(log);
}

void state_log_close(struct state_log *log)
{
    if (log->dir == NULL)
        return;
    file_sync_release(&log->sync);
    if (log->out.fd >= 0)
        close(log->out.fd);
    out_release(&log->out);
    *log = (struct state_log){.dir = NULL};
}

static void put_watermark(struct state_log *log, int64_t watermark)
{
    if (watermark == log->watermark)
        return;
    log->watermark = watermark;
    buf_putc(&log->out.buf, STATE_WATERMARK);
    buf_append(&log->out.buf, &watermark, sizeof watermark);
}

static void put_kind(struct state_log *log, enum state_entry_kind kind, int64_t watermark)
{
    put_watermark(log, watermark);
    buf_putc(&log->out.buf, (char)kind);
}

static void put_time(struct state_log *log, int64_t time)
{
    int64_t since = time - log->time;

    snapshot_append_num(&log->out.buf, (uint64_t)since << 1 ^ (since < 0 ? UINT64_MAX : 0));
    log->time = time;
}

static void name_window(struct state_log *log, const struct window *window, int64_t watermark)
{
    if (log->named && log->series == window->series && log->start == window->start)
        return;
    log->named = true;
    log->series = window->series;
    log->start = window->start;
    put_kind(log, STATE_WINDOW, watermark);
    snapshot_append_num(&log->out.buf, log->series);
    buf_append(&log->out.buf, &log->start, sizeof log->start);
}

void state_log_record(struct state_log *log, int64_t watermark, const struct batch *batch,
                      const struct batch_item *item, const uint32_t *value_id)
{
    size_t count = batch->plan->value_count;
    const struct batch_text *text = batch->text + item->row * count;
    const struct table *table = item->set->value;
    struct buf *b = &log->out.buf;

    name_window(log, windows_of_set(item->set), watermark);
    put_kind(log, STATE_RECORD, watermark);
    put_time(log, batch->row_time[item->row]);
    // The values of a record are next to each other in the batch.
    size_t most =
        count * 2 * SNAPSHOT_NUM_SIZE + text[count - 1].start + text[count - 1].len - text[0].start;
    if (b->size - b->len < most)
        buf_reserve(b, most);
    char *at = b->data + b->len;
    for (size_t i = 0; i < count; i++) {
        if (table[i].sketch == NULL && map_at(&table[i].map, value_id[i])->count > 0) {
            at = snapshot_write_num(at, value_id[i]);
            continue;
        }
        *at++ = 0;
        at = snapshot_write_num(at, text[i].len);
        memcpy(at, batch->bytes.data + text[i].start, text[i].len);
        at += text[i].len;
    }
    b->len = (size_t)(at - b->data);
    entry_done(log);
}

void state_log_late(struct state_log *log, int64_t time, int64_t watermark)
{
    put_kind(log, STATE_LATE, watermark);
    put_time(log, time);
    entry_done(log);
}

void state_log_partial(struct state_log *log, const struct line *line, int64_t watermark)
{
    put_kind(log, STATE_PARTIAL, watermark);
    snapshot_append_num(&log->out.buf, line->number);
    put_text(&log->out.buf, line->data, line->len);
    entry_done(log);
}

void state_log_emitted(struct state_log *log, int64_t watermark)
{
    put_kind(log, STATE_EMITTED, watermark);
    entry_done(log);
}

void state_log_ended(struct state_log *log, int64_t watermark)
{
    put_kind(log, STATE_ENDED, watermark);
    entry_done(log);
}

// The offset of partition i of the header. A mark usually has the partitions in the same order.
static int64_t offset_of(const struct state_log *log, const struct mark *mark, size_t i)
{
    const struct mark_at *at = &log->hello->at[i];

    if (i < mark->at_count && mark->at[i].partition == at->partition &&
        strcmp(mark->at[i].topic, at->topic) == 0)
        return mark->at[i].offset;
    return mark_offset(mark, at->topic, at->partition);
}

static int log_status(const struct state_log *log, struct err *err)
{
    errno = log->out.error;
    return log->out.error == 0 ? 0 : snapshot_fail(log->dir, EX_IOERR, log->name, err);
}

int state_log_sync_fd(const struct state_log *log)
{
    return file_sync_fd(&log->sync);
}

int state_log_await_sync(struct state_log *log, struct err *err)
{
    int error = file_sync_await(&log->sync);

    if (log->out.error == 0)
        log->out.error = error;
    return log_status(log, err);
}

int state_log_mark(struct state_log *log, const struct mark *mark, int64_t watermark,
                   uint64_t accepted, uint64_t committed, struct err *err)
{
    struct buf *b = &log->out.buf;

    if (state_log_await_sync(log, err) != 0)
        return -1;
    put_watermark(log, watermark);
    if (b->len - log->block_start > sizeof(struct block_head)) {
        end_block(log, BLOCK_ENTRIES);
        begin_block(log);
    }
    snapshot_append_num(b, mark->seq);
    snapshot_append_num(b, accepted);
    snapshot_append_num(b, committed);
    for (size_t i = 0; i < log->hello->at_count; i++)
        snapshot_append_num(b, (uint64_t)offset_of(log, mark, i));
    end_block(log, BLOCK_MARK);
    write_blocks(log);
    begin_block(log);
    if (log->out.error == 0)
        file_sync_start(&log->sync);
    return log_status(log, err);
}

// --- Reading ---

// Goes to the next block. Returns its kind, or -1 at the end of the sound blocks.
static int next_block(struct state_log_reader *r)
{
    struct snapshot_reader *in = &r->in;
    struct block_head head;
    size_t start = in->end;

    in->at = start;
    if (in->overrun || r->in.len - start < sizeof head)
        return -1;
    memcpy(&head, in->map + start, sizeof head);
    if (head.kind > BLOCK_MARK || head.len > r->in.len - start - sizeof head)
        return -1;
    in->at = start + sizeof head;
    in->end = in->at + head.len;
    if (hash_block(in->map + start, in->end - start, start) == head.hash)
        return (int)head.kind;
    in->overrun = true;
    return -1;
}

static void get_partitions(struct state_log_reader *r)
{
    size_t count = snapshot_get_count(&r->in, 2);

    for (size_t i = 0; i < count && !r->in.overrun; i++) {
        char *topic = snapshot_get_name(&r->in);
        uint64_t partition = snapshot_get_num(&r->in);
        if (partition > INT32_MAX)
            snapshot_refuse(&r->in);
        if (!r->in.overrun)
            mark_add_at(&r->at, topic, (int32_t)partition, 0);
        free(topic);
    }
}

static void get_header(struct state_log_reader *r)
{
    r->options = snapshot_get_bytes(&r->in, &r->options_len);
    char *from = snapshot_get_name(&r->in);
    if (from == NULL || strlen(from) >= sizeof r->from)
        snapshot_refuse(&r->in);
    else
        strcpy(r->from, from);
    free(from);
    get_partitions(r);
    if (r->in.at != r->in.end)
        snapshot_refuse(&r->in);
}

int state_log_open(struct state_log_reader *r, const struct snapshot_dir *dir, const char *name,
                   size_t values, struct err *err)
{
    *r = (struct state_log_reader){.values = values, .at = MARK_INIT};
    int found = snapshot_map(dir, name, HEADER, &r->in, err);
    if (found <= 0)
        return found;
    r->in.end = r->in.at;
    r->value = xcalloc(values, sizeof *r->value);
    bool whole = next_block(r) == BLOCK_HEADER;
    if (whole)
        get_header(r);
    if (whole && !r->in.overrun)
        return 1;
    found = whole ? snapshot_damaged(&r->in, err) : 0;
    state_log_end(r);
    return found;
}

void state_log_end(struct state_log_reader *r)
{
    snapshot_unmap(&r->in);
    mark_release(&r->at);
    free(r->value);
}

static void get_time(struct state_log_reader *r, struct state_entry *entry)
{
    uint64_t since = snapshot_get_num(&r->in);

    r->time = (int64_t)((uint64_t)r->time + (since >> 1 ^ (0 - (since & 1))));
    if (r->time > STATE_TIME_MAX || r->time < -STATE_TIME_MAX)
        snapshot_refuse(&r->in);
    entry->time = r->time;
}

static void get_record(struct state_log_reader *r, struct state_entry *entry)
{
    get_time(r, entry);
    for (size_t i = 0; i < r->values; i++) {
        struct state_value *value = &r->value[i];
        *value = (struct state_value){.id = snapshot_get_num(&r->in)};
        if (value->id == 0)
            value->data = snapshot_get_bytes(&r->in, &value->len);
    }
    entry->value = r->value;
}

static void get_entry(struct state_log_reader *r, struct state_entry *entry)
{
    unsigned char kind;

    snapshot_get(&r->in, &kind, sizeof kind);
    entry->kind = kind;
    switch (entry->kind) {
    case STATE_RECORD:
        get_record(r, entry);
        return;
    case STATE_PARTIAL:
        entry->number = snapshot_get_num(&r->in);
        entry->data = snapshot_get_bytes(&r->in, &entry->len);
        return;
    case STATE_WATERMARK:
        entry->time = (int64_t)snapshot_get_u64(&r->in);
        return;
    case STATE_LATE:
        get_time(r, entry);
        return;
    case STATE_WINDOW:
        entry->series = snapshot_get_num(&r->in);
        entry->time = (int64_t)snapshot_get_u64(&r->in);
        return;
    case STATE_EMITTED:
    case STATE_ENDED:
        return;
    case STATE_MARK:
        break;
    }
    snapshot_refuse(&r->in);
}

static void get_mark(struct state_log_reader *r, struct state_entry *entry)
{
    entry->kind = STATE_MARK;
    entry->seq = snapshot_get_num(&r->in);
    entry->accepted = snapshot_get_num(&r->in);
    entry->committed = snapshot_get_num(&r->in);
    entry->at = &r->at;
    for (size_t i = 0; i < r->at.at_count; i++) {
        uint64_t offset = snapshot_get_num(&r->in);
        if (offset > INT64_MAX)
            snapshot_refuse(&r->in);
        r->at.at[i].offset = (int64_t)offset;
    }
    if (r->in.at != r->in.end)
        snapshot_refuse(&r->in);
}

bool state_log_next(struct state_log_reader *r, struct state_entry *entry)
{
    *entry = (struct state_entry){.kind = STATE_MARK};
    while (!r->in_entries || r->in.at == r->in.end) {
        int kind = next_block(r);
        if (kind <= BLOCK_HEADER)
            return false;
        r->in_entries = kind == BLOCK_ENTRIES;
        if (!r->in_entries) {
            get_mark(r, entry);
            return !r->in.overrun;
        }
    }
    get_entry(r, entry);
    return !r->in.overrun;
}

bool state_log_next_mark(struct state_log_reader *r, struct state_entry *entry)
{
    int kind;

    *entry = (struct state_entry){.kind = STATE_MARK};
    r->in_entries = false;
    do
        kind = next_block(r);
    while (kind == BLOCK_ENTRIES);
    if (kind != BLOCK_MARK)
        return false;
    get_mark(r, entry);
    return !r->in.overrun;
}
