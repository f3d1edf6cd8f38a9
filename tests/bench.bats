#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# bats file_tags=kafka
#
# make bench, with few records and no peers: that it works, and that it notices wrong results.

load helpers

setup() {
    begin
    need_kafka
    PATH=$BUILD_DIR/bench:$PATH
}

@test "the benchmark measures whole pipes and the latency of their records" {
    FAST=1 RECORDS=2000 PEERS='' LATENCY_SECONDS=1 "$BATS_TEST_DIRNAME/bench/run" pipes >out
    assert_eq "$(grep -cE '^\| \*\*loginpipe.* k/s \| [0-9]+ k/s ' out)" 4
    assert_eq "$(grep -cE '[0-9] / [0-9.]+ / [0-9.]+ \|$' out)" 2
}

@test "the benchmark measures each stage beside its peer, and judges no goals by a short run" {
    FAST=1 RECORDS=2000 "$BATS_TEST_DIRNAME/bench/run" stages >out
    cat out
    assert_eq "$(grep -cE '^\| `(kcat|login).*[0-9] k/s \| [0-9]+ k/s \| .+ \| [0-9.]+ \| [0-9.]+ \|$' out)" 8
    assert_eq "$(grep -c '^No goals are judged' out)" 1
    assert_eq "$(grep -c 'at least' out || true)" 0
}

@test "the benchmark says which goals are held, of those that were measured" {
    work=$PWD fast=0 memory_rows=('8 20 loginclean' '8 20 kcat-in')
    mkdir speeds
    declare -A pipe_latency=([ours.eo-100]='60.1 / 199.996 / 300.0')
    # shellcheck source-path=SCRIPTDIR
    . "$BATS_TEST_DIRNAME/bench/lib.sh"
    # shellcheck source-path=SCRIPTDIR
    . "$BATS_TEST_DIRNAME/bench/goals.sh"
    measured[log]=0.999
    keep kcat-in 1596000 1 1
    keep kcat-C 1596000 3 1.9
    keep restore-log 1 2.5 1
    goals >out
    diff out - <<'END'
| goal | wanted | measured | held |
| --- | ---: | ---: | --- |
| exactly once, 100 ms: p99 | below 200 ms | 200.00 ms | **no** |
| `kcat-in`, CPU | at least 1.6 M/s | 1.60 M/s | yes |
| `kcat-in` by `kcat -C`, clock | at least 2 | 3.00 | yes |
| `kcat-in` by `kcat -C`, CPU | at least 2 | 1.90 | **no** |
| memory of loginclean, as records grow | below 18 MiB | 20.00 MiB | **no** |
| memory of kcat-in, as records grow | below 50 MiB | 20.00 MiB | yes |
| what a state writes at 600/s | below 1 MB/s | 1.00 MB/s | **no** |
| restoring a million logins from the log | below 3 s | 2.50 s | yes |

END
}

@test "the benchmark refuses wrong parts, peers, numbers and builds" {
    local bench=$BATS_TEST_DIRNAME/bench/run setting
    run -64 "$bench" stages nosuch
    assert_eq "$output" 'bench: nosuch: no such part; there are: pipes stages counts scaling state builds'
    for setting in FAST=yes RECORDS=0 RECORDS=1k SLOW_RECORDS=-1 ROUNDS=two LATENCY_SECONDS=0.5 PEERS=nosuch \
        OLD=nosuch; do
        run -64 env "$setting" "$bench" state
        assert_match "$output" "${setting#PEERS=}: n"
    done
    run -64 env -u OLD "$bench" builds
}

@test "the benchmark ends with 143 on SIGTERM, and leaves no files" {
    mkdir tmp
    start env TMPDIR="$PWD/tmp" RECORDS=100000000 "$BATS_TEST_DIRNAME/bench/run" state
    wait_until 10 eval '[ -s tmp/*/all ]'
    pkill -TERM -s "$!"
    await "$!"
    assert_eq "$status" 143
    assert_eq "$(ls tmp)" ''
}

@test "the benchmark's producer has the settings of kcat-out" {
    local setting found=0
    # The client's name and the partitioner, which needs keys, do not matter there.
    while read -r setting; do
        tr -d ' \n' <"$BATS_TEST_DIRNAME/bench/producer.c" | grep -qF "$setting" || {
            echo "not in producer.c: $setting"
            return 1
        }
        found=$((found + 1))
    done < <(sed -n '/sink_defaults\[\]/,/NULL/s/^ *{\("[^"]*"\), \("[^"]*"\)},$/\1,\2/p' \
        "$BATS_TEST_DIRNAME/../common/kafka/sink_settings.c" | grep -vE '^"(client\.id|partitioner)"')
    [ "$found" -gt 4 ]
}

@test "a pause of the benchmark's sender is part of the latencies" {
    create_topic "$topic-in" 1
    create_topic "$topic-out" 1
    start bash -c "kcat-in $topic-in | kcat-out -t $topic-out"
    # Four seconds count, from the third one on after the first record has come out.
    start latency "$topic-in" "$topic-out" 1000 3 4 >latencies
    timeout 60 kcat-in "$topic-out" -c 1 >first
    sleep 4
    kill -STOP "$!"
    sleep 1
    kill -CONT "$!"
    await "$!"
    cat latencies
    assert_eq "$status" 0
    awk 'NF != 3 || $2 < 500 {exit 1}' latencies
}

@test "the benchmark's digest does not depend on the order, and sees other keys and partitions" {
    local name
    for name in same turned key; do create_topic "$topic-$name" 4; done
    create_topic "$topic-one" 1
    logingen -n 100 >in
    kcat-out -t "$topic-same" --key user_id <in
    tac in | kcat-out -t "$topic-turned" --key user_id
    kcat-out -t "$topic-key" --key device_id <in
    kcat-out -t "$topic-one" --key user_id <in
    for name in same turned key one; do digest "$topic-$name"; done >digests
    cat digests
    assert_eq "$(sed -n 2p digests)" "$(sed -n 1p digests)"
    assert_eq "$(sort -u digests | wc -l)" 3
    assert_eq "$(cut -d ' ' -f 1 digests | sort -u)" 100
}
