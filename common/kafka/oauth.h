// SPDX-License-Identifier: BSD-2-Clause
//
// oauth: gets the tokens of SASL's OAUTHBEARER from an OpenID Connect provider. A librdkafka that
// was built without libcurl, such as Debian 12's, cannot. So that the tools are the same with each
// librdkafka, they never leave it to the library. The settings are librdkafka's own:
//
//     sasl.mechanism=OAUTHBEARER
//     sasl.oauthbearer.method=oidc
//     sasl.oauthbearer.token.endpoint.url=https://login.example.com/oauth2/token
//     sasl.oauthbearer.client.id=loginpipe
//     sasl.oauthbearer.client.secret=...
//     sasl.oauthbearer.scope=kafka                 (optional)
//     sasl.oauthbearer.extensions=name=value,...   (optional)
//     https.ca.location=ca.pem                     (optional)
//
// A token comes from the client credentials grant (RFC 6749, section 4.4). librdkafka asks for the
// next one when most of a token's life is over. Tokens are fetched in librdkafka's background
// thread, so that nothing waits for the provider.
//
//     struct oauth oauth;
//     if (oauth_init(&oauth, options, &err) != 0) ...
//     oauth_configure(&oauth, conf); // its callback calls oauth_refresh(&oauth, rk)
//     rk = rd_kafka_new(...);
//     oauth_start(&oauth, rk);
//     ...
//     oauth_stop(&oauth);    // before rd_kafka_destroy()
//     oauth_release(&oauth); // after it
#ifndef KAFKA_OAUTH_H
#define KAFKA_OAUTH_H

#include <stdatomic.h>
#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/http.h"
#include "kafka/config.h"

// librdkafka reports a failure of oauth_refresh() as RD_KAFKA_RESP_ERR__AUTHENTICATION with this
// text, and then the reason.
#define OAUTH_FAILURE "Failed to acquire SASL OAUTHBEARER token: "

struct oauth {
    atomic_int refused; // the exit status, if another attempt to get a token would fail too; or 0

    // Private. Texts are borrowed from the settings, but for the login.
    const char *url, *id, *scope, *extensions;
    char *login;
    struct http_settings settings;
    struct http *http; // NULL if no tokens are needed
    atomic_bool stopped;
    atomic_llong granted; // when the second or a later token came, in ms since 1970
    atomic_llong renewal; // when librdkafka should have got the next token
};

typedef void oauth_refresh_callback(rd_kafka_t *rk, const char *config, void *opaque);

// Returns 0, or -1 with EX_CONFIG if a setting is missing or wrong.
int oauth_init(struct oauth *oauth, const struct config_options *options, struct err *err);
void oauth_release(struct oauth *oauth);

// Lets librdkafka call `refresh`, which gets the opaque of conf, when it needs a token.
void oauth_configure(struct oauth *oauth, rd_kafka_conf_t *conf, oauth_refresh_callback *refresh);
void oauth_start(struct oauth *oauth, rd_kafka_t *rk);

// Returns whether a login that the broker refuses may have been made with a token that has expired:
// the next one is overdue, or came only just now.
bool oauth_may_be_late(const struct oauth *oauth);

// Gives up a request that is under way, and makes no other one.
void oauth_stop(struct oauth *oauth);

// Gets a token, and hands it to librdkafka or, if that fails, the reason.
void oauth_refresh(struct oauth *oauth, rd_kafka_t *rk);

#endif
