// SPDX-License-Identifier: BSD-2-Clause
//
// oauth_token: what the answer of a token endpoint says (RFC 6749, sections 5.1 and 5.2): a token
// and how long it lives, or why there is none.
//
//     struct oauth_token token = {0};
//     switch (oauth_token_read(&token, answer.status, &answer.body, time_now(), &err)) {
//     case OAUTH_GRANTED: use(token.text, token.expires);
//     ...
//     oauth_token_release(&token);
#ifndef KAFKA_OAUTH_TOKEN_H
#define KAFKA_OAUTH_TOKEN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct oauth_token {
    char *text;      // owned
    int64_t expires; // ms since 1970
};

enum oauth_outcome {
    OAUTH_GRANTED,
    OAUTH_RETRY,   // another attempt may succeed
    OAUTH_REFUSED, // another attempt would fail too
};

// Reads an answer with this HTTP status, which came at `now`, in ms. Replaces *token, or sets *err.
// The life of a token is that of the answer's expires_in or, if there is none, ends at the claim
// exp of the token, if it is a JWT (RFC 7519).
enum oauth_outcome oauth_token_read(struct oauth_token *token, long status, const struct buf *body,
                                    int64_t now, struct err *err);
void oauth_token_release(struct oauth_token *token);

#endif
