// SPDX-License-Identifier: BSD-2-Clause
#include "stream/tally.h"

#include <string.h>

void tally_add(struct tally *t, const char *name)
{
    size_t i;

    for (i = 0; i < t->used; i++) {
        if (t->entry[i].name == name || strcmp(t->entry[i].name, name) == 0)
            break;
    }
    if (i == TALLY_MAX)
        i--;
    if (i == t->used) {
        t->entry[i].name = name;
        t->used++;
    }
    t->entry[i].count++;
}
