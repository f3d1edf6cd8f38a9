// SPDX-License-Identifier: BSD-2-Clause
#include "json/filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jq.h>
#include <jv.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "json/filter_fields.h"
#include "json/filter_memo.h"

// libjq cannot tell its version. The Makefile asks the package that it came with.
#ifndef LIBJQ_VERSION
#define LIBJQ_VERSION "of an unknown version"
#endif

// In libjq a call consumes a reference to each jv argument, except for a few such as jv_get_kind()
// and jv_string_value(). No jv leaves this file.

#define KEY_SLOTS 64
#define WHITESPACE " \t\r\n"

struct filter {
    jq_state *jq;
    struct filter_options options;
    struct buf source;
    bool by_fields;              // run on an object of only these fields
    struct filter_fields fields; // point into the source
    struct filter_memo *memo;    // NULL if not by fields
    // Keys recur from record to record; with this cache each is created, checked and hashed once.
    struct {
        jv key;
        size_t len;
        bool used;
    } slot[KEY_SLOTS];
    struct buf error;
};

// Returns the key as a jv; the caller owns the reference.
static jv key_to_jv(struct filter *f, const char *data, size_t len)
{
    size_t i =
        len == 0 ? 0 : (len * 31 + (unsigned char)data[0] * 7 + (unsigned char)data[len - 1]);

    i %= KEY_SLOTS;
    if (f->slot[i].used && f->slot[i].len == len &&
        memcmp(jv_string_value(f->slot[i].key), data, len) == 0)
        return jv_copy(f->slot[i].key);
    if (f->slot[i].used)
        jv_free(f->slot[i].key);
    f->slot[i].key = jv_string_sized(data, (int)len);
    f->slot[i].len = len;
    f->slot[i].used = true;
    return jv_copy(f->slot[i].key);
}

static jv to_jv(struct filter *f, const struct json_value *value);

static jv object_to_jv(struct filter *f, const struct json_value *value)
{
    struct json_iter it;
    struct json_value key, member;
    jv object = jv_object();

    json_iter_init(&it, value);
    while (json_iter_next(&it, &key, &member))
        object =
            jv_object_set(object, key_to_jv(f, key.string.data, key.string.len), to_jv(f, &member));
    return object;
}

static jv array_to_jv(struct filter *f, const struct json_value *value)
{
    struct json_iter it;
    struct json_value element;
    jv array = jv_array();

    json_iter_init(&it, value);
    while (json_iter_next(&it, NULL, &element))
        array = jv_array_append(array, to_jv(f, &element));
    return array;
}

static jv to_jv(struct filter *f, const struct json_value *value)
{
    switch (value->type) {
    case JSON_BOOL:
        return jv_bool(value->boolean);
    case JSON_INT:
        return jv_number((double)value->integer);
    case JSON_UINT:
        return jv_number((double)value->uinteger);
    case JSON_DOUBLE:
        return jv_number(value->number);
    case JSON_STRING:
        return jv_string_sized(value->string.data, (int)value->string.len);
    case JSON_ARRAY:
        return array_to_jv(f, value);
    case JSON_OBJECT:
        return object_to_jv(f, value);
    case JSON_ABSENT:
    case JSON_NULL:
        break;
    }
    return jv_null();
}

// Makes an object of the fields on which the program depends.
static jv fields_to_jv(struct filter *f, const struct json_value *field)
{
    jv object = jv_object();

    for (size_t i = 0; i < f->fields.count; i++) {
        const struct json_key *key = &f->fields.key[i];
        if (field[i].type != JSON_ABSENT)
            object = jv_object_set(object, key_to_jv(f, key->name, key->len), to_jv(f, &field[i]));
    }
    return object;
}

static void put_message(struct buf *b, jv message)
{
    if (jv_get_kind(message) != JV_KIND_STRING)
        message = jv_dump_string(message, 0);
    buf_append(b, jv_string_value(message), (size_t)jv_string_length_bytes(jv_copy(message)));
    jv_free(message);
}

// Called once for each compile error, and at the end with the number of errors.
static void on_compile_error(void *ctx, jv message)
{
    struct buf *b = ctx;
    static const char own[] = "jq: error: ";

    if (b->len > 0)
        buf_puts(b, "; ");
    size_t start = b->len;
    put_message(b, message);
    if (bytes_begin(b->data + start, b->len - start, own)) {
        memmove(b->data + start, b->data + start + sizeof own - 1, b->len - start - sizeof own + 1);
        b->len -= sizeof own - 1;
    }
}

// Called for `debug` in a program. Prints like jq(1).
static void on_debug(void *ctx, jv value)
{
    jv text = jv_dump_string(value, 0);

    (void)ctx;
    fprintf(stderr, "[\"DEBUG:\",%s]\n", jv_string_value(text));
    jv_free(text);
}

// Called for `input` in a program. There is no further input. Without this callback libjq 1.6 would
// crash.
static jv no_input(jq_state *jq, void *ctx)
{
    (void)jq, (void)ctx;
    return jv_invalid();
}

