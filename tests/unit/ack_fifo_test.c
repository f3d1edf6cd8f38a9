// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/ack_fifo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define RUN "01234567-89ab-4def-8123-456789abcdef"
#define OTHER "11234567-89ab-4def-8123-456789abcdef"
#define ACK(run, seq) "{\"@mark\":\"mark\",\"run\":\"" run "\",\"seq\":" #seq ",\"at\":[]}"

static char path[] = "/tmp/ack_fifo_test.XXXXXX";

static void put(struct ack_writer *w, const char *text)
{
    struct err err;

    ack_writer_put(w, text, strlen(text));
    tap_int(ack_writer_flush(w, &err), 0, "an acknowledgement is written");
}

static void test_exchange(void)
{
    struct ack_writer w;
    struct ack_reader r;
    struct err err;
    uint64_t seq = 0;

    tap_int(ack_writer_open(&w, path, &err), 0, "the writer makes the FIFO and needs no reader");
    put(&w, ACK(RUN, 1));
    tap_int(ack_reader_open(&r, path, &err), 0, "the reader opens it");
    tap_int(ack_reader_newest(&r, RUN, &seq, &err), 1, "what was written before is read");
    tap_int((int64_t)seq, 1, "its seq");
    tap_int(ack_reader_newest(&r, RUN, &seq, &err), 0, "after that there is nothing to read");
    put(&w, ACK(RUN, 2));
    put(&w, ACK(OTHER, 9));
    put(&w, "no mark");
    put(&w, ACK(RUN, 3));
    tap_int(ack_reader_newest(&r, RUN, &seq, &err), 1, "several acknowledgements are read at once");
    tap_int((int64_t)seq, 3, "the newest one of the run counts");
    ack_writer_release(&w);
    tap_int(ack_reader_newest(&r, RUN, &seq, &err), 0, "closing the writer does not end the input");
    ack_writer_open(&w, path, &err);
    put(&w, ACK(RUN, 4));
    tap_ok(ack_reader_newest(&r, RUN, &seq, &err) == 1 && seq == 4,
           "an acknowledgement of another writer is read");
    ack_writer_release(&w);
    ack_reader_release(&r);
}

static void test_pieces(void)
{
    static const char ack[] = ACK(RUN, 7) "\n";
    struct ack_reader r;
    struct err err;
    uint64_t seq = 0;
    int early = 0;

    ack_reader_open(&r, path, &err);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof ack - 2; i++) {
        if (write(fd, &ack[i], 1) != 1)
            early++;
        early += ack_reader_newest(&r, RUN, &seq, &err);
    }
    tap_int(early, 0, "a part of a line is not an acknowledgement");
    tap_ok(write(fd, "\n", 1) == 1 && ack_reader_newest(&r, RUN, &seq, &err) == 1 && seq == 7,
           "the parts of a line are put together");
    close(fd);
    ack_reader_release(&r);
}

// If the reader does not read for a while, it later gets only whole lines, and the last of them.
static void test_full(void)
{
    struct ack_writer w;
    struct ack_reader r;
    struct err err;
    char text[128];
    uint64_t seq = 0;
    int status = 0;

    ack_writer_open(&w, path, &err);
    ack_reader_open(&r, path, &err);
    for (int i = 1; i <= 20000; i++) {
        snprintf(text, sizeof text, "{\"@mark\":\"mark\",\"run\":\"" RUN "\",\"seq\":%d,\"at\":[]}",
                 i);
        ack_writer_put(&w, text, strlen(text));
        status |= ack_writer_flush(&w, &err);
    }
    tap_int(status, 0, "a full FIFO does not stop the writer");
    tap_ok(ack_reader_newest(&r, RUN, &seq, &err) == 1 && seq < 20000,
           "the acknowledgements that fit are read");
    tap_int(ack_writer_flush(&w, &err), 0, "the queued acknowledgement is written");
    tap_ok(ack_reader_newest(&r, RUN, &seq, &err) == 1 && seq == 20000,
           "the newest acknowledgement is read");
    ack_writer_release(&w);
    ack_reader_release(&r);
}

static void test_cut_short(void)
{
    static const char part[] = "{\"@mark\":\"mark\",\"run\":";
    struct ack_writer w;
    struct ack_reader r;
    struct err err;
    uint64_t seq = 0;

    ack_reader_open(&r, path, &err);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    tap_ok(write(fd, part, sizeof part - 1) > 0 && ack_reader_newest(&r, RUN, &seq, &err) == 0,
           "a writer stops in the middle of a line");
    close(fd);
    ack_writer_open(&w, path, &err);
    ack_writer_put(&w, ACK(RUN, 7), strlen(ACK(RUN, 7)));
    put(&w, ACK(RUN, 8)); // replaces the previous one
    tap_ok(ack_reader_newest(&r, RUN, &seq, &err) == 1 && seq == 8,
           "an acknowledgement of the next writer is read");
    ack_writer_release(&w);
    ack_reader_release(&r);
}

static void test_no_fifo(void)
{
    struct ack_reader r;
    struct err err = {0};

    tap_ok(ack_reader_open(&r, "/dev/null", &err) == -1 && err.status == EX_CANTCREAT,
           "a file that is not a FIFO is refused");
    ack_reader_release(&r);
    tap_ok(ack_reader_open(&r, "/nowhere/acks", &err) == -1 && err.status == EX_CANTCREAT,
           "a FIFO that cannot be created is an error");
    ack_reader_release(&r);
}

int main(void)
{
    int fd = mkstemp(path); // only to get a name
    close(fd);
    unlink(path);
    test_exchange();
    test_pieces();
    test_full();
    test_cut_short();
    test_no_fifo();
    unlink(path);
    return tap_done();
}
