// SPDX-License-Identifier: BSD-2-Clause
//
// Which records were rejected, and why.

#include <string.h>

#include "view/html.h"
#include "view/page_internal.h"

static void put_cell(struct page *p, const char *class, const char *text)
{
    buf_printf(p->b, "<td class=\"%s\">", class);
    if (*text != '\0')
        html_put_bdi(p->b, (struct value_text){text, strlen(text)}, 160);
    buf_puts(p->b, "</td>");
}

static void put_row(struct page *p, const struct reject_row *row, const struct page_scale *scale)
{
    buf_puts(p->b, "<tr>");
    page_put_value(p, "th scope=\"row\"", "",
                   (struct value_text){row->reason, strlen(row->reason)});
    put_cell(p, "text", row->field);
    buf_puts(p->b, "<td>");
    buf_put_grouped(p->b, row->count);
    buf_puts(p->b, "</td>");
    page_put_bar(p, row->count, scale);
    put_cell(p, "text stage", row->stage);
    put_cell(p, "text detail", row->detail);
    buf_puts(p->b, "</tr>\n");
}

void page_put_rejects(struct page *p)
{
    const struct reject_table *t = &p->m->rejects;

    if (t->total == 0)
        return;
    page_begin_section(p, "rejects", "Rejects, by reason");
    buf_puts(p->b, "<p>");
    html_put_counted(p->b, t->total, "reject is", "rejects are");
    buf_puts(p->b,
             " in the input. loginpipe(7) explains the reasons. The example is what the first "
             "of them says.</p>\n");
    page_begin_table(p, "bars rejects", "Rejects by reason");
    buf_puts(p->b, "<thead><tr><th scope=\"col\">reason</th><th scope=\"col\" class=\"text\">field"
                   "</th><th scope=\"col\">records</th>");
    struct page_scale scale = page_put_scale(p, t->row[0].count, "records");
    buf_puts(
        p->b,
        "<th scope=\"col\" class=\"text stage\">stage</th><th scope=\"col\" class=\"text detail\">"
        "example</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < t->count; i++)
        put_row(p, &t->row[i], &scale);
    page_end_table(p);
    if (t->other > 0) {
        buf_puts(p->b, "<p>");
        html_put_counted(p->b, t->other, "reject has", "rejects have");
        buf_puts(p->b, " other reasons.</p>\n");
    }
    page_end_section(p);
}
