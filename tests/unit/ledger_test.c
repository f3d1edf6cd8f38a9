// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>

#include "base/datetime.h"
#include "stream/ledger.h"
#include "tap.h"

static void check(const struct ledger *l, const char *wanted, const char *title)
{
    struct buf b = BUF_INIT;

    ledger_format(l, "a\"b", &b);
    // All members but the seconds, which come last.
    size_t len = strlen(wanted);
    tap_text(b.data, b.len < len ? b.len : len, wanted, title);
    buf_putc(&b, '\0');
    const char *seconds = strstr(b.data, ",\"seconds\":");
    double n = seconds == NULL ? -1 : strtod(seconds + strlen(",\"seconds\":"), NULL);
    tap_ok(n >= 1.5 && n < 60 && b.data[b.len - 2] == '}', "the seconds come last");
    buf_release(&b);
}

static void test_format(void)
{
    struct ledger l = {.in = 1,
                       .made = 2,
                       .out = 3,
                       .filtered = 4,
                       .rejected = 5,
                       .late = 6,
                       .aggregated = 7,
                       .undelivered = 8,
                       .passed = 9,
                       .marks = 10,
                       .bytes_in = UINT64_MAX,
                       .started = time_monotonic() - 1500};

    tally_add(&l.by_reason, "bad_ip");
    tally_add(&l.by_reason, "empty");
    tally_add(&l.by_reason, "bad_ip");
    tally_add(&l.filled, "device_type");
    check(
        &l,
        "{\"tool\":\"a\\\"b\",\"in\":1,\"made\":2,\"out\":3,\"filtered\":4,\"rejected\":5,\"late\":"
        "6,"
        "\"aggregated\":7,\"undelivered\":8,\"passed\":9,\"by_reason\":{\"bad_ip\":2,\"empty\":1},"
        "\"filled\":{\"device_type\":1},\"filled_from\":{},\"marks\":10,"
        "\"bytes_in\":18446744073709551615,\"bytes_out\":0,",
        "a ledger");
}

int main(void)
{
    test_format();
    return tap_done();
}
