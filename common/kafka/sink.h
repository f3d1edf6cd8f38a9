// SPDX-License-Identifier: BSD-2-Clause
//
// sink: delivers the messages of a stage under a delivery guarantee (guarantee.h). The callbacks of
// the tool's stage call these functions, which call the delivery and the guarantee.
//
//     struct sink sink = {.guarantee = &acked_sink, .options = &options};
//     sink_init(&sink, stream);
//     delivery_open(&sink.delivery, &settings, options.undelivered, &err);
//     sink.guarantee->open(&sink, &err);
//     ...
//     sink_produce(&sink, input, &outgoing); // for each message
//     sink_mark(&sink, mark, line);          // for each mark
//     sink_serve(&sink);                     // at each tick
//     ...
//     sink.guarantee->end(&sink);
//     sink_close(&sink);
//     sink_release(&sink);
//
// Functions that return int return 0, or -1 after stream_fail().
#ifndef KAFKA_SINK_H
#define KAFKA_SINK_H

#include "base/check_report.h"
#include "base/line.h"
#include "kafka/guarantee.h"
#include "kafka/line_pool.h"
#include "stream/mark.h"
#include "stream/stream.h"

// Prepares the delivery, so that it reports to the guarantee. The guarantee and the options must be
// set.
void sink_init(struct sink *s, struct stream *stream);
void sink_release(struct sink *s);

// For --check: reports whether the file of --health can be written.
void sink_check_health(const struct sink_options *options, struct check_report *report);

// Hands the message of an input line to the delivery, or counts it as undelivered.
int sink_produce(struct sink *s, const struct line *input, struct outgoing *o);

// Hands a mark to the guarantee, after the lines before it. `line` is the mark's text.
int sink_mark(struct sink *s, const struct mark *mark, const struct line *line);

// Handles what has been delivered by now, without waiting.
int sink_serve(struct sink *s);

// Appends the sink's own metrics.
void sink_put_metrics(const struct sink *s, struct metrics *m);

// Gives up the lines that are still in flight, and closes the delivery.
void sink_close(struct sink *s);

#endif
