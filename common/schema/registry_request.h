// SPDX-License-Identifier: BSD-2-Clause
//
// registry_request: sends requests to a Schema Registry, and decides what its answers mean.
//
//     struct registry *registry = registry_new(&settings, &err);
//     if (registry_ask(registry, &path, NULL, &err) == REGISTRY_FOUND)
//         text = registry_member(registry, "schema");
//     registry_free(registry);
//
// A request is repeated for a while if no answer comes, or one with a status of 500 or more, or one
// that is not JSON. If that does not help, it fails: with EX_UNAVAILABLE before the registry has
// ever answered, and with EX_TEMPFAIL afterwards. A refused login fails with EX_NOPERM, and
// anything else that another attempt would not mend with EX_CONFIG. If settings.http.stopping()
// returns true, it fails with EX_OK.
#ifndef SCHEMA_REGISTRY_REQUEST_H
#define SCHEMA_REGISTRY_REQUEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/http.h"
#include "json/json.h"

struct registry_settings {
    const char *url;
    struct http_settings http;
    int64_t wait; // ms: how long to repeat a request; later than the first, for a minute at most
};

enum registry_outcome {
    REGISTRY_FOUND,
    REGISTRY_UNKNOWN, // the registry has no such subject or schema, says *err
    REGISTRY_FAILED,  // with *err set
};

struct registry;

// Borrows the settings. Connects to nothing. Returns NULL with *err set: EX_USAGE for a wrong URL.
struct registry *registry_new(const struct registry_settings *settings, struct err *err);
void registry_free(struct registry *registry);

// Returns the URL without a login, for messages.
const char *registry_url(const struct registry *registry);

// Sends a GET or, if there is a body, a POST, until it is answered. The path is relative to the
// URL.
enum registry_outcome registry_ask(struct registry *registry, const struct buf *path,
                                   const struct buf *body, struct err *err);

// Returns the status of the last answer; 0 if there was none.
long registry_status(const struct registry *registry);

// Returns a member of the last answer, valid until the next registry_ask(). Its type is JSON_ABSENT
// if there is none.
struct json_value registry_member(const struct registry *registry, const char *name);

// Fails because of the contents of the last answer. Returns REGISTRY_FAILED.
enum registry_outcome registry_bad_answer(const struct registry *registry, const char *what,
                                          struct err *err);

// Waits some ms. Returns 0, or -1 with EX_OK in *err if settings.http.stopping() returns true.
int registry_pause(const struct registry *registry, int64_t ms, struct err *err);

#endif
