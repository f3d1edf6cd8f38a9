// SPDX-License-Identifier: BSD-2-Clause
#include "insight/state_chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "insight/state_log.h"

void state_chain_release(struct state_chain *chain)
{
    free(chain->file);
    *chain = (struct state_chain)STATE_CHAIN_INIT;
}

static void insert(struct state_chain *chain, size_t at, const struct snapshot_id *id)
{
    if (chain->count == chain->size) {
        chain->size = chain->size == 0 ? 8 : 2 * chain->size;
        chain->file = xreallocarray(chain->file, chain->size, sizeof *chain->file);
    }
    memmove(chain->file + at + 1, chain->file + at, (chain->count - at) * sizeof *chain->file);
    chain->file[at] = *id;
    chain->count++;
}

static void drop(struct state_chain *chain, size_t count)
{
    chain->count -= count;
    memmove(chain->file, chain->file + count, chain->count * sizeof *chain->file);
}

void state_chain_add(struct state_chain *chain, const struct snapshot_id *id)
{
    size_t at = chain->count;

    while (at > 0 && (chain->file[at - 1].seq > id->seq ||
                      (chain->file[at - 1].seq == id->seq && chain->file[at - 1].kind > id->kind)))
        at--;
    insert(chain, at, id);
}

static bool is_file(const struct snapshot_id *a, uint64_t seq, const char *tag,
                    enum snapshot_kind kind)
{
    return a->seq == seq && a->kind == kind && strcmp(a->tag, tag) == 0;
}

bool state_chain_has(const struct state_chain *chain, const struct snapshot_id *id)
{
    size_t i = 0;

    while (i < chain->count && !is_file(&chain->file[i], id->seq, id->tag, id->kind))
        i++;
    return i < chain->count;
}

bool state_chain_trim(struct state_chain *chain, uint64_t seq)
{
    size_t base = 0;

    for (size_t i = 0; i < chain->count && chain->file[i].seq <= seq; i++) {
        if (chain->file[i].kind == SNAPSHOT_STATE)
            base = i;
    }
    drop(chain, base);
    return base > 0;
}

static int add_file(void *ctx, const struct snapshot_dir *dir, const char *name,
                    const struct snapshot_id *id, struct err *err)
{
    struct state_chain *files = ctx;

    (void)dir;
    (void)name;
    (void)err;
    insert(files, files->count, id);
    return 0;
}

// Returns the log of a run that begins last before a mark, or NULL.
static const struct snapshot_id *find_log(const struct state_chain *files, uint64_t before,
                                          const char *run)
{
    const struct snapshot_id *log = NULL;

    for (size_t i = 0; i < files->count; i++) {
        const struct snapshot_id *id = &files->file[i];
        if (id->kind == SNAPSHOT_LOG && id->seq < before && strcmp(id->tag, run) == 0 &&
            (log == NULL || id->seq > log->seq))
            log = id;
    }
    return log;
}

// Reads from which run's mark a log continues. Returns like state_log_open().
static int read_from(const struct snapshot_dir *dir, const struct snapshot_id *log,
                     char from[SNAPSHOT_TAG_SIZE], struct err *err)
{
    char name[SNAPSHOT_NAME_SIZE];
    struct state_log_reader in;

    snapshot_name(name, log->seq, log->tag, SNAPSHOT_LOG);
    int found = state_log_open(&in, dir, name, 0, err);
    if (found <= 0)
        return found;
    memcpy(from, in.from, sizeof in.from);
    state_log_end(&in);
    return 1;
}

// Goes back from a mark, log by log, to a snapshot or to the beginning.
static int trace(struct state_chain *chain, const struct state_chain *files,
                 const struct snapshot_dir *dir, struct snapshot_id at, struct err *err)
{
    while (at.seq > 0) {
        at.kind = SNAPSHOT_STATE;
        if (state_chain_has(files, &at)) {
            insert(chain, 0, &at);
            return 1;
        }
        const struct snapshot_id *log = find_log(files, at.seq, at.tag);
        int found = log == NULL ? 0 : read_from(dir, log, at.tag, err);
        if (found <= 0)
            return found;
        insert(chain, 0, log);
        at.seq = log->seq;
    }
    return 1;
}

int state_chain_find(struct state_chain *chain, const struct snapshot_dir *dir, uint64_t seq,
                     const char *run, struct err *err)
{
    struct state_chain files = STATE_CHAIN_INIT;
    struct snapshot_id at = {.seq = seq};

    strncpy(at.tag, run, sizeof at.tag - 1);
    int found = snapshot_dir_each(dir, add_file, &files, err);
    if (found == 0)
        found = trace(chain, &files, dir, at, err);
    state_chain_release(&files);
    return found;
}

// Reads the last mark of a log or, if it has none, the mark from which it continues.
static int read_last(const struct snapshot_dir *dir, const struct snapshot_id *log, uint64_t *seq,
                     char run[SNAPSHOT_TAG_SIZE], struct err *err)
{
    char name[SNAPSHOT_NAME_SIZE];
    struct state_log_reader in;
    struct state_entry mark;

    snapshot_name(name, log->seq, log->tag, SNAPSHOT_LOG);
    int found = state_log_open(&in, dir, name, 0, err);
    if (found <= 0)
        return found;
    *seq = log->seq;
    strcpy(run, in.from);
    while (state_log_next_mark(&in, &mark)) {
        *seq = mark.seq;
        strcpy(run, log->tag);
    }
    state_log_end(&in);
    return 1;
}

static bool is_untried(const void *tried, const struct snapshot_id *id)
{
    return !state_chain_has(tried, id);
}

// Finds the newest mark of the run that has written a file. Returns 0 if the file is the torn
// beginning of a log.
static int newest_of(const struct state_chain *files, const struct snapshot_dir *dir,
                     const struct snapshot_id *file, uint64_t *seq, char run[SNAPSHOT_TAG_SIZE],
                     struct err *err)
{
    // A snapshot may be finished after its run has written later marks.
    const struct snapshot_id *log = find_log(files, UINT64_MAX, file->tag);

    if (log != NULL && log->seq >= file->seq) {
        int found = read_last(dir, log, seq, run, err);
        if (found != 0 || file->kind == SNAPSHOT_LOG)
            return found;
    }
    *seq = file->seq;
    strcpy(run, file->tag);
    return 1;
}

int state_chain_newest(const struct snapshot_dir *dir, uint64_t *seq, char run[SNAPSHOT_TAG_SIZE],
                       struct err *err)
{
    struct state_chain files = STATE_CHAIN_INIT, tried = STATE_CHAIN_INIT;
    struct snapshot_id file;
    int found = snapshot_dir_each(dir, add_file, &files, err);

    if (found == 0)
        found = snapshot_dir_newest(dir, NULL, NULL, &file, err);
    while (found == 1 && (found = newest_of(&files, dir, &file, seq, run, err)) == 0) {
        state_chain_add(&tried, &file);
        found = snapshot_dir_newest(dir, is_untried, &tried, &file, err);
        if (found == 0)
            break;
    }
    state_chain_release(&files);
    state_chain_release(&tried);
    return found;
}
