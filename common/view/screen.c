// SPDX-License-Identifier: BSD-2-Clause
#include "view/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#include "base/xalloc.h"

struct screen {
    FILE *keys, *terminal;
    SCREEN *curses;
    bool has_colours;
    attr_t attributes[ROLE_COUNT];
    short pair[ROLE_COUNT];
};

// The look of a role: with colours, and without.
struct look {
    attr_t attributes;
    short colour; // -1 for the terminal's own
    attr_t plain;
};

static const struct look looks[ROLE_COUNT] = {
    [ROLE_TEXT] = {A_NORMAL, -1, A_NORMAL},
    [ROLE_BAR] = {A_REVERSE, -1, A_REVERSE},
    [ROLE_BAR_KEY] = {A_REVERSE | A_BOLD, -1, A_REVERSE | A_BOLD},
    [ROLE_TITLE] = {A_BOLD, -1, A_BOLD},
    [ROLE_QUIET] = {A_DIM, -1, A_DIM},
    [ROLE_CHOSEN] = {A_BOLD, COLOR_YELLOW, A_BOLD},
    [ROLE_WARNING] = {A_BOLD, COLOR_RED, A_BOLD},
    [ROLE_SERIES + 0] = {A_NORMAL, COLOR_BLUE, A_NORMAL},
    [ROLE_SERIES + 1] = {A_NORMAL, COLOR_YELLOW, A_NORMAL},
    [ROLE_SERIES + 2] = {A_NORMAL, COLOR_GREEN, A_NORMAL},
    [ROLE_SERIES + 3] = {A_NORMAL, COLOR_MAGENTA, A_NORMAL},
    [ROLE_SERIES + 4] = {A_NORMAL, COLOR_CYAN, A_NORMAL},
    [ROLE_SERIES + 5] = {A_DIM, -1, A_DIM},
};

static int not_available(struct err *err, const char *why)
{
    return err_set(err, EX_UNAVAILABLE, "%s", why);
}

// Returns 0 if the terminal on stdout can put text anywhere, or -1 with the reason. ncurses itself
// would end the process.
static int check_terminal(struct err *err)
{
    const char *name = getenv("TERM");
    int found;

    if (name == NULL || *name == '\0')
        return not_available(err, "TERM is not set");
    if (setupterm(NULL, STDOUT_FILENO, &found) != OK)
        return err_set(err, EX_UNAVAILABLE, "TERM=%.40s is not known here", name);
    bool can_move = cursor_address != NULL && clear_screen != NULL;
    del_curterm(cur_term);
    if (!can_move)
        return err_set(err, EX_UNAVAILABLE, "TERM=%.40s cannot show a screen", name);
    return 0;
}

// For exit() from anywhere, such as for lack of memory.
static void restore(void)
{
    if (stdscr != NULL && !isendwin())
        endwin();
}

static void choose_looks(struct screen *screen)
{
    const char *no_color = getenv("NO_COLOR");

    screen->has_colours = (no_color == NULL || *no_color == '\0') && has_colors() &&
                          start_color() == OK && use_default_colors() == OK;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        screen->attributes[i] = screen->has_colours ? looks[i].attributes : looks[i].plain;
        if (screen->has_colours && looks[i].colour >= 0) {
            screen->pair[i] = (short)(i + 1);
            init_pair(screen->pair[i], looks[i].colour, -1);
        }
    }
}

static int open_files(struct screen *screen, struct err *err)
{
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || (screen->keys = fdopen(fd, "r")) == NULL) {
        if (fd >= 0)
            close(fd);
        return not_available(err, "there is no terminal to read keys from");
    }
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || (screen->terminal = fdopen(fd, "w")) == NULL) {
        if (fd >= 0)
            close(fd);
        return not_available(err, strerror(errno));
    }
    return 0;
}

