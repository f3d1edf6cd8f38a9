// SPDX-License-Identifier: BSD-2-Clause
//
// json_relax: copies JSON text and replaces what simdjson cannot represent, so that it can be
// parsed after all.
//
// RFC 8259 allows integers over 64 bits, numbers beyond the range of a double, and escaped lone
// surrogates; simdjson rejects all three. The copy has the values that jq would use instead: the
// nearest double (the largest one for an overflow), and U+FFFD for a lone surrogate.
//
// A malformed text stays malformed. json_relax() recognises only strings and numbers. The parser
// checks the rest.
//
//     struct buf copy = BUF_INIT;
//     json_relax(&copy, text, len);
//     parse(copy.data, copy.len);
#ifndef JSON_JSON_RELAX_H
#define JSON_JSON_RELAX_H

#include <stddef.h>

#include "base/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returns the length of the number at the start of a text, by the grammar of RFC 8259, section 6,
// or 0 if there is no number.
size_t json_number_length(const char *text, const char *end);

// Appends the copy to b.
void json_relax(struct buf *b, const char *text, size_t len);

#ifdef __cplusplus
}
#endif

#endif
