// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/oauth_token.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "json/json.h"

#define LIFE_MAX (1000000000)   // s, so that no time overflows
#define TIME_MAX (253402300800) // s since 1970: the year 10000
#define REASON_MAX 200          // bytes of the provider's words in a message

void oauth_token_release(struct oauth_token *token)
{
    free(token->text);
    token->text = NULL;
}

// Reads a number of seconds. Some providers write it as a string.
static bool read_seconds(const struct json_value *value, int64_t *seconds)
{
    char text[32];

    if (value->type == JSON_INT) {
        *seconds = value->integer;
    } else if (value->type == JSON_DOUBLE && value->number > 0 && value->number < 1e12) {
        *seconds = (int64_t)value->number;
    } else if (value->type == JSON_STRING && value->string.len < sizeof text) {
        snprintf(text, sizeof text, "%.*s", (int)value->string.len, value->string.data);
        if (number_parse_int(text, seconds) != 0)
            return false;
    } else {
        return false;
    }
    return *seconds > 0;
}

// Decodes the second part of a JWT, which is in base64url without padding (RFC 7515, section 2).
static bool decode_claims(const char *token, struct buf *claims)
{
    const char *start = strchr(token, '.');
    struct buf text = {0};

    if (start == NULL)
        return false;
    start++;
    for (const char *c = start; *c != '\0' && *c != '.'; c++)
        buf_putc(&text, *c == '-' ? '+' : *c == '_' ? '/' : *c);
    while (text.len % 4 != 0)
        buf_putc(&text, '=');
    bool decoded = buf_put_decoded(claims, text.data, text.len) == 0;
    buf_release(&text);
    return decoded;
}

// Reads when a JWT expires, in ms since 1970.
static bool read_expiry(struct json *json, const char *token, int64_t *expires)
{
    static const struct json_key keys[] = {JSON_KEY("exp")};
    struct json_value exp = {.type = JSON_ABSENT};
    struct buf claims = {0};
    int64_t seconds = 0;

    bool found = decode_claims(token, &claims) && json_parse(json, claims.data, claims.len) == 0;
    if (found) {
        json_fields(json, keys, 1, &exp);
        found = read_seconds(&exp, &seconds) && seconds < TIME_MAX;
    }
    buf_release(&claims);
    if (found)
        *expires = seconds * MS_SECOND;
    return found;
}

static enum oauth_outcome granted(struct json *json, struct oauth_token *token, int64_t now,
                                  struct err *err)
{
    static const struct json_key keys[] = {JSON_KEY("access_token"), JSON_KEY("expires_in")};
    struct json_value field[2] = {{.type = JSON_ABSENT}, {.type = JSON_ABSENT}};
    int64_t life;

    json_fields(json, keys, 2, field);
    if (field[0].type != JSON_STRING || field[0].string.len == 0) {
        err_set(err, EX_UNAVAILABLE, "the answer has no access_token");
        return OAUTH_RETRY;
    }
    oauth_token_release(token);
    token->text = xstrndup(field[0].string.data, field[0].string.len);
    if (read_seconds(&field[1], &life)) {
        token->expires = now + (life < LIFE_MAX ? life : LIFE_MAX) * MS_SECOND;
    } else if (!read_expiry(json, token->text, &token->expires)) {
        err_set(err, EX_CONFIG, "the answer does not say when the token expires");
        return OAUTH_REFUSED;
    }
    if (token->expires > now)
        return OAUTH_GRANTED;
    err_set(err, EX_UNAVAILABLE, "the token has expired already; is this machine's clock right?");
    return OAUTH_RETRY;
}

static void append_words(char *text, size_t size, const struct json_value *value)
{
    size_t len = strlen(text);

    if (value->type != JSON_STRING || value->string.len == 0)
        return;
    snprintf(text + len, size - len, "%s%.*s", len == 0 ? "" : ": ", (int)value->string.len,
             value->string.data);
    for (; text[len] != '\0'; len++) {
        if (iscntrl((unsigned char)text[len]))
            text[len] = ' ';
    }
}

// Too many requests, and a provider that does not work, may pass. So may a proxy's failure.
static bool may_pass(long status)
{
    return status == 408 || status == 429 || status >= 500;
}

static enum oauth_outcome not_granted(const struct json *json, bool parsed, long status,
                                      struct err *err)
{
    static const struct json_key keys[] = {JSON_KEY("error"), JSON_KEY("error_description")};
    struct json_value field[2] = {{.type = JSON_ABSENT}, {.type = JSON_ABSENT}};
    char reason[REASON_MAX] = "";

    if (parsed)
        json_fields(json, keys, 2, field);
    append_words(reason, sizeof reason, &field[0]);
    append_words(reason, sizeof reason, &field[1]);
    if (status >= 300 && status < 400)
        snprintf(reason, sizeof reason, "redirects are not followed");
    bool refused = status == 400 || status == 401 || status == 403;
    err_set(err,
            refused            ? EX_NOPERM
            : may_pass(status) ? EX_UNAVAILABLE
                               : EX_CONFIG,
            "HTTP status %ld%s%s", status, reason[0] == '\0' ? "" : ": ", reason);
    return may_pass(status) ? OAUTH_RETRY : OAUTH_REFUSED;
}

enum oauth_outcome oauth_token_read(struct oauth_token *token, long status, const struct buf *body,
                                    int64_t now, struct err *err)
{
    struct json *json = json_new();
    bool parsed = body->len > 0 && json_parse(json, body->data, body->len) == 0;
    enum oauth_outcome outcome = OAUTH_RETRY;

    if (status != 200)
        outcome = not_granted(json, parsed, status, err);
    else if (parsed)
        outcome = granted(json, token, now, err);
    else
        err_set(err, EX_UNAVAILABLE, "the answer is not JSON");
    json_free(json);
    return outcome;
}
