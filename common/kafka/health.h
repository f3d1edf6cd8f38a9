// SPDX-License-Identifier: BSD-2-Clause
//
// health: a file whose time says when the sink last handled a mark. A probe looks at the time: if
// the broker, the sink or a stage before it stands still, the file grows old.
//
//     struct health health = {.file = options->health};
//     if (health_check(&health, &err) != 0)
//         ...
//     health_update(&health); // whenever all lines before a mark are stored
//
// Without a file, it only knows the time, for metrics.
//
// The file is empty. It is missing until the first mark is handled, and stays when the sink ends.
#ifndef KAFKA_HEALTH_H
#define KAFKA_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct health {
    const char *file; // borrowed; NULL for none
    int64_t handled;  // when a mark was last handled, by time_now(); 0 for never
    int64_t due;      // when the next update may come
    bool failed;      // a warning has said so
};

// Checks that the file can be written, so that a wrong name is found at the start. Neither leaves a
// new file nor changes the time of an old one. Returns 0, or -1 with EX_CANTCREAT.
int health_check(const struct health *h, struct err *err);

// Sets the file's time to now, once a second at most. Creates the file if it is missing. Warns if
// that fails, and continues: the probe will notice.
void health_update(struct health *h);

#endif
