// SPDX-License-Identifier: BSD-2-Clause
//
// cells: text of unknown origin, made safe for the cells of a terminal.
//
// Whatever the bytes are, what is appended has no control character, is valid UTF-8, and takes as
// many columns as the function returns, by wcwidth(3). It can neither move the cursor nor change
// the order of other text:
//
//     bytes that are not UTF-8, and ASCII control characters    \xff  \x1b  \x0a
//     other control characters, such as a right-to-left         \u{202e}
//     override, line separators and zero-width joiners
//     characters of which the width is not known                \u{e000}
//     a combining mark without a character before it, and the   \u{301}
//     fifth mark and later ones on a character
//
// If utf8 is false, every character beyond ASCII is an escape. A text that is too wide is cut, and
// ends with an ellipsis: "…", or "~" without UTF-8. Neither a wide character nor an escape is cut
// in two.
//
//     bool utf8 = cells_have_utf8(); // after setlocale(LC_CTYPE, "")
//     size_t used = cells_put(&b, value.data, value.len, 20, utf8); // at most 20 columns
#ifndef VIEW_CELLS_H
#define VIEW_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

// Returns whether the terminal shows UTF-8, according to the locale.
bool cells_have_utf8(void);

// Appends the text, cut to a number of columns. Returns the number of columns that it takes.
size_t cells_put(struct buf *b, const char *text, size_t len, size_t width, bool utf8);

// Returns the number of columns that the whole text takes, or `most` if it takes more.
size_t cells_width(const char *text, size_t len, size_t most, bool utf8);

#endif
