// SPDX-License-Identifier: BSD-2-Clause
//
// reader: a stage whose input is Kafka. It opens the consumer (consumer.h) and the decoder
// (decoder.h), hands each record over to the stream, ends at a limit, and calls the delivery
// guarantee (guarantee.h) when that has something to do.
//
//     struct reader reader = {.options = &options, .kafka = &kafka, .max_line = max_line};
//     struct stream_ops ops = reader_stream_ops(&options); // their ctx is the reader
//     ops.parse = true;
//     ops.record = record; // writes a record, with reader.ctx if it needs more
//     int status = stream_run(&ops, &reader, &stream);
//     reader_release(&reader);
#ifndef KAFKA_READER_H
#define KAFKA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/line.h"
#include "base/opt.h"
#include "base/rate.h"
#include "kafka/config.h"
#include "kafka/decoder.h"
#include "kafka/guarantee.h"
#include "kafka/lag.h"
#include "kafka/offset_spec.h"
#include "stream/stream.h"

struct reader_options {
    struct opt_list topics;
    const char *group;     // NULL for none
    int64_t shard, shards; // 0/0 for all partitions
    int32_t *ids;          // of partitions; NULL for all
    int id_count;
    struct offset_range range;
    bool exit_at_end; // stop at the end offsets as they are at the start
    uint64_t count;   // of records; 0 for no limit
    struct rate rate; // count 0 for no limit
    struct decoder_options decode;
    const struct source_guarantee *guarantee;
    struct source_options source;
};

// The owner sets the first four members.
struct reader {
    const struct reader_options *options;
    const struct config_options *kafka;
    uint64_t max_line; // bytes of a record
    void *ctx;         // the tool's

    struct source source;
    struct decoder decoder;
    size_t batch; // bytes handed over in this fill; ops.record() may add what it has made of them
    int taken;    // records handed over in this fill
    bool ended;   // the input has ended by request
    struct lag lag;
    int64_t longest; // the most records that were left at once, up to where the partitions stop
    bool put_back;   // a signal has come while the decoder waited, so a record was not taken
};

// Returns the callbacks of the stage. The tool adds `parse` and `record`.
struct stream_ops reader_stream_ops(const struct reader_options *options);

// Joins the lines of the current record into one, and returns its length; see value_join(). Only
// ops.record() may call it.
size_t reader_join_lines(struct reader *r, const struct line *line);

// Frees everything. May be called without stream_run().
void reader_release(struct reader *r);

#endif
