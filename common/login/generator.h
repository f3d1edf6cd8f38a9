// SPDX-License-Identifier: BSD-2-Clause
//
// generator: generates login records of imaginary users from a seed, both good and bad ones.
//
// Some users log in more often than others, as real users do: the weight of user n is 1/(n+10).
// This is Zipf's law with Mandelbrot's offset, which gives the first user about a hundredth of all
// logins instead of a tenth. Each user has a few devices and addresses, which are computed from the
// user's number and the seed, so that no table of them is needed.
//
// The same number of random values is drawn for every record. So an option changes only the records
// that it concerns.
//
//     struct generator *g =
//         generator_new(&(struct generator_options){.seed = 1, .users = 1000});
//     generator_record(g, 1694476800000, &buf, &result);
//     generator_free(g);
#ifndef LOGIN_GENERATOR_H
#define LOGIN_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct generator_options {
    uint64_t seed;
    uint64_t users;            // from 1 to 2^32-1
    double missing, bad, late; // percent of the records: without device_type, bad, and late
};

struct generator_result {
    const char *bad; // the reason that loginclean will give, a REJECT_ constant; NULL if good
    bool late;       // the record's time is earlier than the one that was asked for
};

struct generator;

struct generator *generator_new(const struct generator_options *options);
void generator_free(struct generator *g);

// Appends a record with the time `ms`, without a newline. Fills in *result. The time must not be
// before 1970.
void generator_record(struct generator *g, int64_t ms, struct buf *b,
                      struct generator_result *result);

#endif
