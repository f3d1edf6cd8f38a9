// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/oauth.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "kafka/oauth_token.h"

#define ATTEMPTS 9            // librdkafka asks again 10 s after it has heard of a failure
#define BETWEEN_ATTEMPTS 1000 // ms
#define NAP 50                // ms: how soon a stop is noticed
#define LOGIN_TIME 10000      // ms that a login may take at most, and until its refusal is noticed
#define EXTENSIONS_MAX 16

static const char *value(const struct config_options *options, const char *name)
{
    const char *text = config_value(options, name);

    return text == NULL ? "" : text;
}

// Returns whether the client signs in by tokens.
static bool wants_tokens(const struct config_options *options)
{
    const char *mechanism = value(options, "sasl.mechanisms");

    if (*mechanism == '\0')
        mechanism = value(options, "sasl.mechanism");
    return strcmp(mechanism, "OAUTHBEARER") == 0 &&
           strncasecmp(value(options, "security.protocol"), "sasl", 4) == 0;
}

static int check_settings(const struct config_options *options, struct err *err)
{
    static const char *const needed[] = {"sasl.oauthbearer.token.endpoint.url",
                                         "sasl.oauthbearer.client.id",
                                         "sasl.oauthbearer.client.secret"};
    const char *method = value(options, "sasl.oauthbearer.method");

    if (strcasecmp(method, "oidc") != 0)
        return err_set(err, EX_CONFIG,
                       "sasl.mechanism=OAUTHBEARER needs sasl.oauthbearer.method=oidc, with a "
                       "token endpoint");
    // Properties of a later librdkafka, for other ways to get a token.
    if (*value(options, "sasl.oauthbearer.grant.type") != '\0' &&
        strcmp(value(options, "sasl.oauthbearer.grant.type"), "client_credentials") != 0)
        return err_set(err, EX_CONFIG,
                       "sasl.oauthbearer.grant.type: only client_credentials is supported");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (*value(options, needed[i]) == '\0')
            return err_set(err, EX_CONFIG, "sasl.oauthbearer.method=oidc needs %s", needed[i]);
    }
    return 0;
}

int oauth_init(struct oauth *o, const struct config_options *options, struct err *err)
{
    *o = (struct oauth){.refused = 0};
    if (!wants_tokens(options) ||
        strcmp(value(options, "enable.sasl.oauthbearer.unsecure.jwt"), "true") == 0)
        return 0;
    if (check_settings(options, err) != 0)
        return -1;
    o->url = value(options, "sasl.oauthbearer.token.endpoint.url");
    o->id = value(options, "sasl.oauthbearer.client.id");
    o->scope = value(options, "sasl.oauthbearer.scope");
    o->extensions = value(options, "sasl.oauthbearer.extensions");
    o->login = xasprintf("%s:%s", o->id, value(options, "sasl.oauthbearer.client.secret"));
    o->settings = (struct http_settings){.accept = "application/json",
                                         .content = "application/x-www-form-urlencoded",
                                         .login = o->login,
                                         .ca = config_value(options, "https.ca.location"),
                                         .stopping = options->stopping,
                                         .given_up = &o->stopped};
    o->http = http_new(&o->settings, err);
    return o->http == NULL ? -1 : 0;
}

void oauth_release(struct oauth *o)
{
    http_free(o->http);
    o->http = NULL;
    free(o->login);
    o->login = NULL;
}

void oauth_configure(struct oauth *o, rd_kafka_conf_t *conf, oauth_refresh_callback *refresh)
{
    if (o->http == NULL)
        return;
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, refresh);
    rd_kafka_conf_enable_sasl_queue(conf, 1);
}

