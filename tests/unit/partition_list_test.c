// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition_list.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static void test_lists(void)
{
    static const struct {
        const char *text;
        int count, first, last;
    } cases[] = {
        {"0", 1, 0, 0},     {"0,2-4", 4, 0, 4},  {"4,3,2,0", 4, 4, 0},         {"3-3", 1, 3, 3},
        {"1,1,2", 3, 1, 2}, {"00,007", 2, 0, 7}, {"999999", 1, 999999, 999999}};
    static const char *const malformed[] = {"",   ",",   "1,",      ",1",
                                            "1-", "-1",  "4-2",     "1 ",
                                            "a",  "1;2", "1000000", "99999999999999999999"};
    int32_t *ids;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int count = partition_list_parse(cases[i].text, &ids);
        tap_ok(count == cases[i].count && ids[0] == cases[i].first &&
                   ids[count - 1] == cases[i].last,
               "the list '%s' has its %d ids", cases[i].text, cases[i].count);
        free(ids);
    }
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        tap_int(partition_list_parse(malformed[i], &ids), -1, malformed[i]);
}

// Names the set of these ids in topics that have these numbers of partitions. 0 ends both lists; an
// id is left out where a topic has no such partition.
static char *name_of(const char *list, const int *partitions)
{
    struct partition_choice topics[4] = {{0}};
    int32_t *ids;
    size_t topic_count = 0;
    int count = partition_list_parse(list, &ids);

    for (; partitions[topic_count] > 0; topic_count++) {
        struct partition_choice *topic = &topics[topic_count];
        topic->partitions = partitions[topic_count];
        topic->ids = calloc((size_t)count, sizeof *topic->ids);
        for (int i = 0; i < count; i++) {
            if (ids[i] < topic->partitions)
                topic->ids[topic->count++] = ids[i];
        }
    }
    char *name = partition_list_name(topics, topic_count);
    for (size_t i = 0; i < topic_count; i++)
        free(topics[i].ids);
    free(ids);
    return name;
}

static void test_names(void)
{
    static const struct {
        const char *list;
        int partitions[4];
        const char *name;
    } cases[] = {{"0-3", {4}, "0/1"},    {"3,1,2,0", {4}, "0/1"},  {"0", {1}, "0/1"},
                 {"0,2", {4}, "0/2"},    {"3,1", {4}, "1/2"},      {"0,3", {4}, "0/3"},
                 {"3", {4}, "3/4"},      {"2", {4}, "2/3"},        {"2", {5}, "2/3"},
                 {"0", {4}, "0/4"},      {"1", {3}, "1/2"},        {"0,1", {4}, "0-1"},
                 {"1-3", {4}, "1-3"},    {"0-3,5", {6}, "0-3,5"},  {"0,2", {6}, "0,2"},
                 {"0-3", {4, 2}, "0/1"}, {"0,2", {4, 2}, "0/2"},   {"1,3", {1, 4}, "1/2"},
                 {"0", {2, 1}, "0/2"},   {"0-1", {2, 4}, "0-1"},   {"2,5,8", {9}, "2/3"},
                 {"0", {4, 3}, "0/4"},   {"1,4", {6, 5, 3}, "1/3"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *name = name_of(cases[i].list, cases[i].partitions);
        tap_ok(strcmp(name, cases[i].name) == 0, "partitions %s of %d%s are %s, got %s",
               cases[i].list, cases[i].partitions[0], cases[i].partitions[1] > 0 ? " and more" : "",
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
    test_names();
    test_shares();
    test_membership();
    return tap_done();
}
