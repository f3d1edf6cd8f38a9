// SPDX-License-Identifier: BSD-2-Clause
//
// tally: counts by name, such as rejects by reason. The names are in the order of their first use.
//
//     struct tally t = {0};
//     tally_add(&t, "bad_ip");
//     for (size_t i = 0; i < t.used; i++)
//         show(t.entry[i].name, t.entry[i].count);
#ifndef STREAM_TALLY_H
#define STREAM_TALLY_H

#include <stddef.h>
#include <stdint.h>

#define TALLY_MAX 24

struct tally {
    struct {
        const char *name; // borrowed
        uint64_t count;
    } entry[TALLY_MAX];
    size_t used;
};

// Adds 1 to the count of a name. The name must outlive the tally. When the tally has TALLY_MAX
// names, any other name is counted under the last one.
void tally_add(struct tally *t, const char *name);

#endif
