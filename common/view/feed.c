// SPDX-License-Identifier: BSD-2-Clause
#include "view/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"

void feed_init(struct feed *feed, const struct input_options *options, struct model *model)
{
    *feed = (struct feed){.model = model, .stop = {-1, -1}};
    input_init(&feed->input, options, LINE_MAX_DEFAULT);
    pthread_mutex_init(&feed->turn, NULL);
    pthread_mutex_init(&feed->lock, NULL);
}

void feed_release(struct feed *feed)
{
    input_release(&feed->input);
    pthread_mutex_destroy(&feed->turn);
    pthread_mutex_destroy(&feed->lock);
}

// A mutex alone is not fair: the reader would take it again before whoever waits has woken up.
// Whoever waits holds the turn, so the reader waits for that.
void feed_lock(struct feed *feed)
{
    pthread_mutex_lock(&feed->turn);
    pthread_mutex_lock(&feed->lock);
    pthread_mutex_unlock(&feed->turn);
}

void feed_unlock(struct feed *feed)
{
    pthread_mutex_unlock(&feed->lock);
}

// Hands the lines in the buffer to the model. Returns false if the input has ended.
static bool take_lines(struct feed *feed)
{
    struct line line;

    while (line_next(&feed->input.reader, &line))
        model_take(feed->model, &line);
    if (feed->input.reader.eof) {
        int more = input_next_file(&feed->input, &feed->err);
        feed->failed = more < 0;
        feed->ended = more <= 0;
    }
    return !feed->ended;
}

static void fail(struct feed *feed, int error)
{
    err_set(&feed->err, EX_IOERR, "%s: %s", feed->input.name, strerror(error));
    feed->ended = feed->failed = true;
}

// Waits until there is something to read. Returns false if the thread must stop.
static bool wait_input(const struct feed *feed)
{
    struct pollfd fds[] = {{.fd = feed->stop[0], .events = POLLIN},
                           {.fd = feed->input.reader.fd, .events = POLLIN}};

    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    return fds[0].revents == 0;
}

int feed_read_all(struct feed *feed)
{
    while (take_lines(feed)) {
        wait_input(feed);
        if (line_fill(&feed->input.reader) < 0 && errno != EINTR && errno != EAGAIN) {
            fail(feed, errno);
            break;
        }
    }
    return feed->failed ? -1 : 0;
}

static void *run(void *arg)
{
    struct feed *feed = arg;
    bool more = true;

    while (more && wait_input(feed)) {
        int status = line_fill(&feed->input.reader);
        int error = errno;
        feed_lock(feed);
        if (status < 0 && error != EINTR && error != EAGAIN)
            fail(feed, error);
        else
            take_lines(feed);
        more = !feed->ended;
        feed_unlock(feed);
    }
    return NULL;
}

int feed_start(struct feed *feed, struct err *err)
{
    int error;

    if (pipe2(feed->stop, O_CLOEXEC) != 0)
        return err_set(err, EX_OSERR, "pipe: %s", strerror(errno));
    take_lines(feed); // opens the first file
    if ((error = thread_start(&feed->thread, run, feed)) != 0)
        return err_set(err, EX_OSERR, "thread: %s", strerror(error));
    return 0;
}

void feed_stop(struct feed *feed)
{
    close(feed->stop[1]);
    pthread_join(feed->thread, NULL);
    close(feed->stop[0]);
}
