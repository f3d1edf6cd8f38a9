// SPDX-License-Identifier: BSD-2-Clause
#include "stream/filter_pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define CLAIM 16                // lines that a thread takes at a time
#define WORTH_WAKING 32         // lines
#define RESULTS_MAX (16u << 20) // bytes that a thread keeps before it leaves further lines alone

struct output {
    bool is_input;
    size_t start, len; // in the text
};

// Where results are kept. Each thread has one, and the calling thread another one for the record
// that it runs at once.
struct results {
    struct buf text;
    struct output *output;
    size_t outputs, size;
};

struct result {
    const struct results *in; // NULL: the program was not run
    int count;                // outputs, or -1
    size_t first;             // the first output, or the start of the message of an error
    const char *not_json;     // why the line is not JSON; NULL if it is
};

struct worker {
    struct filter_pool *pool;
    struct filter *filter;
    struct json *json;
    struct results results;
    pthread_t thread;
};

struct filter_pool {
    struct worker *worker; // the first one is the calling thread
    size_t workers, threads;
    struct results now;
    struct result current; // the result of the last filter_pool_run()

    struct line *line; // that were added
    struct result *result;
    size_t count;
    size_t next; // the first one whose result was not taken
    bool ran;    // filter_pool_run_added() was called for these lines

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

static void clear(struct results *r)
{
    buf_clear(&r->text);
    r->outputs = 0;
}

static bool is_full(const struct results *r)
{
    return r->text.len + r->outputs * sizeof *r->output >= RESULTS_MAX;
}

static void keep_output(struct results *r, const struct filter *filter, int i)
{
    const char *data;
    size_t len;

    if (r->outputs == r->size) {
        r->size = r->size == 0 ? 64 : 2 * r->size;
        r->output = xreallocarray(r->output, r->size, sizeof *r->output);
    }
    struct output *o = &r->output[r->outputs++];
    *o = (struct output){.is_input = filter_output_is_input(filter, i), .start = r->text.len};
    if (o->is_input)
        return;
    filter_output(filter, i, &data, &len);
    buf_append(&r->text, data, len);
    o->len = len;
}

static void run_line(struct worker *w, const struct line *line, struct results *r,
                     struct result *result)
{
    *result = (struct result){.in = r, .count = -1, .first = r->text.len};
    if (json_parse(w->json, line->data, line->len) != 0) {
        result->not_json = json_error(w->json);
        return;
    }
    result->count = filter_run(w->filter, w->json);
    if (result->count < 0) {
        const char *message = filter_error(w->filter);
        buf_append(&r->text, message, strlen(message) + 1);
        return;
    }
    result->first = r->outputs;
    for (int i = 0; i < result->count; i++)
        keep_output(r, w->filter, i);
}

// --- The threads ---

static void run_claimed(struct worker *w)
{
    struct filter_pool *pool = w->pool;
    size_t from;

    while (!is_full(&w->results) &&
           (from = atomic_fetch_add(&pool->claimed, CLAIM)) < pool->count) {
        size_t to = from + CLAIM < pool->count ? from + CLAIM : pool->count;
        for (size_t i = from; i < to && !is_full(&w->results); i++)
            run_line(w, &pool->line[i], &w->results, &pool->result[i]);
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

void filter_pool_add(struct filter_pool *pool, const struct line *line)
{
    if (pool->ran) {
        pool->ran = false;
        pool->count = 0;
    }
    if (pool->count < FILTER_POOL_LINES_MAX)
        pool->line[pool->count++] = *line;
}

void filter_pool_run_added(struct filter_pool *pool)
{
    if (pool->ran) // nothing was added
        pool->count = 0;
    pool->ran = true;
    pool->next = 0;
    memset(pool->result, 0, pool->count * sizeof *pool->result);
    for (size_t i = 0; i < pool->workers; i++)
        clear(&pool->worker[i].results);
    if (pool->count < WORTH_WAKING)
        return;
    open_batch(pool);
    run_claimed(&pool->worker[0]);
    close_batch(pool);
}

// --- Results ---

int filter_pool_run(struct filter_pool *pool, const struct line *line, struct reject *reject)
{
    struct result *r = &pool->current;

    r->in = NULL;
    if (pool->next < pool->count && pool->line[pool->next].number == line->number)
        *r = pool->result[pool->next++];
    if (r->in == NULL) {
        clear(&pool->now);
        run_line(&pool->worker[0], line, &pool->now, r);
    }
    if (r->count < 0)
        *reject = r->not_json != NULL
                      ? (struct reject){REJECT_NOT_JSON, NULL, r->not_json}
                      : (struct reject){REJECT_FILTER_ERROR, NULL, r->in->text.data + r->first};
    return r->count;
}

bool filter_pool_parsed(const struct filter_pool *pool)
{
    return pool->current.in == &pool->now;
}

bool filter_pool_output_is_input(const struct filter_pool *pool, int i)
{
    const struct result *r = &pool->current;

    return r->in->output[r->first + (size_t)i].is_input;
}

void filter_pool_output(const struct filter_pool *pool, int i, const char **data, size_t *len)
{
    const struct result *r = &pool->current;
    const struct output *o = &r->in->output[r->first + (size_t)i];

    *data = r->in->text.data + o->start;
    *len = o->len;
}

// --- Start and end ---

// The library for regular expressions that libjq uses initializes itself at its first use, and not
// in a way that is safe with threads. So it is used once before there are threads.
static int use_regex(struct json *json, struct err *err)
{
    const struct filter_options options = {.program = "test(\"\")"};
    struct filter *filter = filter_new(&options, err);
    struct buf text = BUF_INIT;

    if (filter == NULL)
        return -1;
    buf_puts(&text, "\"\"");
    if (json_parse(json, text.data, text.len) == 0)
        filter_run(filter, json);
    buf_release(&text);
    filter_free(filter);
    return 0;
}

static int start_thread(struct filter_pool *pool, struct worker *w, struct err *err)
{
    sigset_t all, before;

    // Signals must interrupt the calls of the main thread.
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return err_set(err, EX_OSERR, "--jobs: cannot start a thread: %s", strerror(error));
    pool->threads++;
    return 0;
}

static int start_threads(struct filter_pool *pool, const struct filter_options *options,
                         struct err *err)
{
    pool->line = xreallocarray(NULL, FILTER_POOL_LINES_MAX, sizeof *pool->line);
    pool->result = xreallocarray(NULL, FILTER_POOL_LINES_MAX, sizeof *pool->result);
    if (use_regex(pool->worker[0].json, err) != 0)
        return -1;
    for (size_t i = 1; i < pool->workers; i++) {
        struct worker *w = &pool->worker[i];
        w->json = json_new();
        w->filter = filter_copy(pool->worker[0].filter, options, err);
        if (w->filter == NULL || start_thread(pool, w, err) != 0)
            return -1;
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
    if (pool->worker[0].filter == NULL || (jobs > 1 && start_threads(pool, options, err) != 0)) {
        filter_pool_free(pool);
        return NULL;
    }
    return pool;
}

static void release(struct results *r)
{
    buf_release(&r->text);
    free(r->output);
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
        release(&pool->worker[i].results);
    }
    release(&pool->now);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->begin);
    pthread_cond_destroy(&pool->idle);
    free(pool->worker);
    free(pool->line);
    free(pool->result);
    free(pool);
}
