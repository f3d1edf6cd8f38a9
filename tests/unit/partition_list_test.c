// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition_list.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

// Returns the canonical name of a list, or "malformed" when it cannot be parsed. The caller frees
// it.
static char *canonical(const char *text)
{
    int32_t *ids;
    int count = partition_list_parse(text, &ids);
    char *name = count < 0 ? strdup("malformed") : partition_list_name(ids, count);

    free(ids);
    return name;
}

static void test_lists(void)
{
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"0", "0"},           {"0,2-4", "0,2-4"},       {"4,3,2,0", "0,2-4"},
        {"2-4,0", "0,2-4"},   {"0,1", "0-1"},           {"3-3", "3"},
        {"1,1,2", "1-2"},     {"00,007", "0,7"},        {"999999", "999999"},
        {"", "malformed"},    {",", "malformed"},       {"1,", "malformed"},
        {",1", "malformed"},  {"1-", "malformed"},      {"-1", "malformed"},
        {"4-2", "malformed"}, {"1 ", "malformed"},      {"a", "malformed"},
        {"1;2", "malformed"}, {"1000000", "malformed"}, {"99999999999999999999", "malformed"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = canonical(cases[i].text);
        tap_ok(strcmp(name, cases[i].name) == 0, "the list '%s' is %s, got %s", cases[i].text,
               cases[i].name, name);
        free(name);
    }
}

static void test_shares(void)
{
    static const char *const malformed[] = {"",     "1",    "/",    "0/",    "/2",  "2/2",
                                            "-1/2", "0/-1", "0/2 ", "0/2/3", "a/b", "0/0"};
    int64_t shard, shards;
    char title[64];

    tap_ok(partition_list_parse_shard("1/3", &shard, &shards) == 0 && shard == 1 && shards == 3,
           "1/3 is the second of three shares");
    tap_ok(partition_list_parse_shard("00/01", &shard, &shards) == 0 && shard == 0 && shards == 1,
           "leading zeros do not matter");
    char *name = partition_list_shard_name(shard, shards);
    tap_ok(strcmp(name, "0/1") == 0, "leading zeros do not change the name");
    free(name);
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        snprintf(title, sizeof title, "'%s' is not a share", malformed[i]);
        tap_ok(partition_list_parse_shard(malformed[i], &shard, &shards) != 0, "%s", title);
    }
}

static void test_membership(void)
{
    bool once = true;

    for (int32_t id = 0; id < 100; id++) {
        int owners = 0;
        for (int64_t shard = 0; shard < 7; shard++)
            owners += partition_list_in_shard(id, shard, 7);
        once = once && owners == 1;
    }
    tap_ok(once, "each partition belongs to exactly one of the shares");
}

int main(void)
{
    test_lists();
    test_shares();
    test_membership();
    return tap_done();
}
