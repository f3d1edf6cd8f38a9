// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/config_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "json/json.h"

#define READ_SIZE 4096
#define FILE_MAX (1024 * 1024) // bytes; no setting is longer

// Reads all of a file, and sets *open_to_all to whether everyone can read it. Returns 0, or -1 with
// errno set.
static int read_all(const char *path, struct buf *b, bool *open_to_all)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    ssize_t got;

    if (fd < 0)
        return -1;
    do {
        buf_reserve(b, READ_SIZE);
        got = read(fd, b->data + b->len, READ_SIZE);
        if (got > 0)
            b->len += (size_t)got;
    } while ((got > 0 && b->len <= FILE_MAX) || (got < 0 && errno == EINTR));
    if (got > 0) {
        got = -1;
        errno = EFBIG;
    }
    *open_to_all = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH);
    int saved = errno;
    close(fd);
    errno = saved;
    return got < 0 ? -1 : 0;
}

static void warn_of_readers(const char *path)
{
    log_warn("%s: holds a secret and is readable by everyone; try chmod o-r", path);
}

// --- A value in a file of its own ---

// Takes the value out of the file's contents. Returns 0, or -1 with *why set.
static int take_value(struct buf *b, char **value, const char **why)
{
    if (b->len > 0 && b->data[b->len - 1] == '\n')
        b->len--;
    if (b->len > 0 && b->data[b->len - 1] == '\r')
        b->len--;
    *why = "is empty";
    if (b->len == 0)
        return -1;
    *why = "holds a NUL byte, so it is not a text";
    if (memchr(b->data, '\0', b->len) != NULL)
        return -1;
    *value = xstrndup(b->data, b->len);
    return 0;
}

int config_file_value(const char *where, const char *name, const char *text, char **value,
                      struct err *err)
{
    const char *path = text + 1, *why = NULL;
    struct buf b = BUF_INIT;
    bool open_to_all = false;

    if (text[0] != '@' || text[1] == '@') {
        *value = xstrdup(text[0] == '@' ? text + 1 : text);
        return 0;
    }
    if (*path == '\0')
        why = "no name of a file";
    else if (read_all(path, &b, &open_to_all) != 0)
        why = strerror(errno);
    int status = why != NULL ? -1 : take_value(&b, value, &why);
    buf_release(&b);
    if (status != 0)
        return err_set(err, EX_CONFIG,
                       "%s: %s: %s: %s; a value that begins with @ names a file, @@ stands for @",
                       where, name, text, why);
    if (open_to_all && secret_is_name(name))
        warn_of_readers(path);
    return 0;
}

// --- One PROP=VAL per line ---

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static int add_line(const char *where, char *line, config_file_add *add, void *ctx, bool *secret,
                    struct err *err)
{
    char *name = trim(line);
    char *equals = strchr(name, '=');

    if (*name == '\0' || *name == '#')
        return 0;
    if (equals == NULL)
        return err_set(err, EX_CONFIG, "%s: not a PROP=VAL line", where);
    *equals = '\0';
    name = trim(name);
    char *value = trim(equals + 1);
    *secret = *secret || secret_is_setting(name, value);
    return add(ctx, where, name, value, err);
}

static int add_lines(const char *path, const struct buf *b, config_file_add *add, void *ctx,
                     bool *secret, struct err *err)
{
    const char *const end = b->data + b->len;
    unsigned number = 0;
    int status = 0;

    for (const char *line = b->data, *next; line < end && status == 0; line = next) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        next = newline == NULL ? end : newline + 1;
        char *text = xstrndup(line, (size_t)((newline == NULL ? end : newline) - line));
        char *where = xasprintf("%s:%u", path, ++number);
        status = add_line(where, text, add, ctx, secret, err);
        free(text);
        free(where);
    }
    return status;
}

// --- A JSON object ---

// Puts the text of a value into the buffer. Returns NULL, or why a setting cannot have this value.
static const char *put_value(struct buf *b, const struct json_value *value)
{
    switch (value->type) {
    case JSON_STRING:
        buf_append(b, value->string.data, value->string.len);
        return strnlen(value->string.data, value->string.len) == value->string.len
                   ? NULL
                   : "the value holds a NUL byte";
    case JSON_BOOL:
        buf_puts(b, value->boolean ? "true" : "false");
        return NULL;
    case JSON_INT:
        buf_put_i64(b, value->integer);
        return NULL;
    case JSON_UINT:
        buf_put_u64(b, value->uinteger);
        return NULL;
    case JSON_DOUBLE:
        buf_printf(b, "%.17g", value->number);
        return NULL;
    default:
        return "the value is not a string, a number or a boolean";
    }
}

static int add_member(const char *path, const struct json_value *key,
                      const struct json_value *value, config_file_add *add, void *ctx, bool *secret,
                      struct err *err)
{
    char *name = xstrndup(key->string.data, key->string.len);
    struct buf b = BUF_INIT;
    const char *why = put_value(&b, value);
    int status;

    buf_putc(&b, '\0');
    if (why != NULL) {
        status = err_set(err, EX_CONFIG, "%s: %s: %s", path, name, why);
    } else {
        *secret = *secret || secret_is_setting(name, b.data);
        status = add(ctx, path, name, b.data, err);
    }
    buf_release(&b);
    free(name);
    return status;
}

static int add_members(const char *path, const struct buf *b, config_file_add *add, void *ctx,
                       bool *secret, struct err *err)
{
    struct json *json = json_new();
    struct json_value root, key, value;
    struct json_iter it;
    int status = 0;

    if (json_parse(json, b->data, b->len) != 0) {
        status = err_set(err, EX_CONFIG, "%s: not valid JSON: %s", path, json_error(json));
    } else {
        root = json_root(json);
        json_iter_init(&it, &root);
        while (status == 0 && json_iter_next(&it, &key, &value))
            status = add_member(path, &key, &value, add, ctx, secret, err);
    }
    json_free(json);
    return status;
}

// --- Files of settings ---

static bool is_json(const struct buf *b)
{
    size_t i = 0;

    while (i < b->len && isspace((unsigned char)b->data[i]))
        i++;
    return i < b->len && b->data[i] == '{';
}

int config_file_read(const char *path, config_file_add *add, void *ctx, struct err *err)
{
    struct buf b = BUF_INIT;
    bool open_to_all = false, secret = false;
    int status = 0;

    if (read_all(path, &b, &open_to_all) != 0)
        status = err_set(err, EX_CONFIG, "%s: %s", path, strerror(errno));
    else if (b.len > 0 && memchr(b.data, '\0', b.len) != NULL)
        status = err_set(err, EX_CONFIG, "%s: holds a NUL byte, so it is not a text", path);
    else if (b.len > 0)
        status = (is_json(&b) ? add_members : add_lines)(path, &b, add, ctx, &secret, err);
    buf_release(&b);
    if (status == 0 && secret && open_to_all)
        warn_of_readers(path);
    return status;
}
