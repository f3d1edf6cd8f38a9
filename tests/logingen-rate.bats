#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# logingen --rate: records come when they are due.
#
# bats file_tags=alone

load helpers

@test "--rate writes that many records a second, whole lines at a time" {
    start=$(date +%s%N)
    logingen --rate 200/s | head -n 101 >out
    ms=$((($(date +%s%N) - start) / 1000000))
    echo "$ms ms"
    # 100 intervals of 5 ms; a busy machine may be late, but none is early.
    [ "$ms" -ge 480 ]
    [ "$ms" -lt 10000 ]
    assert_eq "$(jq -c . out | wc -l)" 101
}

@test "a slow rate writes each record when it is due" {
    start logingen --rate 20 >out
    wait_until 10 has_lines 1 out
    wait_until 10 has_lines 3 out
    # They do not arrive all at once at the end.
    [ "$(wc -l <out)" -lt 60 ]
}

@test "a reader that pauses is not flooded afterwards" {
    start=$(date +%s%N)
    logingen --rate 10000 2>err | (
        sleep 1.7
        timeout 0.3 cat
    ) >out || true
    ms=$((($(date +%s%N) - start) / 1000000))
    echo "$(wc -l <out) lines in $ms ms"
    # The pipe's contents (1 MiB, less than 6000 records) and the records due while the reader read.
    # If those due during its pause were written too, there would be ten for each millisecond.
    [ "$(wc -l <out)" -gt 4000 ]
    [ "$(wc -l <out)" -lt $((8000 + (ms - 1700) * 10)) ]
}

@test "without --rate, output is fast and in large blocks" {
    count_writes logingen -n 100k >out
    cat writes
    assert_eq "$(wc -l <out)" 100000
    [ "$(<writes)" -lt 1000 ]
}
