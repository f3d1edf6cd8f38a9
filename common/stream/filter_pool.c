// SPDX-License-Identifier: BSD-2-Clause
#include "stream/filter_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/xalloc.h"

#define CLAIM 16        // lines that a thread takes at a time
#define WORTH_WAKING 32 // lines

// Bytes of outputs. A thread that keeps so many leaves further lines alone.
#define OUTPUTS_MAX (16u << 20)

struct result {
    const struct filter_outputs *in; // NULL: the program was not run
    int count;                       // outputs, or -1
    size_t first;                    // the first output, or the message of an error
    const char *not_json;            // why the line is not JSON; NULL if it is
};

// What a thread needs. It keeps the outputs of all records that it runs.
struct worker {
    struct filter_pool *pool;
    struct filter *filter;
    struct json *json;
    struct filter_outputs outputs;
    pthread_t thread;
};

struct added {
    struct line line;
    const char *record; // NULL if there is none
    size_t len;
    struct result result;
};

struct filter_pool {
    struct worker *worker; // the first one is the calling thread
    size_t workers, threads;
    struct filter_outputs now; // of a record that filter_pool_result() runs
    struct result current;     // of the last filter_pool_result()

    struct added *added;
    size_t count;
    size_t next; // the first line that filter_pool_next() has not returned

    // The lock guards what follows. A thread works only while a batch is open. So the end of a
    // batch waits for those that are at work, and not for one that has not woken up yet.
    pthread_mutex_t lock;
    pthread_cond_t begin, idle;
    uint64_t batch;
    size_t active;
    bool open, stop;
    atomic_size_t claimed; // lines; changed without the lock
};

// --- Running the program on a line ---

static bool is_full(const struct worker *w)
{
    return filter_outputs_size(&w->outputs) >= OUTPUTS_MAX;
}

static void run_record(struct worker *w, const char *record, size_t len,
                       struct filter_outputs *outputs, struct result *result)
{
    *result = (struct result){.in = outputs, .count = -1, .first = outputs->count};
    if (json_parse(w->json, record, len) != 0) {
        result->not_json = json_error(w->json);
        return;
    }
    result->count = filter_run(w->filter, w->json, outputs);
    if (result->count < 0) {
        const char *message = filter_error(w->filter);
        filter_outputs_add_text(outputs, message, strlen(message) + 1);
    }
}

// --- The threads ---

static void run_claimed(struct worker *w)
{
    struct filter_pool *pool = w->pool;
    size_t from;

    while (!is_full(w) && (from = atomic_fetch_add(&pool->claimed, CLAIM)) < pool->count) {
        size_t to = from + CLAIM < pool->count ? from + CLAIM : pool->count;
        for (size_t i = from; i < to && !is_full(w); i++) {
            struct added *a = &pool->added[i];
            if (a->record != NULL)
                run_record(w, a->record, a->len, &w->outputs, &a->result);
        }
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct filter_pool *pool = w->pool;
    uint64_t last = 0;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stop && (!pool->open || pool->batch == last))
            pthread_cond_wait(&pool->begin, &pool->lock);
        if (pool->stop)
            break;
        last = pool->batch;
        pool->active++;
        pthread_mutex_unlock(&pool->lock);
        run_claimed(w);
        pthread_mutex_lock(&pool->lock);
        if (--pool->active == 0)
            pthread_cond_signal(&pool->idle);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void open_batch(struct filter_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->claimed, 0);
    pool->batch++;
    pool->open = true;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);
}

static void close_batch(struct filter_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->open = false;
    while (pool->active > 0)
        pthread_cond_wait(&pool->idle, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void filter_pool_add(struct filter_pool *pool, const struct line *line, const struct line *record)
{
    struct added *a = &pool->added[pool->count++];

    *a = (struct added){.line = *line};
    if (record != NULL) {
        a->record = record->data;
        a->len = record->len;
    }
}

void filter_pool_run_added(struct filter_pool *pool)
{
    for (size_t i = 0; i < pool->workers; i++)
        filter_outputs_clear(&pool->worker[i].outputs);
    if (pool->count < WORTH_WAKING)
        return;
    open_batch(pool);
    run_claimed(&pool->worker[0]);
    close_batch(pool);
}

// --- Results ---

const struct line *filter_pool_next(struct filter_pool *pool)
{
    if (pool->next < pool->count)
        return &pool->added[pool->next++].line;
    pool->next = pool->count = 0;
    return NULL;
}

// Sets *result to the result of a record that the threads have run. Returns false if they have not.
static bool find_result(const struct filter_pool *pool, const struct line *record,
                        struct result *result)
{
    if (pool->next == 0 || record->data != pool->added[pool->next - 1].record)
        return false;
    *result = pool->added[pool->next - 1].result;
    return result->in != NULL;
}

int filter_pool_result(struct filter_pool *pool, const struct line *record, struct reject *reject)
{
    struct result *r = &pool->current;
    const char *message;
    size_t len;

    if (!find_result(pool, record, r)) {
        filter_outputs_clear(&pool->now);
        run_record(&pool->worker[0], record->data, record->len, &pool->now, r);
    }
    if (r->not_json != NULL)
        *reject = (struct reject){REJECT_NOT_JSON, NULL, r->not_json};
    else if (r->count < 0 && filter_outputs_made(r->in, r->first, &message, &len))
        *reject = (struct reject){REJECT_FILTER_ERROR, NULL, message};
    return r->count;
}

bool filter_pool_parsed(const struct filter_pool *pool)
{
    return pool->current.in == &pool->now;
}

bool filter_pool_made(const struct filter_pool *pool, int i, const char **data, size_t *len)
{
    return filter_outputs_made(pool->current.in, pool->current.first + (size_t)i, data, len);
}

// --- Start and end ---

static int start_threads(struct filter_pool *pool, struct err *err)
{
    pool->added = xreallocarray(NULL, FILTER_POOL_LINES_MAX, sizeof *pool->added);
    if (filter_prepare_threads(err) != 0)
        return -1;
    for (size_t i = 1; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        w->json = json_new();
        w->filter = filter_recompile(pool->worker[0].filter, err);
        if (w->filter == NULL)
            return -1;
        int error = thread_start(&w->thread, work, w);
        if (error != 0)
            return err_set(err, EX_OSERR, "--jobs: cannot start a thread: %s", strerror(error));
        pool->threads++;
    }
    return 0;
}

struct filter_pool *filter_pool_new(const struct filter_options *options, size_t jobs,
                                    struct json *json, struct err *err)
{
    struct filter_pool *pool = xcalloc(1, sizeof *pool);

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->idle, NULL);
    pool->worker = xcalloc(jobs, sizeof *pool->worker);
    pool->workers = jobs;
    for (size_t i = 0; i < jobs; i++)
        pool->worker[i].pool = pool;
    pool->worker[0].json = json;
    pool->worker[0].filter = filter_new(options, err);
    if (pool->worker[0].filter == NULL || (jobs > 1 && start_threads(pool, err) != 0)) {
        filter_pool_free(pool);
        return NULL;
    }
    return pool;
}

void filter_pool_free(struct filter_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->begin);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 1; i <= pool->threads; i++)
        pthread_join(pool->worker[i].thread, NULL);
    for (size_t i = 0; i < pool->workers; i++) {
        filter_free(pool->worker[i].filter);
        if (i > 0) // the first parser is the caller's
            json_free(pool->worker[i].json);
        filter_outputs_release(&pool->worker[i].outputs);
    }
    filter_outputs_release(&pool->now);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->begin);
    pthread_cond_destroy(&pool->idle);
    free(pool->worker);
    free(pool->added);
    free(pool);
}
