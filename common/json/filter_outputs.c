// SPDX-License-Identifier: BSD-2-Clause
#include "json/filter_outputs.h"

#include <stdlib.h>

#include "base/xalloc.h"

static void add(struct filter_outputs *o, struct filter_output output)
{
    if (o->count == o->size) {
        o->size = o->size == 0 ? 4 : 2 * o->size;
        o->output = xreallocarray(o->output, o->size, sizeof *o->output);
    }
    o->output[o->count++] = output;
}

void filter_outputs_add_input(struct filter_outputs *o)
{
    add(o, (struct filter_output){.made = false, .start = o->text.len});
}

void filter_outputs_add_text(struct filter_outputs *o, const char *data, size_t len)
{
    add(o, (struct filter_output){.made = true, .start = o->text.len, .len = len});
    buf_append(&o->text, data, len);
}

bool filter_outputs_made(const struct filter_outputs *o, size_t i, const char **data, size_t *len)
{
    const struct filter_output *output = &o->output[i];

    if (!output->made)
        return false;
    *data = o->text.data + output->start;
    *len = output->len;
    return true;
}

size_t filter_outputs_size(const struct filter_outputs *o)
{
    return o->text.len + o->count * sizeof *o->output;
}

void filter_outputs_cut(struct filter_outputs *o, size_t count)
{
    if (count < o->count) {
        o->text.len = o->output[count].start;
        o->count = count;
    }
}

void filter_outputs_clear(struct filter_outputs *o)
{
    filter_outputs_cut(o, 0);
}

void filter_outputs_release(struct filter_outputs *o)
{
    buf_release(&o->text);
    free(o->output);
    *o = (struct filter_outputs)FILTER_OUTPUTS_INIT;
}
