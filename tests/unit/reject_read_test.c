// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "stream/reject.h"
#include "stream/reject_read.h"
#include "tap.h"

#define HEADERS 4
#define LONGEST 40

static struct json *json;
static struct reject_reader reader;

// Bytes that are often JSON, text or something special.
static size_t random_bytes(char *to)
{
    static const char *const texts[] = {"",           "null",  "{\"a\":1}",     " [1]",    "text",
                                        "\xc3\xa9\n", "\"s\"", "{\"@mark\":1}", "a\tb\"\\"};
    size_t len = (size_t)rand() % LONGEST;

    if (rand() % 2 == 0) {
        const char *text = texts[(size_t)rand() % (sizeof texts / sizeof *texts)];
        len = strlen(text);
        memcpy(to, text, len);
        return len;
    }
    for (size_t i = 0; i < len; i++)
        to[i] = (char)(rand() % 4 == 0 ? rand() % 256 : rand() % 128);
    return len;
}

struct message {
    struct origin origin;
    struct origin_header header[HEADERS];
    char bytes[3 + 2 * HEADERS][LONGEST];
    struct line record;
};

static void make_message(struct message *m)
{
    char(*bytes)[LONGEST] = m->bytes;

    *m = (struct message){.origin = ORIGIN_INIT};
    struct origin *o = &m->origin;
    o->topic = "user-login";
    o->topic_len = strlen(o->topic);
    o->partition = rand() % 3;
    o->offset = rand();
    o->known = true;
    o->attempts = rand() % 3 + 1;
    o->first = INT64_C(1700000000000) + rand();
    o->time_type = (enum origin_time)(rand() % 3);
    o->ts = o->time_type == ORIGIN_NO_TIME ? 0 : rand();
    o->tombstone = rand() % 10 == 0;
    o->key_len = random_bytes(bytes[0]);
    o->key = rand() % 4 == 0 ? NULL : bytes[0];
    o->header = m->header;
    o->header_count = (size_t)rand() % (HEADERS + 1);
    for (size_t i = 0; i < o->header_count; i++) {
        struct origin_header *h = &m->header[i];
        h->name = bytes[2 * i + 1];
        h->name_len = random_bytes(bytes[2 * i + 1]);
        h->value_len = random_bytes(bytes[2 * i + 2]);
        h->value = rand() % 4 == 0 ? NULL : bytes[2 * i + 2];
    }
    m->record = (struct line){.data = bytes[2 * HEADERS + 1], .number = 7, .origin = o};
    m->record.len = m->record.full_len = random_bytes(bytes[2 * HEADERS + 1]);
}

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return (a == NULL) == (b == NULL) && (a == NULL || bytes_equal(a, a_len, b, b_len));
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
    if (!same(a->topic, a->topic_len, b->topic, b->topic_len) || a->partition != b->partition ||
        a->offset != b->offset || a->tombstone != b->tombstone || a->attempts != b->attempts ||
        a->first != b->first || a->known != b->known || a->time_type != b->time_type ||
        a->ts != b->ts || !same(a->key, a->key_len, b->key, b->key_len) ||
        a->header_count != b->header_count)
        return false;
    for (size_t i = 0; i < a->header_count; i++) {
        const struct origin_header *x = &a->header[i], *y = &b->header[i];
        if (!same(x->name, x->name_len, y->name, y->name_len) ||
            !same(x->value, x->value_len, y->value, y->value_len))
            return false;
    }
    return true;
}

// Reads a text as a reject. Returns NULL, or what is wrong with it.
static const char *read_text(struct buf *text)
{
    const struct line line = {
        .data = text->data, .len = text->len, .full_len = text->len, .number = 3};

    if (json_parse(json, text->data, text->len) != 0)
        return "not JSON";
    return reject_read(&reader, json, &line);
}

static void test_round_trip(void)
{
    const struct reject reject = {REJECT_BAD_IP, "ip", "why"};
    struct buf b = BUF_INIT;
    struct message m;
    int wrong = 0;

    srand(1);
    for (int i = 0; i < 20000 && wrong == 0; i++) {
        make_message(&m);
        buf_clear(&b);
        reject_format(&b, &reject, "stage", &m.record);
        const struct line *record = &reader.record;
        if (read_text(&b) != NULL || !same_origin(record->origin, &m.origin) ||
            record->len != record->full_len || record->number != 3 ||
            (!m.origin.tombstone &&
             !same(record->data, record->len, m.record.data, m.record.len))) {
            wrong++;
            tap_show("reject", b.data, b.len - 1);
        }
    }
    tap_int(wrong, 0, "what is read back is what was rejected, byte for byte");
    tap_text(reader.reason.string.data, reader.reason.string.len, "bad_ip", "its reason");
    tap_text(reader.field.string.data, reader.field.string.len, "ip", "its field");
    tap_text(reader.stage.string.data, reader.stage.string.len, "stage", "its stage");
    tap_text(reader.detail.string.data, reader.detail.string.len, "why", "its detail");
    buf_release(&b);
}

static void test_cut(void)
{
    struct origin origin = ORIGIN_INIT;
    const struct line line = {
        .data = "{\"a\":\"\xc3", .len = 7, .full_len = 99, .number = 1, .origin = &origin};
    struct buf b = BUF_INIT;

    reject_format(&b, &(struct reject){REJECT_TOO_LONG, NULL, NULL}, "stage", &line);
    tap_ok(read_text(&b) == NULL, "a record that was cut");
    tap_int((int64_t)reader.record.full_len, 99, "the length of all of it");
    tap_int((int64_t)reader.record.len, 6, "and what is there");
    tap_ok(!reader.record.origin->known && reader.record.origin->topic == NULL,
           "nothing is known of its message");
    tap_int(reader.record.origin->attempts, 0, "nor how often it has been rejected");
    tap_ok(reader.field.type == JSON_ABSENT && reader.detail.type == JSON_ABSENT,
           "there is neither field nor detail");
    buf_release(&b);
}

static void test_malformed(void)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"reject\":null,\"raw\":\"\"}",
        "{\"reject\":\"x\"}",
        "{\"reject\":\"x\",\"raw\":1}",
        "{\"reject\":\"x\",\"raw\":\"\",\"raw_b64\":\"\"}",
        "{\"reject\":\"x\",\"raw_b64\":\"=\"}",
        "{\"reject\":\"x\",\"raw_b64\":null}",
        "{\"reject\":\"x\",\"raw\":\"\",\"attempts\":1}",
        "{\"reject\":\"x\",\"raw\":\"\",\"first\":\"2026-11-22\"}",
        "{\"reject\":\"x\",\"raw\":\"\",\"first\":\"2026-11-22\",\"attempts\":1000000001}",
        "{\"reject\":\"x\",\"raw\":\"\",\"key\":\"\",\"key_b64\":\"\"}",
        "{\"reject\":\"x\",\"raw\":\"\",\"ts\":\"1\"}",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf b = BUF_INIT;
        buf_puts(&b, texts[i]);
        tap_ok(read_text(&b) != NULL, "no reject: %s", texts[i]);
        buf_release(&b);
    }
}

int main(void)
{
    json = json_new();
    reject_reader_init(&reader);
    test_round_trip();
    test_cut();
    test_malformed();
    reject_reader_release(&reader);
    json_free(json);
    return tap_done();
}
