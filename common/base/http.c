// SPDX-License-Identifier: BSD-2-Clause
#include "base/http.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define CONNECT_TIME 5000L     // ms
#define REQUEST_TIME 10000L    // ms for one attempt
#define ANSWER_MAX (16u << 20) // bytes

struct http {
    const struct http_settings *settings;
    CURL *curl;
    struct curl_slist *headers;
    struct http_answer *answer;
    char why[CURL_ERROR_SIZE];
};

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct http *http = ctx;
    size_t len = size * count;

    if (http->answer->body.len + len > ANSWER_MAX)
        return 0; // ends the request
    buf_append(&http->answer->body, data, len);
    return len;
}

static int on_progress(void *ctx, curl_off_t wanted, curl_off_t got, curl_off_t to_send,
                       curl_off_t sent)
{
    const struct http_settings *s = ((const struct http *)ctx)->settings;

    (void)wanted, (void)got, (void)to_send, (void)sent;
    return (s->stopping != NULL && s->stopping()) || (s->given_up != NULL && *s->given_up);
}

static void set_options(struct http *http)
{
    const struct http_settings *s = http->settings;
    CURL *curl = http->curl;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIME);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, REQUEST_TIME);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, http->headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, http);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (s->login != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERPWD, s->login);
    }
    if (s->ca != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, s->ca);
    if (s->certificate != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLCERT, s->certificate);
    if (s->key != NULL)
        curl_easy_setopt(curl, CURLOPT_SSLKEY, s->key);
    if (s->key_password != NULL)
        curl_easy_setopt(curl, CURLOPT_KEYPASSWD, s->key_password);
}

static void add_header(struct http *http, const char *name, const char *value)
{
    char *text = xasprintf("%s: %s", name, value);

    http->headers = curl_slist_append(http->headers, text);
    free(text);
}

struct http *http_new(const struct http_settings *settings, struct err *err)
{
    struct http *http = xcalloc(1, sizeof *http);

    http->settings = settings;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        http->curl = curl_easy_init();
    if (http->curl == NULL) {
        http_free(http);
        err_set(err, EX_SOFTWARE, "libcurl: cannot be initialised");
        return NULL;
    }
    add_header(http, "Accept", settings->accept);
    add_header(http, "Content-Type", settings->content);
    set_options(http);
    return http;
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->headers);
    free(http);
}

// Returns whether another attempt would fail too: the settings are wrong, or the server is not the
// one that they name.
static bool is_final(CURLcode code)
{
    switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_WRITE_ERROR: // take_body() has refused the answer
        return true;
    default:
        return false;
    }
}

enum http_outcome http_send(struct http *http, const char *url, const struct buf *body,
                            struct http_answer *answer, struct err *err)
{
    http->answer = answer;
    answer->status = 0;
    http->why[0] = '\0';
    buf_clear(&answer->body);
    curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (body == NULL) {
        curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(http->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body->data);
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    }
    CURLcode code = curl_easy_perform(http->curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &answer->status);
        return HTTP_ANSWERED;
    }
    err_set(err, is_final(code) ? EX_CONFIG : EX_UNAVAILABLE, "%s",
            code == CURLE_WRITE_ERROR ? "the answer is longer than 16 MiB"
            : http->why[0] != '\0'    ? http->why
                                      : curl_easy_strerror(code));
    return is_final(code) ? HTTP_FAILED : HTTP_RETRY;
}

void http_put_encoded(struct buf *b, const char *text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            buf_putc(b, *text);
        else
            buf_printf(b, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

const char *http_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}
