// SPDX-License-Identifier: BSD-2-Clause
#include "schema/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (16u << 20) // bytes
#define READ_SIZE 4096

static int read_file(const char *path, struct buf *text, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;

    while (got > 0 && text->len <= FILE_MAX) {
        buf_reserve(text, READ_SIZE);
        got = read(fd, text->data + text->len, READ_SIZE);
        if (got > 0)
            text->len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    int status = 0;
    if (got < 0)
        status = err_set(err, EX_CONFIG, "%s: %s", path, strerror(errno));
    else if (text->len > FILE_MAX)
        status = err_set(err, EX_CONFIG, "%s: too large for a schema", path);
    if (fd >= 0)
        close(fd);
    return status;
}

// Parses the texts of a schema, of which the last is its own. `name` is for messages.
static int parse(struct target *t, const char *name, const struct buf *text, size_t count,
                 struct err *err)
{
    struct err why;

    t->avro = avro_schema_new();
    for (size_t i = 0; i < count; i++) {
        if (avro_schema_parse(t->avro, text[i].data, text[i].len, &why) != 0)
            return err_set(err, EX_CONFIG, "%s: not an Avro schema: %s", name, why.text);
    }
    return 0;
}

static enum registry_type type_wanted(const struct target_wanted *wanted)
{
    return wanted->format == CODEC_AVRO ? REGISTRY_AVRO : REGISTRY_JSON;
}

static int find_file(struct target *t, const struct target_wanted *wanted,
                     struct registry *registry, struct err *err)
{
    const char *file = wanted->options->file;
    struct buf text = BUF_INIT;
    struct err why;

    if (read_file(file, &text, err) != 0 ||
        (wanted->format == CODEC_AVRO && parse(t, file, &text, 1, err) != 0)) {
        buf_release(&text);
        return -1;
    }
    enum registry_outcome outcome = registry_find(registry, wanted->subject, type_wanted(wanted),
                                                  &text, wanted->add, &t->id, &why);
    buf_release(&text);
    if (outcome == REGISTRY_FOUND)
        return 0;
    if (outcome == REGISTRY_UNKNOWN)
        return err_set(err, EX_UNAVAILABLE,
                       "%s: subject %s does not have this schema; register it, or give --register",
                       file, wanted->subject);
    *err = why;
    return -1;
}

static int find_registered(struct target *t, const struct target_wanted *wanted,
                           struct registry *registry, struct err *err)
{
    const uint64_t id = wanted->options->id;
    struct registry_schema found = {0};
    struct err why;
    enum registry_outcome outcome = id > 0
                                        ? registry_by_id(registry, (int32_t)id, &found, &why)
                                        : registry_latest(registry, wanted->subject, &found, &why);
    char name[200];
    int status = 0;

    if (id > 0)
        snprintf(name, sizeof name, "schema %llu", (unsigned long long)id);
    else
        snprintf(name, sizeof name, "subject %.150s", wanted->subject);
    if (outcome == REGISTRY_UNKNOWN) {
        status = err_set(err, EX_UNAVAILABLE, "%s: the registry does not have it", name);
    } else if (outcome == REGISTRY_FAILED) {
        *err = why;
        status = -1;
    } else if (found.type != type_wanted(wanted)) {
        status = err_set(err, EX_CONFIG, "%s: the schema is not of %s", name,
                         wanted->format == CODEC_AVRO ? "Avro" : "JSON Schema");
    } else {
        t->id = found.id;
        if (wanted->format == CODEC_AVRO)
            status = parse(t, name, found.text, found.count, err);
    }
    registry_schema_release(&found);
    return status;
}

int target_find(struct target *t, const struct target_wanted *wanted, struct registry *registry,
                struct err *err)
{
    if (wanted->options->file != NULL)
        return find_file(t, wanted, registry, err);
    return find_registered(t, wanted, registry, err);
}

void target_release(struct target *t)
{
    avro_schema_free(t->avro);
    t->avro = NULL;
}
