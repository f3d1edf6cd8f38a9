// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/oauth_token.h"

#include <stdio.h>
#include <string.h>

#include "tap.h"

#define NOW INT64_C(1700000000000)

// Reads an answer into *token. Returns the outcome.
static enum oauth_outcome answer(struct oauth_token *token, long status, const char *text,
                                 struct err *err)
{
    struct buf body = {0};

    err->text[0] = '\0';
    buf_puts(&body, text);
    enum oauth_outcome outcome = oauth_token_read(token, status, &body, NOW, err);
    buf_release(&body);
    return outcome;
}

static void expires(const char *text, int64_t when, const char *title)
{
    struct oauth_token token = {0};
    struct err err;

    tap_int(answer(&token, 200, text, &err), OAUTH_GRANTED, title);
    tap_int(token.expires, when, title);
    oauth_token_release(&token);
}

static void fails(long status, const char *text, enum oauth_outcome outcome, int exit_status,
                  const char *why)
{
    struct oauth_token token = {0};
    struct err err;

    tap_int(answer(&token, status, text, &err), outcome, why);
    tap_int(err.status, exit_status, why);
    tap_text(err.text, strlen(err.text), why, why);
    oauth_token_release(&token);
}

static void test_tokens(void)
{
    struct oauth_token token = {0};
    struct err err;

    answer(&token, 200, "{\"access_token\":\"first\",\"expires_in\":1}", &err);
    answer(&token, 200, "{\"access_token\":\"a.b.c\",\"expires_in\":1}", &err);
    tap_text(token.text, strlen(token.text), "a.b.c", "a later token replaces the first one");
    oauth_token_release(&token);
    expires("{\"access_token\":\"t\",\"expires_in\":60}", NOW + 60000, "seconds are a number");
    expires("{\"access_token\":\"t\",\"expires_in\":\"60\"}", NOW + 60000, "or a string");
    expires("{\"access_token\":\"t\",\"expires_in\":60.0}", NOW + 60000, "or have a fraction");
    expires("{\"access_token\":\"t\",\"expires_in\":9000000000000000000}",
            NOW + INT64_C(1000000000000), "a very long life is cut");
    // {"alg":"none"} and {"sub":"x?>~","exp":1700000100}, which has a _ and a - in base64url.
    expires("{\"access_token\":\"eyJhbGciOiJub25lIn0."
            "eyJzdWIiOiJ4Pz5-IiwiZXhwIjoxNzAwMDAwMTAwfQ.x\"}",
            NOW + 100000, "without expires_in, the claim exp counts");
}

static void test_failures(void)
{
    fails(200, "", OAUTH_RETRY, EX_UNAVAILABLE, "the answer is not JSON");
    fails(200, "<html>", OAUTH_RETRY, EX_UNAVAILABLE, "the answer is not JSON");
    fails(200, "[]", OAUTH_RETRY, EX_UNAVAILABLE, "the answer has no access_token");
    fails(200, "{\"access_token\":7}", OAUTH_RETRY, EX_UNAVAILABLE,
          "the answer has no access_token");
    for (const char *const *text =
             (const char *const[]){
                 "{\"access_token\":\"opaque\"}", "{\"access_token\":\"t\",\"expires_in\":0}",
                 "{\"access_token\":\"t\",\"expires_in\":\"soon\"}", "{\"access_token\":\"a.!.c\"}",
                 "{\"access_token\":\"a.e30.c\"}", "{\"access_token\":\"a.\"}", NULL};
         *text != NULL; text++)
        fails(200, *text, OAUTH_REFUSED, EX_CONFIG,
              "the answer does not say when the token expires");
    // {"exp":1600000000}
    fails(200, "{\"access_token\":\"a.eyJleHAiOjE2MDAwMDAwMDB9.c\"}", OAUTH_RETRY, EX_UNAVAILABLE,
          "the token has expired already; is this machine's clock right?");
    fails(401, "{\"error\":\"invalid_client\",\"error_description\":\"no\\nsuch\"}", OAUTH_REFUSED,
          EX_NOPERM, "HTTP status 401: invalid_client: no such");
    fails(400, "{\"error\":\"invalid_scope\"}", OAUTH_REFUSED, EX_NOPERM,
          "HTTP status 400: invalid_scope");
    fails(403, "no", OAUTH_REFUSED, EX_NOPERM, "HTTP status 403");
    fails(404, "", OAUTH_REFUSED, EX_CONFIG, "HTTP status 404");
    fails(302, "", OAUTH_REFUSED, EX_CONFIG, "HTTP status 302: redirects are not followed");
    fails(429, "", OAUTH_RETRY, EX_UNAVAILABLE, "HTTP status 429");
    fails(503, "{\"error\":7}", OAUTH_RETRY, EX_UNAVAILABLE, "HTTP status 503");
}

int main(void)
{
    test_tokens();
    test_failures();
    return tap_done();
}
