// SPDX-License-Identifier: BSD-2-Clause
#include "schema/registry_request.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/xalloc.h"

#define PAUSE_FIRST 100    // ms before a request is repeated
#define PAUSE_LONGEST 2000 // ms
#define SLICE 50           // ms between checks for a signal
// A member of a group may not be silent for longer than max.poll.interval.ms, five minutes by
// default, so it cannot wait for long once it has begun.
#define LATER_WAIT MS_MINUTE

// What the API calls errors.
#define NO_SUBJECT 40401
#define NO_VERSION 40402
#define NO_SCHEMA 40403

struct registry {
    const struct registry_settings *settings;
    char *base;  // the URL, without slashes at its end
    char *shown; // the same without the login, for messages
    struct http *http;
    struct http_answer answer;
    struct json *json; // the answer
    bool reached;      // it has answered
    bool waiting;      // a message has said that it does not
};

// --- URLs ---

struct registry *registry_new(const struct registry_settings *settings, struct err *err)
{
    struct registry *r;
    size_t len = strlen(settings->url);

    if (strncmp(settings->url, "http://", 7) != 0 && strncmp(settings->url, "https://", 8) != 0) {
        err_set(err, EX_USAGE, "-r: not a URL that begins with http:// or https://");
        return NULL;
    }
    r = xcalloc(1, sizeof *r);
    r->settings = settings;
    r->json = json_new();
    while (len > 0 && settings->url[len - 1] == '/')
        len--;
    r->base = xstrndup(settings->url, len);
    r->shown = secret_url(r->base);
    r->http = http_new(&settings->http, err);
    if (r->http != NULL)
        return r;
    registry_free(r);
    return NULL;
}

void registry_free(struct registry *r)
{
    if (r == NULL)
        return;
    http_free(r->http);
    json_free(r->json);
    buf_release(&r->answer.body);
    free(r->base);
    free(r->shown);
    free(r);
}

const char *registry_url(const struct registry *r)
{
    return r->shown;
}

// --- Requests ---

// How the answer to one request was.
enum verdict { GOOD, UNKNOWN, AGAIN, BAD };

struct json_value registry_member(const struct registry *r, const char *name)
{
    const struct json_key key = {name, strlen(name)};
    struct json_value value;

    json_fields(r->json, &key, 1, &value);
    return value;
}

// Parses the answer. A registry always answers with an object or array.
static bool parse_answer(struct registry *r)
{
    struct buf *body = &r->answer.body;

    buf_reserve(body, 1);
    return json_parse(r->json, body->data, body->len) == 0 &&
           (json_type(r->json) == JSON_OBJECT || json_type(r->json) == JSON_ARRAY);
}

// Sets *err to what the registry says about an error.
static void explain(struct registry *r, int status, bool parsed, struct err *err)
{
    const struct json_value message =
        parsed ? registry_member(r, "message") : (struct json_value){.type = JSON_ABSENT};

    if (message.type == JSON_STRING)
        err_set(err, status, "status %ld: %.300s", r->answer.status, message.string.data);
    else
        err_set(err, status, "status %ld", r->answer.status);
}

static enum verdict judge(struct registry *r, struct err *err)
{
    const long status = r->answer.status;
    const bool parsed = parse_answer(r);
    const struct json_value code =
        parsed ? registry_member(r, "error_code") : (struct json_value){.type = JSON_ABSENT};

    if (status >= 200 && status < 300 && parsed)
        return GOOD;
    if (status >= 200 && status < 300) {
        err_set(err, EX_UNAVAILABLE, "the answer is not JSON: is it a Schema Registry?");
        return AGAIN;
    }
    explain(r, EX_UNAVAILABLE, parsed, err);
    if (status >= 500 || status == 408 || status == 429)
        return AGAIN;
    if (status == 404 && code.type == JSON_INT &&
        (code.integer == NO_SUBJECT || code.integer == NO_VERSION || code.integer == NO_SCHEMA))
        return UNKNOWN;
    err->status = status == 401 || status == 403 ? EX_NOPERM : EX_CONFIG;
    if (status >= 300 && status < 400)
        err_set(err, EX_CONFIG, "status %ld: redirects are not followed", status);
    return BAD;
}

// Returns whether the time has passed without a signal to stop.
static bool pause_for(const struct registry *r, int64_t ms)
{
    const int64_t until = time_monotonic() + ms;
    bool (*stopping)(void) = r->settings->http.stopping;

    while (time_monotonic() < until) {
        if (stopping != NULL && stopping())
            return false;
        poll(NULL, 0, SLICE);
    }
    return stopping == NULL || !stopping();
}

static enum verdict ask_once(struct registry *r, const char *url, const struct buf *body,
                             struct err *err)
{
    switch (http_send(r->http, url, body, &r->answer, err)) {
    case HTTP_ANSWERED:
        return judge(r, err);
    case HTTP_RETRY:
        return AGAIN;
    default:
        return BAD;
    }
}

static void tell_waiting(struct registry *r, const struct err *err)
{
    if (!r->waiting)
        log_warn("schema registry %s: %s; trying again", r->shown, err->text);
    r->waiting = true;
}

enum registry_outcome registry_ask(struct registry *r, const struct buf *path,
                                   const struct buf *body, struct err *err)
{
    const int64_t wait = r->settings->wait;
    const int64_t deadline =
        time_monotonic() + (r->reached && wait > LATER_WAIT ? LATER_WAIT : wait);
    char *url = xasprintf("%s%.*s", r->base, (int)path->len, path->data);
    int64_t pause = PAUSE_FIRST;
    enum verdict verdict;
    bool stopped = false;

    while ((verdict = ask_once(r, url, body, err)) == AGAIN && time_monotonic() < deadline) {
        tell_waiting(r, err);
        stopped = !pause_for(r, pause);
        if (stopped)
            break;
        pause = pause * 2 > PAUSE_LONGEST ? PAUSE_LONGEST : pause * 2;
    }
    free(url);
    if (verdict == AGAIN || verdict == BAD) {
        struct err why = *err;
        int status = stopped ? EX_OK : verdict == AGAIN && r->reached ? EX_TEMPFAIL : why.status;
        err_set(err, status, "schema registry %s: %s", r->shown, why.text);
        return REGISTRY_FAILED;
    }
    r->reached = true;
    r->waiting = false;
    return verdict == GOOD ? REGISTRY_FOUND : REGISTRY_UNKNOWN;
}

enum registry_outcome registry_bad_answer(const struct registry *r, const char *what,
                                          struct err *err)
{
    err_set(err, r->reached ? EX_TEMPFAIL : EX_UNAVAILABLE, "schema registry %s: an answer %s",
            r->shown, what);
    return REGISTRY_FAILED;
}

long registry_status(const struct registry *r)
{
    return r->answer.status;
}

int registry_pause(const struct registry *r, int64_t ms, struct err *err)
{
    return pause_for(r, ms) ? 0 : err_set(err, EX_OK, "schema registry %s: stopped", r->shown);
}
