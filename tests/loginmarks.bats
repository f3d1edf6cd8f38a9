#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginmarks: marks are printed, checked and removed.

load helpers

RUN=01234567-89ab-4def-8123-456789abcdef

setup() {
    begin
    cat >in <<END
{"@mark":"hello","run":"$RUN","seq":41,"group":"g","shard":"0/2","at":[["t",0,10],["u",1,0]]}
1
{"reject":"x"}
{"@mark":"mark","run":"$RUN","seq":42,"at":[["t",0,12],["u",1,0]],"watermark":1694479551000,"committed":40}
{ "@mark":"no mark"}
{"@mark":"end","run":"$RUN","seq":43,"at":[["t",0,13],["u",1,0]]}
END
}

@test "loginmarks prints each mark as a readable line" {
    run -0 loginmarks <in
    assert_eq "$output" "hello 41  run $RUN  group g  shard 0/2  t[0]=10  u[1]=0
mark  42  +2  t[0]=12  u[1]=0  watermark 2023-09-12T00:45:51Z  committed 40
end   43  +1  t[0]=13  u[1]=0"
}

@test "loginmarks shows the marks of a source that gets and gives up partitions" {
    cat >in <<END
{"@mark":"hello","run":"$RUN","seq":0,"group":"g","at":[]}
{"@mark":"assign","run":"$RUN","seq":1,"member":"AA==","topics":[["t",2]],"at":[["t",0,10]]}
{"@mark":"mark","run":"$RUN","seq":2,"at":[["t",0,12]],"newest":[1694479551000],"now":true}
{"@mark":"assign","run":"$RUN","seq":3,"at":[]}
{"@mark":"mark","run":"$RUN","seq":4,"at":[],"stop":true}
END
    run -0 loginmarks <in
    assert_eq "$output" "hello 0  run $RUN  group g
assign 1  +0  t[0]=10
mark  2  +0  t[0]=12  now
assign 3  +0
mark  4  +0  stop"
}

@test "--json prints each mark as JSON with its position in the stream" {
    run -0 loginmarks --json <in
    assert_eq "${lines[1]}" "{\"line\":4,\"records\":2,\"mark\":\"mark\",\"run\":\"$RUN\",\"seq\":42,\"at\":[[\"t\",0,12],[\"u\",1,0]],\"watermark\":1694479551000,\"committed\":40}"
    loginmarks --json <in | jq -c '[.line, .records, .mark]' >shown
    assert_eq "$(xargs <shown)" '[1,0,hello] [4,2,mark] [6,3,end]'
}

@test "the output of loginmarks is not a stream with marks" {
    loginmarks --json <in | loginmarks | cmp - /dev/null
}

@test "--strip removes marks and leaves everything else byte for byte" {
    loginmarks --strip <in >out
    grep -v '^{"@mark"' in | cmp - out
    loginmarks --strip <out >again
    cmp out again
}

@test "--check is silent about a good stream, and reports the error in a bad one" {
    run -0 --separate-stderr loginmarks --check <in
    assert_eq "$output$stderr" ''
    sed 's/"seq":43/"seq":42/' in >bad
    run -65 --separate-stderr loginmarks --check <bad
    assert_eq "$output$stderr" 'loginmarks: stdin: line 6: mark 42: out of order, after mark 42'
    sed "6s/$RUN/1${RUN#?}/" in >bad
    run -65 --separate-stderr loginmarks --check <bad
    tail -n +2 in >bad
    run -65 --separate-stderr loginmarks --check <bad
    head -n 5 in >bad
    run -75 --separate-stderr loginmarks --check <bad
    assert_match "$stderr" 'without an end mark'
    echo 1 >bad
    run -65 --separate-stderr loginmarks --check <bad
    assert_eq "$stderr" 'loginmarks: stdin: has no marks'
}

@test "every mode stops at an error in the stream, after printing what came before" {
    head -n 5 in >bad
    for how in '' --json --strip; do
        # shellcheck disable=SC2086
        run -75 --separate-stderr loginmarks $how <bad
        [ "${#lines[@]}" -ge 2 ]
    done
}

@test "several modes, or operands, are usage errors" {
    run -64 loginmarks --check --strip <in
    run -64 loginmarks in
}

@test "an empty input is an error only for --check" {
    for how in '' --json --strip; do
        # shellcheck disable=SC2086
        loginmarks $how </dev/null | cmp - /dev/null
    done
    run -65 loginmarks --check </dev/null
}

@test "--strip passes binary bytes, long lines and a missing newline unchanged" {
    { printf 'a\0b\n\377\n' && head -c 1048576 /dev/zero | tr '\0' x && echo && printf last; } >in
    loginmarks --strip <in >out
    { cat in && echo; } | cmp - out
}

@test "a mark is printed as soon as it arrives" {
    start_fed loginmarks
    head -n 4 in | write_to_feed
    wait_until 10 has_lines 2 out
    close_feed
    await "$pid"
    assert_eq "$status" 75
}

@test "loginmarks exits with 74 on a full disk, and silently when its reader exits" {
    run -74 bash -c 'loginmarks <in >/dev/full'
    run -74 bash -c 'loginmarks --strip <in >/dev/full'
    yes 1 | timeout 20 loginmarks --strip | head -n 1 >out
    assert_eq "$(<out)" 1
}

@test "after a first signal loginmarks finishes its input, and a second one ends it" {
    start_fed loginmarks --strip
    head -n 4 in | write_to_feed
    wait_until 10 has_lines 2 out
    kill -INT "$pid"
    wait_until 10 has_let_go_of_signals "$pid"
    tail -n 2 in | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(wc -l <out)" 3
}
