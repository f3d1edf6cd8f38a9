// SPDX-License-Identifier: BSD-2-Clause
#include "view/help.h"

static void put_text_row(struct canvas *canvas, enum canvas_role role, const char *text)
{
    canvas_put(canvas, role, text);
    canvas_end_row(canvas);
}

void help_put(struct canvas *canvas)
{
    static const struct {
        const char *keys, *ascii, *text;
    } rows[] = {
        {"↑ ↓  k j", "up, down, k, j", "the window before, and the one after"},
        {"← →  h l", "left, right, h, l", "the same, by as many as are shown"},
        {"Home End  g G", "Home, End, g, G",
         "the oldest window, and the newest; stays on the newest"},
        {"w W", "w, W", "the next windows, if there are several kinds (loginagg -w)"},
        {"f F", "f, F", "the next field that splits the bars (loginagg --count)"},
        {"PgDn PgUp  d u", "PgDn, PgUp, d, u", "scroll what is said about the window"},
        {"space  p", "space, p", "pause: read nothing until it is pressed again"},
        {"Ctrl-L", "Ctrl-L", "draw the screen anew"},
        {"?", "?", "these keys"},
        {"q", "q", "quit"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        canvas_put(canvas, ROLE_CHOSEN, "  ");
        canvas_put(canvas, ROLE_CHOSEN, canvas->utf8 ? rows[i].keys : rows[i].ascii);
        canvas_go_to(canvas, 21);
        put_text_row(canvas, ROLE_TEXT, rows[i].text);
    }
    canvas_end_row(canvas);
    put_text_row(canvas, ROLE_QUIET,
                 "  Each bar is a window of time; its length is the number of logins.");
    put_text_row(canvas, ROLE_QUIET,
                 "  Below the bars is what the insights say about the chosen window.");
    put_text_row(canvas, ROLE_QUIET,
                 "  The watermark is the event time that the stream has reached.");
    put_text_row(canvas, ROLE_QUIET,
                 "  Late records came after their window was closed. See loginview(1).");
}

void help_put_keys(struct canvas *canvas, const struct choice *c)
{
    static const struct {
        const char *keys, *ascii, *text;
    } items[] = {
        {" ↑↓", " jk", " window"},  {"  w", "  w", " size"},          {"  f", "  f", " field"},
        {"  PgDn", "  d", " more"}, {"  space", "  space", " pause"}, {"  ?", "  ?", " help"},
        {"  q", "  q", " quit"},
    };

    for (size_t i = 0; !c->help && i < sizeof items / sizeof *items; i++) {
        canvas_put(canvas, ROLE_BAR_KEY, canvas->utf8 ? items[i].keys : items[i].ascii);
        canvas_put(canvas, ROLE_BAR, items[i].text);
    }
    if (c->help)
        canvas_put(canvas, ROLE_BAR, " q: quit  any other key: back");
    canvas_go_to_as(canvas, ROLE_BAR, canvas->width);
    canvas_end_row(canvas);
}

void help_put_empty(struct canvas *canvas, const struct model *m, bool ended)
{
    put_text_row(canvas, ROLE_TITLE, ended ? " There were no insights." : " No insights yet.");
    canvas_end_row(canvas);
    put_text_row(canvas, ROLE_QUIET, " loginview shows what loginagg writes:");
    canvas_end_row(canvas);
    put_text_row(canvas, ROLE_TEXT, "     kcat-in login-insights | loginview");
    put_text_row(canvas, ROLE_TEXT, "     logingen -n 100k | loginagg | loginview");
    if (m->others == 0)
        return;
    canvas_end_row(canvas);
    put_text_row(canvas, ROLE_QUIET,
                 " There are other lines, such as records. loginagg counts them.");
}
