// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/property.h"

#include <stdio.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "base/xalloc.h"

char *property_list(void)
{
    char *list = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&list, &size);

    if (stream == NULL)
        xalloc_die(size);
    rd_kafka_conf_properties_show(stream);
    if (fclose(stream) != 0)
        xalloc_die(size);
    return list;
}

const char *property_find(const char *list, const char *name)
{
    const size_t len = strlen(name);

    for (const char *line = list; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (len > 0 && strncmp(line, name, len) == 0 && line[len + strspn(line + len, " ")] == '|')
            return line + len;
    }
    return NULL;
}

char property_kind(const char *property)
{
    const char *column = property + strcspn(property, "|\n");

    column += *column == '|';
    column += strspn(column, " ");
    return *column == 'C' || *column == 'P' ? *column : '*';
}

bool property_is_unused(const char *property)
{
    static const char words[] = "No longer used";
    size_t len = strcspn(property, "\n");

    return memmem(property, len, words, strlen(words)) != NULL;
}

bool property_is_ours(const char *name)
{
    static const char *const names[] = {"sasl.oauthbearer.method",
                                        "sasl.oauthbearer.token.endpoint.url",
                                        "sasl.oauthbearer.client.id",
                                        "sasl.oauthbearer.client.secret",
                                        "sasl.oauthbearer.scope",
                                        "sasl.oauthbearer.extensions",
                                        "https.ca.location",
                                        "schema.registry.url",
                                        "schema.registry.basic.auth.user.info",
                                        "schema.registry.ssl.ca.location",
                                        "schema.registry.ssl.certificate.location",
                                        "schema.registry.ssl.key.location",
                                        "schema.registry.ssl.key.password"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

bool property_is_registry(const char *name)
{
    static const char prefix[] = "schema.registry.";

    return strncmp(name, prefix, strlen(prefix)) == 0;
}
