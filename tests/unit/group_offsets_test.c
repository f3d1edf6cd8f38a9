// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/group_offsets.h"

#include <stdlib.h>

#include "tap.h"

#define OWN "01234567-89ab-4def-8123-456789abcdef"
#define FROM "11234567-89ab-4def-8123-456789abcdef"
#define OTHER "21234567-89ab-4def-8123-456789abcdef"

static const struct group_allowed strict = {.run = NULL}, own = {.run = OWN},
                                  watch = {
                                      .run = OWN, .from = FROM, .from_seq = 4, .unmarked = true};

// Returns what a group has: partition 0 of t at an offset, with the metadata of a mark of the run,
// if there is one.
static rd_kafka_topic_partition_list_t *group_has(int64_t offset, const char *run, uint64_t seq)
{
    struct mark m = {.seq = seq};

    mark_add_at(&m, "t", 0, offset);
    snprintf(m.run, sizeof m.run, "%s", run == NULL ? "" : run);
    rd_kafka_topic_partition_list_t *list = group_offsets_of_mark(&m);
    if (run == NULL) {
        free(list->elems[0].metadata);
        list->elems[0].metadata = NULL;
        list->elems[0].metadata_size = 0;
    }
    mark_release(&m);
    return list;
}

// Compares a first state of the group, which is known, with a second one. Returns 0 or the status.
static int compare(const struct group_allowed *allowed, rd_kafka_topic_partition_list_t *first,
                   rd_kafka_topic_partition_list_t *second)
{
    struct group_known known = {.list = NULL};
    struct err err = {.status = EX_OK};

    group_known_set(&known, first);
    int status = group_known_compare(&known, "g", allowed, second, &err);
    tap_ok((status == 0) == (err.status == EX_OK), "an error has a status");
    group_known_release(&known);
    rd_kafka_topic_partition_list_destroy(first);
    rd_kafka_topic_partition_list_destroy(second);
    return status == 0 ? 0 : err.status;
}

#define NONE RD_KAFKA_OFFSET_INVALID

int main(void)
{
    tap_int(compare(&strict, group_has(7, FROM, 4), group_has(7, FROM, 4)), 0, "nothing changed");
    tap_int(compare(&strict, group_has(7, NULL, 0), group_has(7, NULL, 0)), 0, "without marks too");
    tap_int(compare(&strict, group_has(NONE, NULL, 0), group_has(NONE, NULL, 0)), 0,
            "a group may have no offset");
    tap_int(compare(&strict, group_has(7, FROM, 4), group_has(8, FROM, 4)), EX_TEMPFAIL,
            "another offset is another pipeline's");
    tap_int(compare(&strict, group_has(7, FROM, 4), group_has(7, FROM, 5)), EX_TEMPFAIL,
            "so is another mark at the same offset");
    tap_int(compare(&strict, group_has(7, FROM, 4), group_has(7, NULL, 0)), EX_TEMPFAIL,
            "so is an offset that was set by hand");
    tap_int(compare(&strict, group_has(NONE, NULL, 0), group_has(7, OTHER, 1)), EX_TEMPFAIL,
            "so is a first offset");
    tap_int(compare(&own, group_has(7, FROM, 4), group_has(9, OWN, 5)), 0,
            "a commit of the own run, whose answer was lost, is allowed");
    tap_int(compare(&own, group_has(7, FROM, 4), group_has(9, OTHER, 5)), EX_TEMPFAIL,
            "one of another run is not");
    tap_int(compare(&watch, group_has(NONE, NULL, 0), group_has(0, FROM, 4)), 0,
            "the sink commits the start in the name of the earlier run");
    tap_int(compare(&watch, group_has(7, FROM, 4), group_has(9, FROM, 5)), EX_TEMPFAIL,
            "but a later mark of the earlier run is of another pipeline");
    tap_int(compare(&watch, group_has(7, FROM, 4), group_has(9, NULL, 0)), 0,
            "a sink may commit without naming marks");
    tap_int(compare(&watch, group_has(7, FROM, 4), group_has(9, OTHER, 5)), EX_TEMPFAIL,
            "but not in the name of another run");
    tap_int(compare(&watch, group_has(7, FROM, 4), group_has(NONE, NULL, 0)), EX_CONFIG,
            "an offset that is gone is no other pipeline's work");
    tap_int(compare(NULL, group_has(7, FROM, 4), group_has(NONE, NULL, 0)), EX_CONFIG,
            "that is so even if every change is allowed");
    tap_int(compare(NULL, group_has(7, FROM, 4), group_has(9, OTHER, 5)), 0,
            "every change is allowed after a rebalance");

    rd_kafka_topic_partition_list_t *list = group_has(9, OWN, 5);
    tap_int((int64_t)group_offsets_newest_of(list, OWN), 5, "the newest mark of a run");
    tap_int((int64_t)group_offsets_newest_of(list, OTHER), 0,
            "a mark of another run is not counted");
    rd_kafka_topic_partition_list_destroy(list);
    return tap_done();
}
