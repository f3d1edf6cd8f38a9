// SPDX-License-Identifier: BSD-2-Clause
//
// screen: shows a canvas on the terminal, and reads keys. Only this module knows ncurses.
//
// Standard input is data, so keys come from /dev/tty. The terminal is restored by screen_close(),
// at exit(), and while the process is stopped (Ctrl-Z). A process has at most one screen.
//
//     struct screen *screen = screen_open(&err);
//     screen_size(screen, &width, &height);
//     ... // lay out a canvas
//     screen_draw(screen, &canvas);
//     int key = screen_wait_key(screen, 100);
//     screen_close(screen);
#ifndef VIEW_SCREEN_H
#define VIEW_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "view/canvas.h"

// Keys that are no characters, and what else screen_wait_key() returns.
enum screen_key {
    SCREEN_NOTHING = 0,  // the time is over, or the size has changed
    SCREEN_LOST = 0x100, // there is no terminal any more
    SCREEN_UP,
    SCREEN_DOWN,
    SCREEN_LEFT,
    SCREEN_RIGHT,
    SCREEN_PAGE_UP,
    SCREEN_PAGE_DOWN,
    SCREEN_HOME,
    SCREEN_END,
    SCREEN_OTHER, // a key without a name here
};

struct screen;

// Takes over the terminal on stdout. Returns NULL if there is none that can show a screen, with the
// reason in *err, whose status is EX_UNAVAILABLE.
struct screen *screen_open(struct err *err);

// Restores the terminal.
void screen_close(struct screen *screen);

void screen_size(const struct screen *screen, size_t *width, size_t *height);

// Returns whether there are colours: the terminal has them, and NO_COLOR is not set
// (https://no-color.org).
bool screen_has_colours(const struct screen *screen);

// Shows the first rows of a canvas, as many as there is room for. Writes only what has changed.
void screen_draw(struct screen *screen, const struct canvas *canvas);

// Makes the next screen_draw() write everything, because another program has written too.
void screen_forget(struct screen *screen);

// Waits for a key. Returns a character, or an enum screen_key. The timeout is in ms.
int screen_wait_key(struct screen *screen, int timeout_ms);

// Returns the version of ncurses.
const char *screen_version(void);

#endif
