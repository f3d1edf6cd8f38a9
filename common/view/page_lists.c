// SPDX-License-Identifier: BSD-2-Clause
//
// What occurs how often: the values of each counted field, the users with the most addresses, and
// combinations that are repeated.

#include "base/bytes.h"
#include "view/html.h"
#include "view/page_internal.h"

#define SHOWN 12 // values of a field; the others are in a table that can be opened
#define TOP 10   // rows of the other lists

static void put_id(struct page *p, const char *prefix, size_t subject)
{
    buf_printf(p->b, "<section aria-labelledby=\"%s%zu\"><h2 id=\"%s%zu\">", prefix, subject,
               prefix, subject);
}

// --- Counts ---

static void put_count_row(struct page *p, const char *name, const struct value_text *value,
                          uint64_t count, uint64_t whole, const struct page_scale *scale)
{
    buf_puts(p->b, "<tr>");
    if (value != NULL)
        page_put_value(p, "th scope=\"row\"", "", *value);
    else
        buf_printf(p->b, "<th scope=\"row\">%s</th>", name);
    buf_puts(p->b, "<td>");
    buf_put_grouped(p->b, count);
    buf_puts(p->b, "</td><td>");
    html_put_share(p->b, count, whole);
    buf_puts(p->b, "</td>");
    if (scale != NULL)
        page_put_bar(p, count, scale);
    else
        buf_puts(p->b, "<td></td>"); // a bar of all others would dwarf those of the values
    buf_puts(p->b, "</tr>\n");
}

// Appends a table of the rows from `from` on, and of the rest if there is one.
static void put_count_table(struct page *p, const struct subject *subject,
                            const struct value_list *list, size_t from, size_t to, uint64_t whole,
                            uint64_t other)
{
    uint64_t highest = 0;
    struct buf label = BUF_INIT;

    for (size_t i = from; i < to; i++)
        highest = list->row[i].count > highest ? list->row[i].count : highest;
    buf_printf(&label, "%s: %s%c", from == 0 ? "Logins" : "More values", subject->field[0], 0);
    page_begin_table(p, "bars", label.data);
    buf_release(&label);
    buf_puts(p->b, "<thead><tr><th scope=\"col\">");
    page_put_field(p, subject->field[0], false);
    buf_puts(p->b, "</th><th scope=\"col\">logins</th><th scope=\"col\">share</th>");
    struct page_scale scale = page_put_scale(p, highest, "logins");
    buf_puts(p->b, "</tr></thead><tbody>\n");
    for (size_t i = from; i < to; i++) {
        struct value_text value = value_list_text(list, i, 0);
        put_count_row(p, NULL, &value, list->row[i].count, whole, &scale);
    }
    if (other > 0)
        put_count_row(p, "<i>all others</i>", NULL, other, whole, NULL);
    page_end_table(p);
}

static void put_count(struct page *p, size_t k)
{
    const struct subject *subject = &p->s->subject[k];
    struct value_list list = VALUE_LIST_INIT;
    uint64_t other = series_total(p->s, k, 0, p->s->windows, SIZE_MAX, &p->m->secret, &list);
    uint64_t whole = other, hidden = other;

    for (size_t i = 0; i < list.count; i++) {
        whole += list.row[i].count;
        hidden += i >= SHOWN ? list.row[i].count : 0;
    }
    put_id(p, "count", k);
    buf_puts(p->b, "Logins by ");
    page_put_field(p, subject->field[0], false);
    buf_puts(p->b, "</h2>\n");
    put_count_table(p, subject, &list, 0, list.count < SHOWN ? list.count : SHOWN, whole, hidden);
    if (list.count > SHOWN) {
        size_t to = list.count < p->m->limits.values ? list.count : p->m->limits.values;
        buf_puts(p->b, "<details><summary>The next ");
        html_put_counted(p->b, to - SHOWN, "value", "values");
        buf_puts(p->b, "</summary>\n");
        for (size_t i = SHOWN; i < to; i++)
            hidden -= list.row[i].count;
        put_count_table(p, subject, &list, SHOWN, to, whole, hidden);
        buf_puts(p->b, "</details>\n");
    }
    page_end_section(p);
    value_list_release(&list);
}

void page_put_counts(struct page *p)
{
    buf_puts(p->b, "<div class=\"grid\">\n");
    for (size_t k = 0; k < p->s->subjects; k++) {
        if (p->s->subject[k].kind == INSIGHT_COUNT)
            put_count(p, k);
    }
    buf_puts(p->b, "</div>\n");
}

// --- Lists of the highest ---

