// SPDX-License-Identifier: BSD-2-Clause
#include "view/chart.h"

#include <inttypes.h>

#include "base/datetime.h"
#include "view/html.h"
#include "view/ticks.h"

#define HEIGHT 1000  // of the plot, in its own units
#define GAP_SLOTS 62 // up to so many slots, there is room between the bars
#define X_TICKS 16
#define Y_TICKS 5
#define NAME_MOST 32 // characters

static uint64_t sum_of(const struct chart *c, size_t slot, size_t layers)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < layers; i++)
        sum += c->value[slot * c->layers + i];
    return sum;
}

// Returns the number at the top of the vertical axis.
static uint64_t top_of(const struct chart *c, uint64_t *step)
{
    uint64_t highest = 1;

    for (size_t i = 0; i < c->slots; i++) {
        uint64_t sum = sum_of(c, i, c->layers);
        highest = sum > highest ? sum : highest;
    }
    *step = ticks_step(highest, Y_TICKS);
    return (highest + *step - 1) / *step * *step;
}

// Appends the class of a layer, which gives it its colour.
static void put_class(struct buf *b, const struct chart *c, size_t layer)
{
    if (c->has_other && layer + 1 == c->layers)
        buf_puts(b, "co");
    else
        buf_printf(b, "c%zu", layer + 1);
}

static void put_legend(struct buf *b, const struct chart *c)
{
    if (c->layers < 2)
        return;
    buf_puts(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < c->layers; i++) {
        buf_puts(b, "<li><svg class=\"key ");
        put_class(b, c, i);
        buf_puts(
            b,
            "\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect width=\"1\" height=\"1\"/></svg>");
        html_put_bdi(b, c->name[i], NAME_MOST);
    }
    buf_puts(b, "</ul>\n");
}

static void put_y_axis(struct buf *b, uint64_t top, uint64_t step)
{
    buf_puts(b, "<div class=\"y\" aria-hidden=\"true\">");
    for (uint64_t n = 0; n <= top; n += step) {
        buf_printf(b, "<span style=\"bottom:%.4g%%\">", 100 * (double)n / (double)top);
        buf_put_grouped(b, n);
        buf_puts(b, "</span>");
    }
    // The widest number gives the column its width.
    buf_puts(b, "<i>");
    buf_put_grouped(b, top);
    buf_puts(b, "</i></div>");
}

// Begins the label of a mark. If there are many, a narrow page has room for every third one.
static void put_x_label(struct buf *b, double place, size_t index, size_t count)
{
    bool minor = count > 5 && index % 3 != 0;

    buf_printf(b, "<span%s style=\"left:%.4g%%\">", minor ? " class=\"m\"" : "", place);
}

static void put_time_axis(struct buf *b, const struct chart *c)
{
    int64_t span = c->slot_ms * (int64_t)c->slots, end = c->start + span;
    struct time_ticks t = time_ticks(c->start, end, c->slot_ms, X_TICKS);
    size_t index = 0, count = 0;

    for (int64_t ms = time_tick_first(&t, c->start); ms < end; ms = time_tick_next(&t, ms))
        count++;
    for (int64_t ms = time_tick_first(&t, c->start); ms < end; ms = time_tick_next(&t, ms)) {
        double place = 100 * (double)(ms - c->start) / (double)span;
        if (place > 97)
            break;
        put_x_label(b, place, index++, count);
        time_tick_put(&t, b, ms);
        buf_puts(b, "</span>");
    }
}

static void put_number_axis(struct buf *b, const struct chart *c)
{
    uint64_t step = ticks_step(c->slots, X_TICKS);
    size_t index = 0;

    for (size_t i = 0; i < c->slots; i += step) {
        put_x_label(b, 100 * ((double)i + 0.5) / (double)c->slots, index++, c->slots / step);
        buf_printf(b, "%" PRId64 "</span>", c->first_number + (int64_t)i);
    }
}