void oauth_start(struct oauth *o, rd_kafka_t *rk)
{
    if (o->http == NULL)
        return;
    rd_kafka_error_t *error = rd_kafka_sasl_background_callbacks_enable(rk);
    if (error != NULL) {
        log_error("librdkafka: no tokens: %s", rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
}

bool oauth_may_be_late(const struct oauth *o)
{
    int64_t now = time_now();

    return o->http != NULL && (o->renewal <= now || now - o->granted < LOGIN_TIME);
}

void oauth_stop(struct oauth *o)
{
    o->stopped = true;
}

// --- Tokens ---

static enum oauth_outcome ask(struct oauth *o, struct oauth_token *token, struct err *err)
{
    struct buf form = {0};
    struct http_answer answer = {0};
    enum oauth_outcome outcome;

    buf_puts(&form, "grant_type=client_credentials");
    if (*o->scope != '\0') {
        buf_puts(&form, "&scope=");
        http_put_encoded(&form, o->scope);
    }
    switch (http_send(o->http, o->url, &form, &answer, err)) {
    case HTTP_ANSWERED:
        outcome = oauth_token_read(token, answer.status, &answer.body, time_now(), err);
        break;
    case HTTP_FAILED:
        outcome = OAUTH_REFUSED;
        break;
    default:
        outcome = OAUTH_RETRY;
    }
    buf_release(&answer.body);
    buf_release(&form);
    return outcome;
}

// Takes "name=value,name=value" apart, into at most EXTENSIONS_MAX pairs of `pairs`. Returns how
// many texts that are. `text` is changed.
static size_t split_extensions(char *text, const char **pairs)
{
    char *rest = NULL;
    size_t count = 0;

    for (char *pair = strtok_r(text, ",", &rest); pair != NULL && count < 2 * EXTENSIONS_MAX;
         pair = strtok_r(NULL, ",", &rest)) {
        char *equals = strchr(pair, '=');
        if (equals != NULL)
            *equals = '\0';
        pairs[count++] = pair;
        pairs[count++] = equals == NULL ? "" : equals + 1;
    }
    return count;
}

static enum oauth_outcome hand_over(struct oauth *o, rd_kafka_t *rk,
                                    const struct oauth_token *token, struct err *err)
{
    const char *pairs[2 * EXTENSIONS_MAX];
    char *extensions = xstrdup(o->extensions), why[256] = "";
    size_t count = split_extensions(extensions, pairs);
    int64_t now = time_now();

    // The principal is for librdkafka's own messages: the broker takes it from the token.
    rd_kafka_resp_err_t code = rd_kafka_oauthbearer_set_token(rk, token->text, token->expires,
                                                              o->id, pairs, count, why, sizeof why);
    free(extensions);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        o->granted = o->renewal == 0 ? 0 : now;
        o->renewal = now + (token->expires - now) / 10 * 8; // as librdkafka does
        return OAUTH_GRANTED;
    }
    err_set(err, EX_CONFIG, "librdkafka does not take the token: %s", why);
    return OAUTH_REFUSED;
}

// Returns false if the client has been stopped.
static bool wait_for_attempt(const struct oauth *o)
{
    const struct timespec nap = {.tv_nsec = NAP * 1000000L};

    for (int waited = 0; waited < BETWEEN_ATTEMPTS && !o->stopped; waited += NAP)
        nanosleep(&nap, NULL);
    return !o->stopped;
}

static void report(struct oauth *o, rd_kafka_t *rk, enum oauth_outcome outcome,
                   const struct err *err)
{
    char *shown = secret_url(o->url);
    struct err failure;

    if (outcome == OAUTH_REFUSED)
        o->refused = err->status;
    err_set(&failure, err->status, "%s: %s", shown, err->text);
    free(shown);
    rd_kafka_oauthbearer_set_token_failure(rk, failure.text);
}

void oauth_refresh(struct oauth *o, rd_kafka_t *rk)
{
    enum oauth_outcome outcome = OAUTH_RETRY;
    struct oauth_token token = {0};
    struct err err;

    for (int attempt = 0; attempt < ATTEMPTS && outcome == OAUTH_RETRY; attempt++) {
        if (attempt > 0 && !wait_for_attempt(o))
            break;
        outcome = ask(o, &token, &err);
        if (outcome == OAUTH_GRANTED)
            outcome = hand_over(o, rk, &token, &err);
        // The first failure is reported at once, so that the user need not wait for the reason.
        if (outcome != OAUTH_GRANTED && (attempt == 0 || outcome == OAUTH_REFUSED) && !o->stopped)
            report(o, rk, outcome, &err);
    }
    oauth_token_release(&token);
}
