// SPDX-License-Identifier: BSD-2-Clause
#include "stream/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/escape.h"

const struct opt input_opts[] = {
    OPT_STRING("delimiter", 'D', "DELIM", struct input_options, delimiter,
               "what ends an input line (default \\n); may have escapes"),
    OPT_FLAG("lines", 'l', struct input_options, lines,
             "files hold lines; otherwise each file is one message"),
};
const size_t input_opt_count = sizeof input_opts / sizeof *input_opts;

static bool is_stdin(const char *file)
{
    return strcmp(file, "-") == 0;
}

static int check_file(const char *file, struct err *err)
{
    struct stat st;

    if (is_stdin(file))
        return 0;
    if (stat(file, &st) != 0 || access(file, R_OK) != 0)
        return err_set(err, EX_USAGE, "%s: %s", file, strerror(errno));
    return S_ISDIR(st.st_mode) ? err_set(err, EX_USAGE, "%s: %s", file, strerror(EISDIR)) : 0;
}

int input_options_check(struct input_options *o, struct err *err)
{
    struct err why;

    buf_clear(&o->end);
    if (o->delimiter == NULL)
        buf_putc(&o->end, '\n');
    else if (escape_put(&o->end, o->delimiter, strlen(o->delimiter), &why) != 0)
        return err_set(err, EX_USAGE, "-D: %s", why.text);
    if (o->end.len == 0)
        return err_set(err, EX_USAGE, "-D: must not be empty");
    if (o->delimiter != NULL && input_has_whole_files(o))
        return err_set(err, EX_USAGE, "-D: each file is one message; -l reads lines of them");
    for (size_t i = 0; i < o->file_count; i++) {
        if (check_file(o->file[i], err) != 0)
            return -1;
    }
    return 0;
}

void input_options_release(struct input_options *o)
{
    buf_release(&o->end);
}

bool input_has_whole_files(const struct input_options *o)
{
    return o->file_count > 0 && !o->lines;
}

bool input_is_plain(const struct input_options *o)
{
    return input_has_whole_files(o) || !bytes_are(o->end.data, o->end.len, "\n");
}

void input_init(struct input *in, const struct input_options *options, size_t max_line)
{
    *in = (struct input){.name = "stdin", .options = options};
    line_reader_init(&in->reader, STDIN_FILENO, max_line);
    if (options == NULL)
        return;
    in->reader.delim = options->end.data;
    in->reader.delim_len = input_has_whole_files(options) ? 0 : options->end.len;
    if (options->file_count > 0) {
        in->reader.fd = -1;
        in->reader.eof = true;
    }
}

static void close_file(struct input *in)
{
    if (in->reader.fd > STDERR_FILENO)
        close(in->reader.fd);
    in->reader.fd = -1;
}

void input_release(struct input *in)
{
    close_file(in);
    line_reader_release(&in->reader);
}

// Returns how many bytes can be read, or -1 if that is not known.
static off_t size_of(const char *file)
{
    struct stat st;

    if (is_stdin(file))
        return fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode)
                   ? st.st_size - lseek(STDIN_FILENO, 0, SEEK_CUR)
                   : -1;
    return stat(file, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

uint64_t input_size(const struct input *in)
{
    static const char *const standard[] = {"-"};
    const bool files = in->options != NULL && in->options->file_count > 0;
    const char *const *file = files ? in->options->file : standard;
    uint64_t size = 0;

    for (size_t i = 0; i < (files ? in->options->file_count : 1); i++) {
        off_t more = size_of(file[i]);
        if (more < 0)
            return 0;
        size += (uint64_t)more;
    }
    return size;
}

int input_next_file(struct input *in, struct err *err)
{
    const struct input_options *o = in->options;
    int fd = STDIN_FILENO;

    if (o == NULL || in->next == o->file_count)
        return 0;
    close_file(in);
    in->name = o->file[in->next++];
    // A FIFO is opened at once, even if nothing writes to it yet: the stage goes on meanwhile.
    if (!is_stdin(in->name) && (fd = open(in->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) < 0)
        return err_set(err, EX_IOERR, "%s: %s", in->name, strerror(errno));
    if (fd == STDIN_FILENO)
        in->name = "stdin";
    line_reader_continue(&in->reader, fd);
    return 1;
}