static void put_row(struct page *p, const struct subject *subject, const struct value_list *list,
                    size_t i, const struct page_scale *scale)
{
    const struct value_row *row = &list->row[i];
    bool distinct = subject->kind == INSIGHT_DISTINCT;

    buf_puts(p->b, "<tr>");
    for (size_t k = 0; k < subject->texts; k++)
        page_put_value(p, k == 0 ? "th scope=\"row\"" : "td", "id", value_list_text(list, i, k));
    buf_puts(p->b, "<td>");
    buf_put_grouped(p->b, row->count);
    buf_puts(p->b, "</td>");
    page_put_bar(p, row->count, scale);
    if (distinct) {
        buf_puts(p->b, "<td>");
        buf_put_grouped(p->b, row->records);
        buf_puts(p->b, "</td>");
    }
    if (p->s->windows > 1) {
        buf_puts(p->b, "<td class=\"when\">");
        page_put_window(p, p->s->window[row->window]);
        buf_puts(p->b, "</td>");
    }
    buf_puts(p->b, "</tr>\n");
}

// Appends the head of the table. Returns the scale of its bars.
static struct page_scale put_head(struct page *p, const struct subject *subject, uint64_t highest)
{
    bool distinct = subject->kind == INSIGHT_DISTINCT;

    buf_puts(p->b, "<thead><tr>");
    for (size_t k = 0; k < subject->texts; k++) {
        buf_puts(p->b, "<th scope=\"col\" class=\"text\">");
        page_put_field(p, subject->field[distinct ? 1 : k], false);
        buf_puts(p->b, "</th>");
    }
    buf_puts(p->b, "<th scope=\"col\">");
    if (distinct)
        page_put_field(p, subject->field[0], true);
    else
        buf_puts(p->b, "logins");
    buf_puts(p->b, "</th>");
    struct page_scale scale = page_put_scale(p, highest, distinct ? "different" : "logins");
    if (distinct)
        buf_puts(p->b, "<th scope=\"col\">logins</th>");
    if (p->s->windows > 1)
        buf_puts(p->b, "<th scope=\"col\">in the window (UTC)</th>");
    buf_puts(p->b, "</tr></thead><tbody>\n");
    return scale;
}

static void put_list(struct page *p, size_t k, const struct value_list *list)
{
    const struct subject *subject = &p->s->subject[k];

    if (list->count == 0) {
        buf_puts(p->b, "<p>There are none.</p>\n");
        return;
    }
    page_begin_table(p, "bars tops", subject->name);
    struct page_scale scale = put_head(p, subject, list->row[0].count);
    for (size_t i = 0; i < list->count; i++)
        put_row(p, subject, list, i, &scale);
    page_end_table(p);
}

static void put_fields(struct page *p, const struct subject *subject, const char *between)
{
    for (size_t i = 0; i < subject->fields; i++) {
        if (i > 0)
            buf_puts(p->b, between);
        page_put_field(p, subject->field[i], false);
    }
}

static void put_title(struct page *p, const struct subject *subject)
{
    if (subject->kind == INSIGHT_DISTINCT) {
        // "Users with the most addresses"
        size_t start = p->b->len;
        page_put_field(p, subject->field[1], true);
        if (p->b->data[start] >= 'a' && p->b->data[start] <= 'z')
            p->b->data[start] = (char)(p->b->data[start] - 'a' + 'A');
        buf_puts(p->b, " with the most ");
        page_put_field(p, subject->field[0], true);
    } else {
        buf_puts(p->b, subject->fields > 1 ? "The same " : "Repeated ");
        put_fields(p, subject, " and ");
    }
    buf_puts(p->b, "</h2>\n<p>");
}

static void put_text(struct page *p, const struct subject *subject)
{
    bool distinct = subject->kind == INSIGHT_DISTINCT, several = p->s->windows > 1;

    if (distinct) {
        buf_puts(p->b, "How many different ");
        page_put_field(p, subject->field[0], true);
        buf_puts(p->b, " each ");
        page_put_field(p, subject->field[1], false);
        buf_puts(p->b, several ? " had in one window, at most. " : " had. ");
    } else {
        buf_puts(p->b, subject->fields > 1 ? "How many logins had the same "
                                           : "How many logins had the same value of ");
        put_fields(p, subject, " and ");
        buf_puts(p->b, several ? " in one window, at most. " : ". ");
    }
    if (several && distinct)
        buf_puts(p->b,
                 "The numbers of several windows are not added up, because the same value may "
                 "be in each of them. ");
    buf_puts(p->b, "</p>\n");
}

static void put_top(struct page *p, size_t k)
{
    const struct subject *subject = &p->s->subject[k];
    struct value_list list = VALUE_LIST_INIT;

    series_total(p->s, k, 0, p->s->windows, TOP, &p->m->secret, &list);
    put_id(p, "top", k);
    put_title(p, subject);
    put_text(p, subject);
    put_list(p, k, &list);
    page_end_section(p);
    value_list_release(&list);
}

void page_put_tops(struct page *p)
{
    for (size_t k = 0; k < p->s->subjects; k++) {
        if (p->s->subject[k].kind == INSIGHT_DISTINCT)
            put_top(p, k);
    }
    buf_puts(p->b, "<div class=\"grid wide\">\n");
    for (size_t k = 0; k < p->s->subjects; k++) {
        if (p->s->subject[k].kind == INSIGHT_DUPLICATES)
            put_top(p, k);
    }
    buf_puts(p->b, "</div>\n");
}