static void close_files(struct screen *screen)
{
    if (screen->keys != NULL)
        fclose(screen->keys);
    if (screen->terminal != NULL)
        fclose(screen->terminal);
    free(screen);
}

struct screen *screen_open(struct err *err)
{
    struct screen *screen = xcalloc(1, sizeof *screen);

    if (check_terminal(err) != 0 || open_files(screen, err) != 0) {
        close_files(screen);
        return NULL;
    }
    set_escdelay(50);
    screen->curses = newterm(NULL, screen->terminal, screen->keys);
    if (screen->curses == NULL) {
        not_available(err, "ncurses cannot use this terminal");
        close_files(screen);
        return NULL;
    }
    atexit(restore);
    choose_looks(screen);
    cbreak();
    noecho();
    nonl();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    return screen;
}

void screen_close(struct screen *screen)
{
    if (screen == NULL)
        return;
    // Some terminals have no second screen: the shell's prompt gets an empty row there.
    move(LINES - 1, 0);
    clrtoeol();
    refresh();
    restore();
    delscreen(screen->curses);
    close_files(screen);
}

// ncurses notices a new size only at some calls, and not at all if COLUMNS and LINES are set.
static void follow_size(const struct screen *screen)
{
    struct winsize size;

    if (ioctl(fileno(screen->terminal), TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
        size.ws_col > 0 && is_term_resized(size.ws_row, size.ws_col))
        resizeterm(size.ws_row, size.ws_col);
}

void screen_size(const struct screen *screen, size_t *width, size_t *height)
{
    follow_size(screen);
    *width = COLS > 0 ? (size_t)COLS : 1;
    *height = LINES > 0 ? (size_t)LINES : 1;
}

bool screen_has_colours(const struct screen *screen)
{
    return screen->has_colours;
}

void screen_draw(struct screen *screen, const struct canvas *canvas)
{
    erase();
    for (size_t i = 0; i < canvas->row_count && i < (size_t)LINES; i++) {
        const struct canvas_row *row = &canvas->row[i];
        move((int)i, 0);
        for (size_t j = row->first_run; j < row->first_run + row->run_count; j++) {
            const struct canvas_run *run = &canvas->run[j];
            attr_set(screen->attributes[run->role], screen->pair[run->role], NULL);
            addnstr(canvas->text.data + run->start, (int)run->len);
        }
    }
    attr_set(A_NORMAL, 0, NULL);
    refresh();
}

void screen_forget(struct screen *screen)
{
    (void)screen;
    clearok(stdscr, TRUE);
}

static int translate(int key)
{
    static const struct {
        int curses, ours;
    } table[] = {
        {ERR, SCREEN_NOTHING},       {KEY_RESIZE, SCREEN_NOTHING},  {KEY_UP, SCREEN_UP},
        {KEY_DOWN, SCREEN_DOWN},     {KEY_LEFT, SCREEN_LEFT},       {KEY_RIGHT, SCREEN_RIGHT},
        {KEY_PPAGE, SCREEN_PAGE_UP}, {KEY_NPAGE, SCREEN_PAGE_DOWN}, {KEY_HOME, SCREEN_HOME},
        {KEY_END, SCREEN_END},       {KEY_FIND, SCREEN_HOME},       {KEY_SELECT, SCREEN_END},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].curses == key)
            return table[i].ours;
    }
    return key > 0 && key < 0x100 ? key : SCREEN_OTHER;
}

int screen_wait_key(struct screen *screen, int timeout_ms)
{
    struct pollfd keys = {.fd = fileno(screen->keys), .events = POLLIN};
    int key = getch(); // one that ncurses has read already

    if (key != ERR)
        return translate(key);
    // The signal of a new size ends the wait too.
    bool is_lost = poll(&keys, 1, timeout_ms) > 0 && (keys.revents & POLLIN) == 0;
    return is_lost ? SCREEN_LOST : translate(getch());
}

const char *screen_version(void)
{
    return curses_version() + strlen("ncurses ");
}
