// SPDX-License-Identifier: BSD-2-Clause
//
// http: one HTTP request after another to the same server, over one connection.
//
//     struct http *http = http_new(&settings, &err);
//     switch (http_send(http, "http://host:8081/schemas/ids/1", NULL, &answer, &err)) {
//     case HTTP_ANSWERED: use(answer.status, answer.body.data, answer.body.len);
//     ...
//     buf_release(&answer.body);
//     http_free(http);
//
// Redirects are not followed, because the login must not go to another server. Only http and https
// are spoken. Proxies are those of the environment ($https_proxy, $no_proxy).
#ifndef BASE_HTTP_H
#define BASE_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

// The first two members are media types. Every other one may be NULL.
struct http_settings {
    const char *accept;            // of answers
    const char *content;           // of bodies that are sent
    const char *login;             // user:password
    const char *ca;                // file of the authorities to trust, instead of the system's
    const char *certificate, *key; // files of the client's own
    const char *key_password;      // of the file `key`
    bool (*stopping)(void);        // returns whether to give up a request
    const atomic_bool *given_up;   // the same, set by another thread
};

enum http_outcome {
    HTTP_ANSWERED, // with any status
    HTTP_RETRY,    // no answer, or not a whole one; another attempt may have one
    HTTP_FAILED,   // another attempt would fail too
};

struct http_answer {
    long status;
    struct buf body;
};

struct http;

// Borrows the settings. Returns NULL with EX_SOFTWARE or EX_CONFIG.
struct http *http_new(const struct http_settings *settings, struct err *err);
void http_free(struct http *http);

// Sends a GET, or a POST if there is a body. Replaces *answer; its status is 0 unless the outcome
// is HTTP_ANSWERED. Otherwise sets *err: EX_UNAVAILABLE or, if another attempt would fail too,
// EX_CONFIG. An answer of more than 16 MiB is not taken.
enum http_outcome http_send(struct http *http, const char *url, const struct buf *body,
                            struct http_answer *answer, struct err *err);

// Appends a part of a path, or a value of a form: only unreserved characters stand for themselves
// (RFC 3986, section 2.3).
void http_put_encoded(struct buf *b, const char *text);

// Returns the version of libcurl.
const char *http_version(void);

#endif
