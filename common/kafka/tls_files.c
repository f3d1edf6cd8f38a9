// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BEGINNING 4096 // bytes of a file of keys in which its kind is looked for

// Returns the value of a setting, or "" if it has none.
static const char *setting(const rd_kafka_conf_t *conf, const char *name, char *value, size_t size)
{
    if (rd_kafka_conf_get(conf, name, value, &size) != RD_KAFKA_CONF_OK)
        value[0] = '\0';
    return value;
}

// Returns 0, or why the file cannot be read.
static int read_error(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static bool begins_with(const char *path, const char *text)
{
    char beginning[BEGINNING + 1];
    FILE *f = fopen(path, "re");

    if (f == NULL)
        return false;
    size_t len = fread(beginning, 1, BEGINNING, f);
    fclose(f);
    beginning[len] = '\0';
    return strstr(beginning, text) != NULL;
}

static const char *key_problem(const rd_kafka_conf_t *conf, const char *path, const char *why)
{
    char password[2];

    if (strstr(why, "mismatch") != NULL)
        return "is not the key of ssl.certificate.location";
    if (!begins_with(path, "ENCRYPTED"))
        return "holds no private key in PEM format";
    if (setting(conf, "ssl.key.password", password, sizeof password)[0] == '\0')
        return "is encrypted: set ssl.key.password";
    return "cannot be decrypted; is ssl.key.password right?";
}

static const char *problem(const rd_kafka_conf_t *conf, const char *name, const char *path,
                           const char *why)
{
    if (strcmp(name, "ssl.key.location") == 0)
        return key_problem(conf, path, why);
    if (strcmp(name, "ssl.keystore.location") == 0)
        return "is not in PKCS#12 format; or is ssl.keystore.password wrong?";
    return strcmp(name, "ssl.crl.location") == 0 ? "holds no revocation list in PEM format"
                                                 : "holds no certificate in PEM format";
}

bool tls_files_explain(const rd_kafka_conf_t *conf, const char *why, struct err *err)
{
    static const char *const names[] = {"ssl.ca.location", "ssl.crl.location",
                                        "ssl.certificate.location", "ssl.key.location",
                                        "ssl.keystore.location"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(why, names[i]) == NULL)
            continue;
        setting(conf, names[i], path, sizeof path);
        int error = read_error(path);
        err_set(err, EX_CONFIG, "%s: %s: %s", names[i], path,
                error != 0 ? strerror(error) : problem(conf, names[i], path, why));
        return true;
    }
    return false;
}
