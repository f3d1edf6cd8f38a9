// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/format.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/xalloc.h"

#define LETTERS "sSRkKtpoTh"

void format_release(struct format *f)
{
    free(f->part);
    buf_release(&f->text);
}

bool format_has_key(const struct format *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->part[i].letter == 'k' || f->part[i].letter == 'K')
            return true;
    }
    return false;
}

static void add_part(struct format *f, struct format_part part)
{
    f->part = xreallocarray(f->part, f->count + 1, sizeof *f->part);
    f->part[f->count++] = part;
}

void format_add_letter(struct format *f, char letter)
{
    add_part(f, (struct format_part){.letter = letter});
}

int format_add_text(struct format *f, const char *text, size_t len, struct err *err)
{
    size_t before = f->text.len;

    if (escape_put(&f->text, text, len, err) != 0)
        return -1;
    add_part(f, (struct format_part){.len = f->text.len - before});
    return 0;
}

int format_parse(struct format *f, const char *spec, struct err *err)
{
    while (*spec != '\0') {
        size_t len = strcspn(spec, "%");
        if (len > 0 && format_add_text(f, spec, len, err) != 0)
            return -1;
        spec += len;
        if (*spec == '\0')
            return 0;
        char letter = *++spec;
        if (letter == '%') {
            format_add_text(f, "%", 1, err);
        } else if (letter != '\0' && strchr(LETTERS, letter) != NULL) {
            format_add_letter(f, letter);
        } else if (letter == '\0') {
            return err_set(err, EX_USAGE, "a single %% at the end; write %%%% for a percent sign");
        } else {
            return err_set(err, EX_USAGE,
                           "'%%%c' is unknown; known are %%s %%S %%R %%k %%K %%T "
                           "%%t %%p %%o %%h and %%%%",
                           letter);
        }
        spec++;
    }
    return 0;
}

static void put_text(const struct format *f, const struct format_text *text, struct buf *out)
{
    if (text->data != NULL)
        buf_append(out, text->data, text->len);
    else if (f->null != NULL)
        buf_puts(out, f->null);
}

static int64_t length(const struct format_text *text)
{
    return text->data == NULL ? -1 : (int64_t)text->len;
}

// Appends a length as four bytes, the highest first.
static void put_binary(int64_t length, struct buf *out)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_putc(out, (char)((uint32_t)length >> shift & 0xff));
}

static void put_headers(const rd_kafka_message_t *message, struct buf *out)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t len;

    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        if (i > 0)
            buf_putc(out, ',');
        buf_puts(out, name);
        buf_putc(out, '=');
        if (value != NULL)
            buf_append(out, value, len);
        else
            buf_puts(out, "NULL");
    }
}

static void put_letter(const struct format *f, char letter, const struct format_record *r,
                       struct buf *out)
{
    switch (letter) {
    case 's':
        put_text(f, &r->value, out);
        break;
    case 'S':
        buf_put_i64(out, length(&r->value));
        break;
    case 'R':
        put_binary(length(&r->value), out);
        break;
    case 'k':
        put_text(f, &r->key, out);
        break;
    case 'K':
        buf_put_i64(out, length(&r->key));
        break;
    case 't':
        buf_puts(out, rd_kafka_topic_name(r->message->rkt));
        break;
    case 'p':
        buf_put_i64(out, r->message->partition);
        break;
    case 'o':
        buf_put_i64(out, r->message->offset);
        break;
    case 'T':
        buf_put_i64(out, rd_kafka_message_timestamp(r->message, NULL));
        break;
    default:
        put_headers(r->message, out);
    }
}

void format_put(const struct format *f, const struct format_record *record, struct buf *out)
{
    size_t at = 0; // in the text

    for (size_t i = 0; i < f->count; i++) {
        const struct format_part *part = &f->part[i];
        if (part->letter != '\0') {
            put_letter(f, part->letter, record, out);
        } else if (part->len > 0) {
            buf_append(out, f->text.data + at, part->len);
            at += part->len;
        }
    }
}
