// SPDX-License-Identifier: BSD-2-Clause
//
// cover_write: follows the marks of a stream, and says what the partials of each mark cover.
//
// A cover names, for each partition, the offsets since the mark before. So the source must say
// where each partition starts: in its hello mark, or in an assign mark whenever it gets partitions.
// The first cover after these names all partitions, so that a reader learns of them. Later ones
// name only those of which the offset or the newest time has changed.
//
//     struct cover_writer w = {0};
//     struct cover cover = COVER_INIT;
//     cover_writer_start(&w, hello); // and at each assign mark
//     if (cover_writer_make(&w, mark, &cover, &err) == 0) ... // at each other mark
//     cover_release(&cover);
//     cover_writer_release(&w);
#ifndef INSIGHT_COVER_WRITE_H
#define INSIGHT_COVER_WRITE_H

#include <stdbool.h>

#include "base/err.h"
#include "insight/cover.h"
#include "stream/mark.h"

struct cover_writer {
    bool marked;        // a hello mark has come
    bool fresh;         // no cover has named the partitions yet
    char *group;        // of the hello mark
    struct mark source; // the last hello or assign mark: its topics
    struct mark last;   // the last mark: its positions
};

void cover_writer_release(struct cover_writer *w);

// Notes the topics and the positions of a hello or an assign mark. Copies them.
void cover_writer_start(struct cover_writer *w, const struct mark *mark);

// Stores in *cover what has been read since the mark before. Frees what it owned. Returns 0, or -1
// with *err set (EX_CONFIG) if the source shares its partitions without saying where they start.
int cover_writer_make(struct cover_writer *w, const struct mark *mark, struct cover *cover,
                      struct err *err);

#endif
