// SPDX-License-Identifier: BSD-2-Clause
//
// synth: a population whose logins are made up from a seed; good records and bad ones.
//
// Who logs in is skewed as with real users: the weight of the n-th of them is 1/(n+10) (Zipf's law
// with Mandelbrot's offset, so that the first has about a hundredth of all logins, not a tenth).
// A user has a few devices and addresses, which follow from the user's number and the seed, so
// that no table of them is kept.
//
// Every record takes the same number of draws, so an option changes the records that it is about
// and leaves all others as they are.
//
//     struct generator *gynth = generator_new(&(struct generator_options){.seed = 1, .users =
//     1000}); generator_record(g, 1694476800000, &buf, &result);
#ifndef LOGIN_GENERATOR_H
#define LOGIN_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct generator_options {
    uint64_t seed;
    uint64_t users;            // 1 to 2^32-1
    double missing, bad, late; // percent of the records
};

struct generator_result {
    const char *bad; // the REJECT_ reason that loginclean will give; NULL for a good record
    bool late;       // its time lies further back than was asked for
};

struct generator;

struct generator *generator_new(const struct generator_options *options);
void generator_free(struct generator *g);

// Appends a record of that moment, which is not before 1970, without a newline.
void generator_record(struct generator *g, int64_t ms, struct buf *b,
                      struct generator_result *result);

#endif
