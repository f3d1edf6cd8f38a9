// SPDX-License-Identifier: BSD-2-Clause
#include "view/cells.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

#define MARKS_MAX 4 // combining marks on a character; a cell of ncurses holds no more

// What one unit of the text becomes: a character with its marks, or an escape.
struct unit {
    size_t taken; // bytes of the text
    size_t width; // columns
    char escape[16];
};

bool cells_have_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

// Returns whether a character has no shape of its own, but acts on its neighbours: the control and
// format characters of Unicode, and variation selectors, about whose width terminals differ.
static bool is_format(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } range[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
        {0x890, 0x891},     {0x8e2, 0x8e2},     {0x180b, 0x180f},   {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd},
        {0x110cd, 0x110cd}, {0x13430, 0x1345f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        if (c >= range[i].first && c <= range[i].last)
            return true;
    }
    return false;
}

// Returns the columns of a character, 0 for a combining mark, or -1 if it must be an escape.
static int columns(uint32_t c, bool utf8)
{
    if (c < 0x80)
        return c >= 0x20 && c < 0x7f ? 1 : -1;
    return utf8 && !is_format(c) ? wcwidth((wchar_t)c) : -1;
}

// Returns the number of bytes of the combining marks at the start of the text.
static size_t marks(const char *text, size_t len, bool utf8)
{
    size_t taken = 0, count;
    uint32_t c;

    for (size_t i = 0; i < MARKS_MAX && taken < len; i++) {
        count = utf8_decode(text + taken, len - taken, &c);
        if (count == 0 || columns(c, utf8) != 0)
            break;
        taken += count;
    }
    return taken;
}

static struct unit next_unit(const char *text, size_t len, bool utf8)
{
    struct unit unit = {.taken = 1};
    uint32_t c = 0;
    size_t count = utf8_decode(text, len, &c);

    if (count == 0 || c < 0x20 || c == 0x7f) {
        unit.width =
            (size_t)snprintf(unit.escape, sizeof unit.escape, "\\x%02x", (unsigned char)text[0]);
        return unit;
    }
    unit.taken = count;
    int width = columns(c, utf8);
    if (width <= 0) {
        unit.width = (size_t)snprintf(unit.escape, sizeof unit.escape, "\\u{%x}", (unsigned)c);
        return unit;
    }
    unit.width = (size_t)width;
    unit.taken += marks(text + count, len - count, utf8);
    return unit;
}

size_t cells_width(const char *text, size_t len, size_t most, bool utf8)
{
    size_t width = 0;

    for (size_t at = 0; at < len && width < most;) {
        struct unit unit = next_unit(text + at, len - at, utf8);
        at += unit.taken;
        width += unit.width;
    }
    return width < most ? width : most;
}

size_t cells_put(struct buf *b, const char *text, size_t len, size_t width, bool utf8)
{
    bool cut = cells_width(text, len, width + 1, utf8) > width;
    size_t room = cut && width > 0 ? width - 1 : width;
    size_t used = 0;

    for (size_t at = 0; at < len;) {
        struct unit unit = next_unit(text + at, len - at, utf8);
        if (used + unit.width > room)
            break;
        if (unit.escape[0] != '\0')
            buf_puts(b, unit.escape);
        else
            buf_append(b, text + at, unit.taken);
        at += unit.taken;
        used += unit.width;
    }
    if (cut && width > 0) {
        buf_puts(b, utf8 ? "…" : "~");
        used++;
    }
    return used;
}