static int read_file(const char *path, struct buf *b, struct err *err)
{
    char block[4096];
    size_t n;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return err_set(err, EX_USAGE, "--jq-file: %s: %s", path, strerror(errno));
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        buf_append(b, block, n);
    bool failed = ferror(file);
    fclose(file);
    if (failed)
        return err_set(err, EX_IOERR, "--jq-file: %s: %s", path, strerror(errno));
    if (b->len > 0 && memchr(b->data, '\0', b->len) != NULL)
        return err_set(err, EX_USAGE, "--jq-file: %s: holds a NUL byte", path);
    return 0;
}

// Makes the named arguments available as jq(1) does: each as $NAME, and all of them in $ARGS.named.
static int make_arguments(const struct filter_options *options, jv *arguments, struct err *err)
{
    jv named = jv_object();

    for (size_t i = 0; i + 1 < options->arg.count; i += 2)
        named = jv_object_set(named, jv_string(options->arg.item[i]),
                              jv_string(options->arg.item[i + 1]));
    for (size_t i = 0; i + 1 < options->argjson.count; i += 2) {
        jv value = jv_parse(options->argjson.item[i + 1]);
        if (!jv_is_valid(value)) {
            jv_free(value);
            jv_free(named);
            return err_set(err, EX_USAGE, "--argjson: %s: '%s' is not JSON",
                           options->argjson.item[i], options->argjson.item[i + 1]);
        }
        named = jv_object_set(named, jv_string(options->argjson.item[i]), value);
    }
    jv all = jv_object_set(jv_object(), jv_string("positional"), jv_array());
    all = jv_object_set(all, jv_string("named"), jv_copy(named));
    *arguments = jv_object_set(named, jv_string("ARGS"), all);
    return 0;
}

static int compile(struct filter *f, const char *source, jv arguments, struct err *err)
{
    struct buf message = BUF_INIT;

    // Where `import` and `include` look, as in jq(1).
    jq_set_attr(f->jq, jv_string("JQ_ORIGIN"), jv_string("/usr/bin"));
    jq_set_attr(f->jq, jv_string("JQ_LIBRARY_PATH"),
                jv_array_append(jv_array_append(jv_array(), jv_string("~/.jq")),
                                jv_string("$ORIGIN/../lib/jq")));
    jq_set_attr(f->jq, jv_string("PROGRAM_ORIGIN"), jv_string("."));
    jq_set_error_cb(f->jq, on_compile_error, &message);
    int compiled = jq_compile_args(f->jq, source, arguments);
    jq_set_error_cb(f->jq, NULL, NULL);
    jq_set_debug_cb(f->jq, on_debug, NULL);
    jq_set_input_cb(f->jq, no_input, NULL);
    if (!compiled)
        err_set(err, EX_USAGE, "jq: %.*s", (int)message.len, message.data);
    buf_release(&message);
    return compiled ? 0 : -1;
}

// Returns whether the user may have definitions that libjq loads by itself, and that could give
// `select` another meaning: ~/.jq, or with some versions also ~/jq/main.jq.
static bool has_own_definitions(void)
{
    static const char *const files[] = {"/.jq", "/jq/main.jq"};
    const char *home = getenv("HOME");
    bool found = false;

    for (size_t i = 0; home != NULL && i < 2 && !found; i++) {
        struct buf path = BUF_INIT;
        buf_puts(&path, home);
        buf_append(&path, files[i], strlen(files[i]) + 1);
        found = access(path.data, F_OK) == 0 || errno != ENOENT;
        buf_release(&path);
    }
    return found;
}

void filter_free(struct filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < KEY_SLOTS; i++) {
        if (f->slot[i].used)
            jv_free(f->slot[i].key);
    }
    jq_teardown(&f->jq);
    filter_memo_free(f->memo);
    buf_release(&f->source);
    buf_release(&f->error);
    free(f);
}

// Takes over the source.
static struct filter *new_filter(struct buf *source, const struct filter_options *options,
                                 struct err *err)
{
    struct filter *f = xcalloc(1, sizeof *f);
    jv arguments;

    f->options = *options;
    f->source = *source;
    f->jq = jq_init();
    if (f->jq == NULL)
        xalloc_die(0);
    if (make_arguments(options, &arguments, err) != 0 ||
        compile(f, f->source.data, arguments, err) != 0) {
        filter_free(f);
        return NULL;
    }
    f->by_fields = filter_fields_find(&f->fields, f->source.data) && !has_own_definitions();
    if (f->by_fields)
        f->memo = filter_memo_new();
    return f;
}

static void log_fields(const struct filter *f)
{
    struct buf list = BUF_INIT;

    if (!f->by_fields) {
        log_info("jq: the program runs on whole records");
        return;
    }
    for (size_t i = 0; i < f->fields.count; i++) {
        buf_puts(&list, i == 0 ? "" : ", ");
        buf_append(&list, f->fields.key[i].name, f->fields.key[i].len);
    }
    log_info("jq: the program runs on these fields of a record: %.*s", (int)list.len,
             list.len == 0 ? "" : list.data);
    buf_release(&list);
}

struct filter *filter_new(const struct filter_options *options, struct err *err)
{
    struct buf source = BUF_INIT;