// Appends what the bars look like up to a layer. The layers above are drawn first, so this covers
// them.
static void put_layer(struct buf *b, const struct chart *c, size_t layer, uint64_t top)
{
    double gap = c->slots <= GAP_SLOTS ? 0.09 : 0;
    unsigned long before = 0;

    buf_puts(b, "<path class=\"");
    put_class(b, c, layer);
    buf_printf(b, "\" d=\"M0 %d", HEIGHT);
    for (size_t i = 0; i < c->slots; i++) {
        double height = (double)sum_of(c, i, layer + 1) / (double)top;
        unsigned long y = HEIGHT - (unsigned long)(height * HEIGHT + 0.5);
        if (gap > 0 && y < HEIGHT)
            buf_printf(b, "M%.5g %dV%luH%.5gV%d", (double)i + gap, HEIGHT, y, (double)i + 1 - gap,
                       HEIGHT);
        else if (gap <= 0 && (i == 0 || y != before))
            buf_printf(b, "H%zuV%lu", i, y);
        before = y;
    }
    buf_printf(b, gap > 0 ? "\"/>" : "H%zuV%dz\"/>", c->slots, HEIGHT);
}

static void put_slot_name(struct buf *b, const struct chart *c, size_t slot)
{
    int64_t start = c->start + c->slot_ms * (int64_t)slot;

    if (c->slot_ms > 0)
        html_put_span(b, start, start + c->span_ms);
    else
        buf_printf(b, "window %" PRId64, c->first_number + (int64_t)slot);
}

// Appends an invisible bar over the whole height, whose title has the numbers.
static void put_hover(struct buf *b, const struct chart *c, size_t slot)
{
    uint64_t sum = sum_of(c, slot, c->layers);

    if (sum == 0)
        return;
    buf_printf(b, "<rect x=\"%zu\" width=\"1\" height=\"%d\"><title>", slot, HEIGHT);
    put_slot_name(b, c, slot);
    buf_puts(b, "\n");
    buf_put_grouped(b, sum);
    buf_printf(b, " %s", c->noun);
    for (size_t i = 0; i < c->layers && c->layers > 1; i++) {
        uint64_t value = c->value[slot * c->layers + i];
        if (value == 0)
            continue;
        buf_putc(b, '\n');
        html_put_value(b, c->name[i], NAME_MOST);
        buf_puts(b, ": ");
        buf_put_grouped(b, value);
    }
    buf_puts(b, "</title></rect>");
}

static void put_plot(struct buf *b, const struct chart *c, uint64_t top, uint64_t step)
{
    buf_printf(
        b,
        "<svg class=\"plot\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\" "
        "aria-label=\"",
        c->slots, HEIGHT);
    html_put_text(b, c->label);
    buf_puts(b, "\"><path class=\"grid\" d=\"");
    for (uint64_t n = step; n <= top; n += step)
        buf_printf(b, "M0 %.5gH%zu", HEIGHT - HEIGHT * (double)n / (double)top, c->slots);
    buf_puts(b, "\"/>");
    for (size_t i = c->layers; i > 0; i--)
        put_layer(b, c, i - 1, top);
    buf_printf(b, "<path class=\"base\" d=\"M0 %dH%zu\"/><g class=\"hover\">", HEIGHT, c->slots);
    for (size_t i = 0; i < c->slots; i++)
        put_hover(b, c, i);
    buf_puts(b, "</g></svg>");
}

void chart_put(struct buf *b, const struct chart *c)
{
    uint64_t step, top = top_of(c, &step);

    put_legend(b, c);
    buf_puts(b, "<div class=\"chart\"><p class=\"unit\">");
    html_put_text(b, c->unit);
    buf_puts(b, "</p>");
    put_y_axis(b, top, step);
    put_plot(b, c, top, step);
    buf_puts(b, "<div class=\"x\" aria-hidden=\"true\">");
    if (c->slot_ms > 0)
        put_time_axis(b, c);
    else
        put_number_axis(b, c);
    buf_printf(b, "</div><p class=\"unit below\">%s</p></div>\n",
               c->slot_ms > 0 ? "time (UTC)" : "number of the window");
}
