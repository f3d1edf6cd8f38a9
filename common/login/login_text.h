// SPDX-License-Identifier: BSD-2-Clause
//
// login: the text of a made-up login record, put together field by field and written
// in one of the ways in which real producers write theirs, or spoilt.
//
//     struct login_text l;
//     login_text_set_uuid(&l, FIELD_USER_ID, bits);
//     ... all other fields
//     login_text_format(&l, bits, &buf);  // or login_text_format_faulty()
//
// `bits` are 64 random bits each time, and the same bits make the same text.
#ifndef LOGIN_LOGIN_TEXT_H
#define LOGIN_LOGIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "login/fields.h"

struct login_text {
    // Values as they stand in the record, quotes included; one of no length is left out.
    struct login_text_value {
        char data[48];
        size_t len;
    } field[FIELD_COUNT];
};

// The ways in which loginclean can find a record bad.
enum login_text_fault {
    LOGIN_TEXT_MISSING_FIELD,
    LOGIN_TEXT_WRONG_TYPE,
    LOGIN_TEXT_EMPTY,
    LOGIN_TEXT_BAD_IP,
    LOGIN_TEXT_BAD_TIMESTAMP,
    LOGIN_TEXT_NOT_JSON,
    LOGIN_TEXT_NOT_OBJECT,
    LOGIN_TEXT_FAULT_COUNT
};

// What loginclean calls them: REJECT_ constants.
extern const char *const login_text_fault_reason[LOGIN_TEXT_FAULT_COUNT];

// A string that needs no escapes, of at most 46 bytes.
void login_text_set_string(struct login_text *l, enum field field, const char *text);
// A version 4 UUID, RFC 9562.
void login_text_set_uuid(struct login_text *l, enum field field, uint64_t bits);
// A serial number NNN-NN-NNNN.
void login_text_set_serial(struct login_text *l, enum field field, uint64_t bits);
// An address, one in ten of them IPv6.
void login_text_set_ip(struct login_text *l, uint64_t bits);
// In seconds, as a number or as a string of digits. Not before 1970.
void login_text_set_time(struct login_text *l, int64_t ms, bool quoted);

// Appends the record, without a newline. The bits choose the order of the fields and the spacing.
void login_text_format(const struct login_text *l, uint64_t bits, struct buf *b);

// Appends something bad instead. Changes the login.
void login_text_format_faulty(struct login_text *l, uint64_t bits, enum login_text_fault kind,
                              uint64_t bad_bits, struct buf *b);

#endif
