// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/secret.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_names(void)
{
    static const char *const secret[] = {"sasl.password",
                                         "ssl.key.password",
                                         "ssl.keystore.password",
                                         "ssl.key.pem",
                                         "sasl.oauthbearer.client.secret",
                                         "sasl.oauthbearer.config",
                                         "sasl.oauthbearer.assertion.private.key.passphrase",
                                         "sasl.oauthbearer.assertion.private.key.pem"};
    static const char *const open[] = {"",         "sasl.username", "ssl.key.location",
                                       "group.id", "ssl.ca.pem",    "password.location"};

    for (size_t i = 0; i < COUNT(secret); i++)
        tap_ok(secret_is_name(secret[i]), "%s is secret", secret[i]);
    for (size_t i = 0; i < COUNT(open); i++)
        tap_ok(!secret_is_name(open[i]), "'%s' is not", open[i]);
}

static void test_words(void)
{
    static const struct {
        const char *word;
        size_t visible;
    } cases[] = {{"sasl.password=hunter2", 14},
                 {"-Xsasl.password=hunter2", 16},
                 {"-vXssl.key.pem=a=b", 15},
                 {"sasl.password=@@hunter2", 14},
                 {"sasl.password=@/run/secret", 26},
                 {"sasl.password=", 14},
                 {"sasl.password", 13},
                 {"sasl.username=me", 16},
                 {"select(.password==1)", 20},
                 {"", 0}};

    for (size_t i = 0; i < COUNT(cases); i++)
        tap_int((int64_t)secret_visible(cases[i].word), (int64_t)cases[i].visible, cases[i].word);
}

static void test_urls(void)
{
    static const char *const cases[][2] = {
        {"http://host:1/path", "http://host:1/path"},
        {"http://user:pass@host/path", "http://host/path"},
        {"https://user:a/b@c@host", "https://host"},
        {"http://host/path?at=a@b", "http://host/path?at=a@b"},
        {"user@host", "user@host"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *shown = secret_url(cases[i][0]);
        tap_text(shown, strlen(shown), cases[i][1], cases[i][0]);
        free(shown);
    }
}

int main(void)
{
    test_names();
    test_urls();
    test_words();
    tap_int(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1, "a process can be dumped");
    secret_protect();
    tap_int(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0, "with a secret it cannot");
    return tap_done();
}
