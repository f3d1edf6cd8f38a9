// SPDX-License-Identifier: BSD-2-Clause
//
// coverage_codec: writes a coverage to a snapshot (snapshot_file.h) and reads it back. As in
// snapshot_codec.h, the contents of a file are not trusted.
//
// The format:
//
//       num  1 if a cover has come, else 0
//       num  the number of topics; for each one:
//      text    its name
//       num    how many partitions it has
//       num  the number of partitions; for each one:
//      text    its topic
//       num 2  its number, and the next offset
//       u64    its newest time, or INT64_MIN
//       num    1 if no record will come, else 0
//       num  the number of open covers; for each one:
//      text    its run
//       num 3  its seq, the lines that have come, and 1 if it was known already, else 0
//       num    the number of its partitions; for each one:
//       num      its place in the list above, from 0
//       u64      its newest time, INT64_MIN, or INT64_MAX if no record will come
#ifndef INSIGHT_COVERAGE_CODEC_H
#define INSIGHT_COVERAGE_CODEC_H

#include "insight/coverage.h"
#include "insight/snapshot_file.h"

// Writes a coverage. snapshot_write_end() reports errors.
void coverage_codec_save(const struct coverage *c, struct snapshot_writer *out);

// Reads a coverage, which must be empty. snapshot_read_end() reports errors.
void coverage_codec_load(struct coverage *c, struct snapshot_reader *in);

#endif
