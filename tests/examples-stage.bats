#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/python/stage.py: a stage of another language keeps marks and rejects in place.

load helpers

setup() {
    begin
    stage=$BATS_TEST_DIRNAME/../examples/python/stage.py
}

mark() {
    printf '{"@mark":"%s","run":"0f8fad5b-d9cb-469f-a165-70867728950e","seq":%d,"at":[["t",0,%d]]}\n' \
        "$1" "$2" "$2"
}

@test "the Python stage changes records and keeps marks and rejects in place" {
    {
        mark hello 1
        good_records | head -n 1
        mark mark 2
        echo '{"reject":"empty","raw":"x"}'
        mark end 3
    } >in
    "$stage" <in >out
    assert_eq "$(sed -n '1p;3,5p' out)" "$(sed -n '1p;3,5p' in)"
    assert_eq "$(sed -n 2p out | jq -c .)" "$(record_with '.network = "199.172.111"')"
}

@test "the Python stage exits with 75 if a marked stream ends without an end mark" {
    mark hello 1 >in
    run -75 "$stage" <in
    # A last line without a newline is incomplete, even if it is a mark.
    { mark hello 1 && printf '{"ip":"1.2.3.4"}'; } >in
    run -75 --keep-empty-lines "$stage" <in
    assert_eq "$output" "$(mark hello 1)"$'\n'
    printf '{"@mark":"he' >in
    run -75 "$stage" <in
    assert_eq "$output" ''
}

@test "the Python stage succeeds if its source was told to stop" {
    { mark hello 1 && mark mark 2 | sed 's/}$/,"stop":true}/'; } >in
    run -0 "$stage" <in
    assert_eq "$output" "$(<in)"
}

@test "the Python stage reads a stream without marks to its end" {
    printf '{"ip":"1.2.3.4"}' >in
    run -0 "$stage" <in
    assert_eq "$output" '{"ip":"1.2.3.4","network":"1.2.3"}'
}

@test "the Python stage prints no record that looks like a mark" {
    echo '{ "@mark":"end","ip":"1.2.3.4"}' >in
    run -0 "$stage" <in
    assert_eq "$output" '{ "@mark":"end","ip":"1.2.3.4","network":"1.2.3"}'
}

@test "the Python stage writes finished records before it waits for input" {
    start_fed "$stage"
    mark hello 1 | write_to_feed
    good_records | write_to_feed
    wait_until 10 has_lines 3 out
    close_feed
    await "$pid"
    assert_eq "$status" 75
}
