// SPDX-License-Identifier: BSD-2-Clause
#include "stream/tally.h"
#include "tap.h"

static void test_tally(void)
{
    struct tally t = {0};
    char name[TALLY_MAX + 2][8], copy[] = "name0";
    uint64_t sum = 0;

    for (size_t i = 0; i < TALLY_MAX + 2; i++) {
        snprintf(name[i], sizeof name[i], "name%zu", i);
        tally_add(&t, name[i]);
    }
    tally_add(&t, copy);
    for (size_t i = 0; i < t.used; i++)
        sum += t.entry[i].count;
    tap_int((int64_t)t.used, TALLY_MAX, "a tally holds TALLY_MAX names");
    tap_int((int64_t)sum, TALLY_MAX + 3, "further names are counted too");
    tap_int((int64_t)t.entry[TALLY_MAX - 1].count, 3, "under the last name");
    tap_int((int64_t)t.entry[0].count, 2, "names are compared by text, not by address");
}

int main(void)
{
    test_tally();
    return tap_done();
}
