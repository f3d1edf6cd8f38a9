// SPDX-License-Identifier: BSD-2-Clause
//
// input: where the lines of a stage come from: stdin, or files one after the other. Each file may
// also be one line.
//
//     struct input_options options = {0};   // set by input_opts; without them, lines of stdin
//     options.file = operands;
//     options.file_count = count;
//     input_options_check(&options, &err);
//     ...
//     struct input in;
//     input_init(&in, &options, max_line);
//     do {
//         while (line_next(&in.reader, &line))
//             use(line.data, line.len);
//     } while (in.reader.eof ? input_next_file(&in, &err) > 0 : line_fill(&in.reader) >= 0);
//     input_release(&in);
#ifndef STREAM_INPUT_H
#define STREAM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"

struct input_options {
    const char *delimiter;   // as given, with escapes; NULL for a newline
    bool lines;              // files hold lines; otherwise each file is one line
    const char *const *file; // "-" is stdin; borrowed
    size_t file_count;       // 0 for stdin, and its lines
    struct buf end;          // what ends a line; input_options_check() sets it
};

// The option table for struct input_options.
extern const struct opt input_opts[];
extern const size_t input_opt_count;

// Reads the delimiter, and checks that the files can be read, as far as that can be known. Returns
// 0, or -1 with EX_USAGE.
int input_options_check(struct input_options *o, struct err *err);
void input_options_release(struct input_options *o);

// Returns whether each file is one line.
bool input_has_whole_files(const struct input_options *o);

// Returns whether the input can only hold records: marks and rejects are lines that end in a
// newline.
bool input_is_plain(const struct input_options *o);

struct input {
    struct line_reader reader; // its number and bytes go on from file to file
    const char *name;          // of the file that is being read, for messages
    // The members below are private.
    const struct input_options *options;
    size_t next; // the file after this one
};

// Begins to read. Borrows the options, which may be NULL for the lines of stdin. Reads nothing, and
// opens no file: the reader is at the end of the input if there are files.
void input_init(struct input *in, const struct input_options *options, size_t max_line);
void input_release(struct input *in);

// Returns the size of all of the input in bytes, before anything is read, or 0 if it is not known,
// because a part of it is no regular file.
uint64_t input_size(const struct input *in);

// Opens the next file, once the reader is at the end of the one before. Returns 1; 0 if there is
// none; or -1 with EX_IOERR, after which it can be called for the one after.
int input_next_file(struct input *in, struct err *err);

#endif
