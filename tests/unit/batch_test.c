// SPDX-License-Identifier: BSD-2-Clause
#include "insight/batch.h"

#include <stdio.h>

#include "fixture.h"
#include "tap.h"

// Returns the table of a field, by its name.
static struct table *table_of(const struct fixture *f, struct insight_set *set, const char *field)
{
    for (size_t i = 0; i < f->plan.value_count; i++) {
        const struct json_key *name = &f->plan.field[f->plan.value[i].field];
        if (bytes_are(name->name, name->len, field))
            return &set->value[i];
    }
    return NULL;
}

static int64_t count_of(const struct fixture *f, struct insight_set *set, const char *field,
                        const char *text)
{
    const struct map *map = &table_of(f, set, field)->map;
    size_t len = strlen(text);
    const struct map_entry *e = map_find(map, text, len, map_hash(&f->plan.secret, text, len));

    return e == NULL ? -1 : (int64_t)e->count;
}

static void add(struct fixture *f, struct insight_set *set, const char *record)
{
    fixture_parse(f, record, strlen(record));
    plan_read_fields(&f->plan, f->json, f->windows.batch.value);
    batch_load(&f->windows.batch);
    insight_set_extend(set, 1, 0, 0);
    batch_add(&f->windows.batch, set);
}

static void test_texts(void)
{
    static const struct {
        const char *record, *text;
        int64_t count;
    } cases[] = {
        {"{\"ip\":\"7\"}", "7", 2},
        {"{\"ip\":7}", "7", 2},
        {"{}", "unknown", 3},
        {"{\"ip\":null}", "unknown", 3},
        {"{\"ip\":\"unknown\"}", "unknown", 3},
        {"{\"ip\":true}", "true", 1},
        {"{\"ip\":false}", "false", 1},
        {"{\"ip\":[1]}", "(array)", 1},
        {"{\"ip\":{\"a\":1}}", "(object)", 1},
        {"{\"ip\":0.5}", "0.5", 1},
        {"{\"ip\":-3}", "-3", 1},
        {"{\"ip\":18446744073709551615}", "18446744073709551615", 1},
        {"{\"ip\":\"\"}", "", 1},
    };
    const size_t count = sizeof cases / sizeof *cases;
    struct insight_set set;
    struct fixture f;

    fixture_init(&f, 1000, "all", NULL);
    insight_set_init(&set, &f.plan);
    for (size_t i = 0; i < count; i++)
        add(&f, &set, cases[i].record);
    tap_ok(count_of(&f, &set, "ip", "7") < 1, "records are not counted until the batch is settled");
    batch_settle(&f.windows.batch);
    for (size_t i = 0; i < count; i++)
        tap_ok(count_of(&f, &set, "ip", cases[i].text) == cases[i].count, "%s counts as '%s'",
               cases[i].record, cases[i].text);
    tap_int((int64_t)table_of(&f, &set, "ip")->map.used, 10, "the table has no other texts");
    tap_int(count_of(&f, &set, "user_id", "unknown"), (int64_t)count, "each field has a table");
    insight_set_release(&set, &f.plan);
    fixture_release(&f);
}

// Returns whether the counts of each table of a set add up to this number.
static bool sums_are(const struct fixture *f, struct insight_set *set, uint64_t wanted)
{
    for (size_t i = 0; i < plan_table_count(&f->plan); i++) {
        const struct map *map = &insight_set_table(set, &f->plan, i)->map;
        uint64_t sum = 0;
        for (const struct map_entry *e = map_first(map); e != NULL; e = map_next(map, e))
            sum += e->count;
        if (sum != wanted)
            return false;
    }
    return true;
}

static void test_sets(void)
{
    struct insight_set all, even;
    struct fixture f;
    char record[120];

    fixture_init(&f, 100000, "all", NULL);
    insight_set_init(&all, &f.plan);
    insight_set_init(&even, &f.plan);
    for (int i = 0; i < 5000; i++) {
        // Long and short texts, so that some batches end because of their bytes and others because
        // of their records.
        snprintf(record, sizeof record, "{\"user_id\":\"u%d\",\"ip\":\"%0*d\"}", i % 700,
                 i % 100 == 0 ? 80 : 4, i % 9);
        add(&f, &all, record);
        if (i % 2 == 0) {
            insight_set_extend(&even, 1, 0, 0);
            batch_add(&f.windows.batch, &even);
        }
    }
    batch_settle(&f.windows.batch);
    tap_ok(sums_are(&f, &all, 5000) && all.records == 5000, "each table counts each record once");
    tap_ok(sums_are(&f, &even, 2500), "a record is counted in each set that it was added to");
    tap_int((int64_t)table_keys(table_of(&f, &all, "user_id")), 700, "a set has all keys");
    tap_int(count_of(&f, &all, "user_id", "u699"), 7, "the keys have the right counts");
    tap_int(count_of(&f, &even, "user_id", "u1"), 0 - 1,
            "a set has the keys of its own records only");
    batch_settle(&f.windows.batch);
    tap_ok(sums_are(&f, &all, 5000), "if a batch is settled twice, its records are counted once");
    insight_set_release(&all, &f.plan);
    insight_set_release(&even, &f.plan);
    fixture_release(&f);
}

static void count_into(struct buf *report, size_t settle_after, size_t max_keys)
{
    struct fixture f;

    fixture_init(&f, max_keys, "all", NULL);
    for (size_t i = 0; i < 4000; i++) {
        fixture_add_nth(&f, i, 300);
        if (i % settle_after == 0)
            batch_settle(&f.windows.batch);
    }
    fixture_report(&f, WINDOWS_OPEN, report);
    fixture_release(&f);
}

static void test_settling(void)
{
    struct buf once = BUF_INIT, often = BUF_INIT, sketched = BUF_INIT, settled = BUF_INIT;

    count_into(&once, 100000, 100000);
    count_into(&often, 1, 100000);
    tap_bytes(often.data, often.len, once.data, once.len,
              "the insights do not depend on how many records are counted together");
    count_into(&sketched, 100000, 250);
    count_into(&settled, 7, 250);
    tap_ok(memmem(sketched.data, sketched.len, "approx", 6) != NULL &&
               memmem(once.data, once.len, "approx", 6) == NULL,
           "too many keys make the tables sketches");
    tap_bytes(settled.data, settled.len, sketched.data, sketched.len,
              "tables always become sketches at the same record, so the insights are the same");
    buf_release(&once);
    buf_release(&often);
    buf_release(&sketched);
    buf_release(&settled);
}

int main(void)
{
    test_texts();
    test_sets();
    test_settling();
    return tap_done();
}