    if (options->file != NULL) {
        if (read_file(options->file, &source, err) != 0) {
            buf_release(&source);
            return NULL;
        }
    } else {
        buf_puts(&source, options->program);
    }
    buf_putc(&source, '\0');
    // libjq 1.6 takes an empty program for "."; later versions refuse it.
    if (source.data[strspn(source.data, WHITESPACE)] == '\0') {
        buf_clear(&source);
        buf_append(&source, ".", 2);
    }
    struct filter *f = new_filter(&source, options, err);
    if (f != NULL)
        log_fields(f);
    return f;
}

struct filter *filter_recompile(const struct filter *f, struct err *err)
{
    struct buf source = BUF_INIT;

    buf_append(&source, f->source.data, f->source.len);
    return new_filter(&source, &f->options, err);
}

// Adds an output. Takes over the reference to the value, but not the one to the input.
static void add_output(struct filter_outputs *outputs, jv input, jv value)
{
    // jv_identical() compares objects, arrays and strings by address, other scalars by value.
    if (jv_identical(jv_copy(input), jv_copy(value))) {
        jv_free(value);
        filter_outputs_add_input(outputs);
        return;
    }
    jv text = jv_dump_string(value, 0);
    filter_outputs_add_text(outputs, jv_string_value(text),
                            (size_t)jv_string_length_bytes(jv_copy(text)));
    jv_free(text);
}

static void keep_error(struct filter *f, jv failure)
{
    jv message = jv_invalid_get_msg(failure);

    buf_clear(&f->error);
    if (jv_get_kind(message) == JV_KIND_OBJECT || jv_get_kind(message) == JV_KIND_ARRAY)
        buf_puts(&f->error, "(not a string) ");
    put_message(&f->error, message);
    buf_putc(&f->error, '\0');
}

// Makes libjq forget the message of `halt_error`. Each jq_start() frees the message, but keeps its
// address, so the next call would free it again.
static void forget_halt(struct filter *f)
{
    jq_start(f->jq, jv_null(), 0);
    jq_halt(f->jq, jv_invalid(), jv_invalid());
}

// Returns whether `halt_error` ended the run, and keeps its message. `halt` alone only ends the
// outputs.
static bool halted_with_error(struct filter *f)
{
    if (!jq_halted(f->jq))
        return false;
    jv code = jq_get_exit_code(f->jq);
    bool error = jv_is_valid(code);
    jv_free(code);
    if (error) {
        keep_error(f, jv_invalid_with_msg(jq_get_error_message(f->jq)));
        forget_halt(f);
    }
    return error;
}

// Runs the program. Takes over the reference to the input.
static int run(struct filter *f, jv input, struct filter_outputs *outputs)
{
    const size_t before = outputs->count;
    bool failed = false;

    jq_start(f->jq, jv_copy(input), 0);
    for (;;) {
        jv value = jq_next(f->jq);
        if (!jv_is_valid(value)) {
            if (jv_invalid_has_msg(jv_copy(value))) {
                keep_error(f, value);
                failed = true;
            } else {
                jv_free(value);
            }
            break;
        }
        add_output(outputs, input, value);
    }
    jv_free(input);
    if (halted_with_error(f) || failed) {
        filter_outputs_cut(outputs, before);
        return -1;
    }
    return (int)(outputs->count - before);
}

// Runs the program on the fields on which it depends. It has at most one output.
static int run_on_fields(struct filter *f, const struct json *json, struct filter_outputs *outputs)
{
    struct json_value field[FILTER_FIELDS_MAX];
    bool passes;

    json_fields(json, f->fields.key, f->fields.count, field);
    if (filter_memo_find(f->memo, field, f->fields.count, &passes)) {
        if (passes)
            filter_outputs_add_input(outputs);
        return passes;
    }
    int count = run(f, fields_to_jv(f, field), outputs);
    // Errors and made outputs are not remembered.
    if (count == 0 || (count == 1 && !outputs->output[outputs->count - 1].made))
        filter_memo_put(f->memo, count == 1);
    return count;
}

int filter_run(struct filter *f, const struct json *json, struct filter_outputs *outputs)
{
    struct json_value root = json_root(json);

    return f->by_fields && root.type == JSON_OBJECT ? run_on_fields(f, json, outputs)
                                                    : run(f, to_jv(f, &root), outputs);
}

// The library for regular expressions that libjq uses initializes itself at its first use, and not
// in a way that is safe with threads.
int filter_prepare_threads(struct err *err)
{
    const struct filter_options options = {.program = "test(\"\")"};
    struct filter_outputs outputs = FILTER_OUTPUTS_INIT;
    struct buf source = BUF_INIT;

    buf_append(&source, options.program, strlen(options.program) + 1);
    struct filter *f = new_filter(&source, &options, err);
    if (f == NULL)
        return -1;
    run(f, jv_string(""), &outputs);
    filter_outputs_release(&outputs);
    filter_free(f);
    return 0;
}

const char *filter_error(const struct filter *f)
{
    return f->error.data;
}

const char *filter_version(void)
{
    return LIBJQ_VERSION " (when built)";
}
