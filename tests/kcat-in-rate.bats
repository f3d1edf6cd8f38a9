#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in --rate: records come evenly, and nothing else waits for them.
#
# bats file_tags=kafka,alone

load helpers
load kcat-in

# busiest MS <arrivals: the most lines within so many ms of each other.
busiest() {
    awk -v window="$1" '{ at[NR] = $1 }
        END {
            for (first = last = 1; last <= NR; last++) {
                while (at[last] - at[first] >= window) first++
                if (last - first + 1 > most) most = last - first + 1
            }
            print most
        }'
}

# Prints the time at which each line of stdin arrives, in ms.
arrivals() {
    perl -MTime::HiRes=time -ne 'BEGIN { $| = 1 } printf "%.1f\n", time * 1000'
}

@test "--rate reads that many records a second, evenly, over all partitions" {
    make_topic 3 300
    { sleep 0.5 && timeout 20 kcat-in "$topic" -e --rate 100/s; } | tee out | arrivals >seen # perl starts first
    assert_exactly_once 300 out
    ms=$(awk 'NR == 1 { first = $1 } END { printf "%d", $1 - first }' seen)
    echo "$ms ms"
    # 299 intervals of 10 ms, but the first record may be seen late.
    [ "$ms" -ge 2900 ]
    [ "$ms" -lt 6000 ]
    # Ten are due in 100 ms, and a delay of 100 ms is made up for. The reader may be late too.
    busiest 100 <seen | tee most
    [ "$(<most)" -lt 40 ]
}

@test "records that are due in a pause are not made up for" {
    make_topic 1 2000
    start kcat-in "$topic" --rate 200 >out
    wait_until 10 has_lines 20 out
    kill -STOP $!
    sleep 2
    before=$(wc -l <out)
    kill -CONT $!
    sleep 0.5
    after=$(wc -l <out)
    echo "$before lines, then $after"
    [ $((after - before)) -gt 40 ]
    # 100 in half a second; 400 more were due in the pause.
    [ $((after - before)) -lt 300 ]
}

@test "at a slow rate, marks come as always and a signal stops kcat-in at once" {
    make_topic 2 10
    start kcat-in "$topic" --rate 2/h --marks >out
    wait_until 10 has_lines 2 out # the hello mark and a record
    wait_until 3 grep -q '^{"@mark":"mark".*,1]' out # of the position after the record
    wait_until 7 has_lines 4 out # and every five seconds
    kill -TERM $!
    await $! 2
    assert_eq $status 0
    assert_eq "$(tail -n 1 out | jq -c '[.stop, ([.at[][2]] | add)]')" '[true,1]'
    assert_eq "$(grep -vc '^{"@mark"' out)" 1
}

@test "at a slow rate, a member keeps its membership, gives others their share, and holds little" {
    # 100 MB, of which librdkafka's queue holds a third.
    filler=$(head -c 720 /dev/urandom | base64 -w 0)
    seq -f "{\"n\":%.0f,\"x\":\"$filler\"}" 100000 >in
    produce "$topic" --create=4 <in
    limits=(-X max.poll.interval.ms=6000 -X session.timeout.ms=6000 -X heartbeat.interval.ms=300)
    start kcat-in "$topic" -G "$group" "${limits[@]}" --rate 6/m -v >out1 2>log1
    first=$!
    wait_until 10 has_lines 1 out1
    sleep 8
    memory=$(awk '/VmRSS/ {print $2}' /proc/$first/status)
    assert_eq "$(grep -c ' assigned$' log1)" 1
    start kcat-in "$topic" -G "$group" "${limits[@]}" --rate 6/m -v >out2 2>log2
    wait_until 5 grep -q '2 partitions assigned' log2
    kill -TERM $first $!
    await $!
    assert_eq $status 0
    await $first
    assert_eq $status 0
    [ "$(cat out1 out2 | wc -l)" -lt 6 ]
    assert_eq "$(grep -ciE 'warn|error|max.poll|lost' log1 log2 | paste -sd' ')" 'log1:0 log2:0'
    echo "$memory KiB"
    [ -n "${SAN:-}" ] || [ "$memory" -lt 90000 ]
}

@test "a replay with --rate that is stopped continues where it was" {
    make_topic 2 100
    start kcat-in "$topic" -G "$group" -e --rate 20 >out1
    wait_until 10 has_lines 5 out1
    kill -TERM $!
    await $!
    assert_eq $status 0
    [ "$(wc -l <out1)" -lt 60 ]
    timeout 20 kcat-in "$topic" -G "$group" -e --rate 1k >out2
    assert_exactly_once 100 out1 out2
}

@test "a rate is a number of records in a second, a minute or an hour" {
    for rate in 0 -1 x 1/d 1/ /s 1.5 2G ''; do
        run -64 --separate-stderr kcat-in "$topic" --rate "$rate"
        assert_match "$stderr" "^kcat-in: --rate: '$rate' is not a rate such as 100, 5k/s or 30/m"
    done
}
