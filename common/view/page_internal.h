// SPDX-License-Identifier: BSD-2-Clause
//
// page_internal: what the parts of a page know of each other.
//
//     page_begin_section(p, "late", "Late records");
//     ... what is in it ...
//     page_end_section(p);
#ifndef VIEW_PAGE_INTERNAL_H
#define VIEW_PAGE_INTERNAL_H

#include "view/page.h"

#define PAGE_VALUE_MOST 60 // characters of a value that are shown
#define PAGE_VALUE_LONG 24 // a value that has more may be broken into lines

struct page {
    struct buf *b;
    struct model *m;
    const struct page_options *options;
    const struct series *s; // NULL if there are no insights
    uint64_t logins;        // in all windows
    uint64_t late, open;    // late records; windows that are not final
    struct buf per;         // what a window is called: "hour", "15 minutes"; ends with NUL
};

extern const char page_style[];

void page_put_head(struct page *p);
void page_put_time(struct page *p);
void page_put_counts(struct page *p);
void page_put_tops(struct page *p);
void page_put_late(struct page *p);
void page_put_rejects(struct page *p);
void page_put_about(struct page *p);

// Whether a login counts in one window only, so that windows can be added up.
static inline bool page_adds_up(const struct page *p)
{
    return p->s != NULL && p->s->kind != WINDOW_HOPPING;
}

// The id of a section is a word.
void page_begin_section(struct page *p, const char *id, const char *title);
void page_end_section(struct page *p);

// Appends what a field is called: "user", "app version"; or its plural.
void page_put_field(struct page *p, const char *field, bool plural);

// Appends what a window is called: its time, or its number.
void page_put_window(struct page *p, const struct window *w);

// Appends a cell with a value. `element` is its tag, with attributes; `class` may be empty.
void page_put_value(struct page *p, const char *element, const char *class,
                    struct value_text value);

// The scale of a column of bars, from 0 to `top`.
struct page_scale {
    uint64_t top;
    unsigned steps; // between its lines
    const char *unit;
};

// Appends the head of the column. `unit` is what the bars count: "logins".
struct page_scale page_put_scale(struct page *p, uint64_t highest, const char *unit);

// Appends a cell with a bar, whose title says the number.
void page_put_bar(struct page *p, uint64_t n, const struct page_scale *scale);

// Appends the beginning of a table that scrolls if it is too wide. The label names it for those who
// do not see it.
void page_begin_table(struct page *p, const char *class, const char *label);
void page_end_table(struct page *p);

#endif
