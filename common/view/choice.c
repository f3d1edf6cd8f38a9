// SPDX-License-Identifier: BSD-2-Clause
#include "view/choice.h"

#include "view/screen.h"

const struct series *choice_series(const struct choice *c, struct model *m)
{
    if (c->series < m->series_count)
        return &m->series[c->series];
    const struct series *named = c->window != NULL ? model_series(m, c->window) : NULL;
    return named != NULL ? named : model_series(m, NULL);
}

// Returns the index of the n-th counted field, or s->subjects.
static size_t nth_field(const struct series *s, size_t n)
{
    size_t i = 0;

    for (; i < s->subjects; i++) {
        if (s->subject[i].kind == INSIGHT_COUNT && n-- == 0)
            break;
    }
    return i;
}

size_t choice_subject(const struct choice *c, const struct series *s)
{
    size_t subject = s->subjects;

    if (c->count != SIZE_MAX)
        subject = nth_field(s, c->count);
    else if (c->field != NULL)
        subject = series_subject(s, INSIGHT_COUNT, c->field);
    // The order in which insights come from a topic with several partitions says nothing.
    if (subject == s->subjects)
        subject = series_subject(s, INSIGHT_COUNT, "device_type");
    return subject < s->subjects ? subject : nth_field(s, 0);
}

size_t choice_window(const struct choice *c, const struct series *s)
{
    size_t low = 0, high = s->windows - 1;

    if (c->follows)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->window[middle]->order < c->order)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Chooses the window that is so many windows later.
static void move_window(struct choice *c, const struct series *s, int64_t by)
{
    if (s == NULL || s->windows == 0)
        return;
    int64_t last = (int64_t)s->windows - 1;
    int64_t at = (int64_t)choice_window(c, s) + by;
    at = at < 0 ? 0 : at > last ? last : at;
    c->follows = at == last;
    c->order = s->window[at]->order;
    c->scroll = 0;
}

// Chooses the series that is so many places further, in a circle.
static void move_series(struct choice *c, struct model *m, size_t by)
{
    const struct series *s = choice_series(c, m);

    if (s == NULL)
        return;
    c->series = ((size_t)(s - m->series) + by) % m->series_count;
    c->follows = true;
    c->top = c->scroll = 0;
}

static void move_field(struct choice *c, const struct series *s, bool forward)
{
    size_t fields = 0, at = 0;

    for (size_t i = 0; s != NULL && i < s->subjects; i++) {
        if (i == choice_subject(c, s))
            at = fields;
        fields += s->subject[i].kind == INSIGHT_COUNT;
    }
    if (fields > 0)
        c->count = (at + (forward ? 1 : fields - 1)) % fields;
}

static void scroll(struct choice *c, bool down)
{
    const size_t step = 5;

    c->scroll = down ? c->scroll + step : c->scroll > step ? c->scroll - step : 0;
}

static bool choose_window(struct choice *c, const struct series *s, int key)
{
    int64_t shown = c->shown > 1 ? (int64_t)c->shown - 1 : 1;

    switch (key) {
    case SCREEN_UP:
    case 'k':
        move_window(c, s, -1);
        return true;
    case SCREEN_DOWN:
    case 'j':
        move_window(c, s, 1);
        return true;
    case SCREEN_LEFT:
    case 'h':
        move_window(c, s, -shown);
        return true;
    case SCREEN_RIGHT:
    case 'l':
        move_window(c, s, shown);
        return true;
    case SCREEN_HOME:
    case 'g':
        move_window(c, s, INT32_MIN);
        return true;
    case SCREEN_END:
    case 'G':
        move_window(c, s, INT32_MAX);
        return true;
    default:
        return false;
    }
}

static bool choose_view(struct choice *c, struct model *m, int key)
{
    switch (key) {
    case 'w':
        move_series(c, m, 1);
        return true;
    case 'W':
        move_series(c, m, m->series_count - 1);
        return true;
    case 'f':
    case 'F':
        move_field(c, choice_series(c, m), key == 'f');
        return true;
    case SCREEN_PAGE_UP:
    case SCREEN_PAGE_DOWN:
    case 'u':
    case 'd':
        scroll(c, key == SCREEN_PAGE_DOWN || key == 'd');
        return true;
    default:
        return false;
    }
}

bool choice_key(struct choice *c, struct model *m, int key)
{
    const int control_l = 'L' & 0x1f;

    if (key == SCREEN_NOTHING)
        return false;
    if (key == 'q' || key == 'Q' || key == SCREEN_LOST)
        c->quit = true;
    else if (c->help) // any other key leaves the help
        c->help = false;
    else if (key == '?')
        c->help = true;
    else if (key == ' ' || key == 'p')
        c->paused = !c->paused;
    else if (key != control_l && !choose_window(c, choice_series(c, m), key))
        return choose_view(c, m, key);
    return true;
}
