// SPDX-License-Identifier: BSD-2-Clause
//
// login_text: builds the text of a generated login record, field by field. The record is written as
// one of several real producers would write it, or with a fault.
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
    // The values as they are written in the record, with quotes. A field with a value of length 0
    // is left out.
    struct login_text_value {
        char data[48];
        size_t len;
    } field[FIELD_COUNT];
};

// The faults: one for each reason for which loginclean rejects a record.
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

// The reason that loginclean gives for each fault, a REJECT_ constant.
extern const char *const login_text_fault_reason[LOGIN_TEXT_FAULT_COUNT];

// Sets a string of at most 46 bytes. No byte of it may need an escape.
void login_text_set_string(struct login_text *l, enum field field, const char *text);
// Sets a UUID, version 4 (RFC 9562).
void login_text_set_uuid(struct login_text *l, enum field field, uint64_t bits);
// Sets a serial number, NNN-NN-NNNN.
void login_text_set_serial(struct login_text *l, enum field field, uint64_t bits);
// Sets an IP address. One in ten is an IPv6 address.
void login_text_set_ip(struct login_text *l, uint64_t bits);
// Sets the time, in whole seconds, as a number or, if `quoted` is true, as a string of digits. `ms`
// is in ms since 1970 and must not be negative.
void login_text_set_time(struct login_text *l, int64_t ms, bool quoted);

// Appends the record, without a newline. The bits select the order of the fields and the spacing.
void login_text_format(const struct login_text *l, uint64_t bits, struct buf *b);

// Appends the record with a fault, without a newline. Changes the fields. fault_bits select one of
// several variants of the fault.
void login_text_format_faulty(struct login_text *l, uint64_t bits, enum login_text_fault fault,
                              uint64_t fault_bits, struct buf *b);

#endif
