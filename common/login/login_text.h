// SPDX-License-Identifier: BSD-2-Clause
//
// login_text: builds the text of a generated login record field by field, and writes it in one of
// the ways of real producers, or with a fault.
//
//     struct login_text l;
//     login_text_set_uuid(&l, FIELD_USER_ID, bits);
//     ... all other fields
//     login_text_format(&l, bits, &buf); // or login_text_format_faulty()
//
// Each `bits` argument is 64 random bits; the same bits give the same text.
#ifndef LOGIN_LOGIN_TEXT_H
#define LOGIN_LOGIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "login/fields.h"

struct login_text {
    // The values as the record has them, with quotes. A value of length 0 is left out.
    struct login_text_value {
        char data[48];
        size_t len;
    } field[FIELD_COUNT];
};

// The faults, one for each reason of loginclean.
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

// loginclean's reason for each fault, a REJECT_ constant.
extern const char *const login_text_fault_reason[LOGIN_TEXT_FAULT_COUNT];

// Sets a string of at most 46 bytes, which must need no escapes.
void login_text_set_string(struct login_text *l, enum field field, const char *text);
// Sets a UUID, version 4 (RFC 9562).
void login_text_set_uuid(struct login_text *l, enum field field, uint64_t bits);
// Sets a serial number, NNN-NN-NNNN.
void login_text_set_serial(struct login_text *l, enum field field, uint64_t bits);
// Sets an IP address; one in ten is IPv6.
void login_text_set_ip(struct login_text *l, uint64_t bits);
// Sets the time from ms since 1970, which must not be negative: whole seconds, as a number or as a
// string of digits.
void login_text_set_time(struct login_text *l, int64_t ms, bool quoted);

// Appends the record without a newline. The bits select the order of the fields and the spacing.
void login_text_format(const struct login_text *l, uint64_t bits, struct buf *b);

// Appends the record with a fault. Changes the fields. fault_bits select among the ways to make it.
void login_text_format_faulty(struct login_text *l, uint64_t bits, enum login_text_fault fault,
                              uint64_t fault_bits, struct buf *b);

#endif
