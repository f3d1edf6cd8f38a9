#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean --jq: a program that selects, changes and multiplies records.

# shellcheck disable=SC2016 # the dollar signs are jq's

load helpers
load loginclean

@test "select keeps the bytes of selected records, and the others are filtered" {
    sed -i '1s/}$/, "big":9007199254740993,"f":1.0, "\\u0061":"\\u0062"}/' good
    loginclean -j 'select(.locale == "RU")' --stats stats <good >out
    head -n 1 good | cmp - out
    assert_eq "$(ledger stats '[.in,.out,.filtered,.rejected]')" '[2,1,1,0]'
    assert_ledger_adds_up stats
}

@test "records that the program changes are printed by jq and then cleaned" {
    loginclean --jq '.locale |= ascii_downcase | del(.device_type)' <good >out
    jq -c '.locale |= ascii_downcase | .device_type = "unknown"' good >want
    jq -cS . out >got
    jq -cS . want | cmp - got
}

@test "-v says on which fields a program runs" {
    export HOME=$PWD
    run -0 loginclean -v -j 'select(.locale == "RU" and .ip)' </dev/null
    assert_match "$output" 'runs on these fields of a record: locale, ip'
    run -0 loginclean -v -j '.locale |= ascii_downcase' </dev/null
    assert_match "$output" 'runs on whole records'
    touch .jq
    run -0 loginclean -v -j 'select(.locale == "RU" and .ip)' </dev/null
    assert_match "$output" 'runs on whole records'
}

@test "several outputs become several records" {
    loginclean -j '., (.locale = "X"), empty' --stats stats <good >out
    assert_eq "$(jq -r .locale out | paste -sd ' ')" 'RU X RI X'
    sed -n 1p good | cmp - <(sed -n 1p out)
    assert_eq "$(ledger stats '[.in,.made,.out]')" '[2,2,4]'
    assert_ledger_adds_up stats
}

@test "an error in the program rejects the record with jq's message" {
    loginclean -j 'if .locale == "RU" then error("not that one") else . end' \
        --rejects rejects --stats stats <good >out
    sed -n 2p good | cmp - out
    assert_eq "$(jq -r '[.reject, .detail] | join(": ")' rejects)" 'filter_error: not that one'
    jq -r .raw rejects | cmp - <(sed -n 1p good)
    assert_ledger_adds_up stats
}

@test "an error after some outputs makes one reject and discards the outputs" {
    loginclean -j '., .ip + 1' --rejects rejects --stats stats <good >out
    assert_eq "$(<out)" ''
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'filter_error filter_error'
    assert_match "$(jq -r .detail rejects)" 'cannot be added'
    assert_ledger_adds_up stats
}

@test "halt_error rejects the record with its message, and the next one is processed" {
    loginclean -j 'if .locale == "RU" then "stop\n" | halt_error else . end' \
        --rejects rejects <good >out
    sed -n 2p good | cmp - out
    assert_match "$(jq -r '[.reject, .detail] | join(": ")' rejects)" '^filter_error: stop'
}

@test "halt drops the record, and the next one is processed" {
    loginclean -j 'if .locale == "RU" then halt else . end' --stats stats <good >out
    sed -n 2p good | cmp - out
    assert_eq "$(ledger stats '[.in,.out,.filtered]')" '[2,1,1]'
}

@test "an output of the program that is not a record is rejected" {
    loginclean -j '.ip' --rejects rejects <good >out
    assert_eq "$(jq -r '[.reject, .raw] | join(" ")' rejects | head -n 1)" \
        'not_object "199.172.111.135"'
    assert_eq "$(<out)" ''
}

@test "the builtins that read jq's own input do no harm" {
    for program in input inputs input_line_number input_filename; do
        loginclean -j "$program" --rejects rejects --stats stats <good >out
        assert_eq "$(<out)" ''
        assert_ledger_adds_up stats
    done
}

@test "the program sees the last of two members with the same key, and all of Unicode" {
    sed 's/}$/,"t":1,"t":"\\u0000é\\ud83d\\ude00"}/' good >in
    assert_passes -j 'select(.t == "\u0000é😀")'
}

@test "a program that does not compile is a usage error with jq's message" {
    run -64 loginclean -j '.a |' <good
    assert_match "$output" '^loginclean: jq: syntax error'
    assert_eq "${#lines[@]}" 1
    run -64 loginclean -j 'nosuch(1)' <good
    assert_match "$output" 'nosuch/1 is not defined'
}

@test "--jq-file reads the program from a file" {
    printf '# only those\nselect(.locale == $where)\n' >program.jq
    loginclean --jq-file program.jq --arg where RI <good >out
    sed -n 2p good | cmp - out
    run -64 loginclean --jq-file missing.jq <good
    assert_match "$output" 'missing.jq: No such file'
    run -64 loginclean --jq-file program.jq -j . --arg where RI <good
}

@test "an empty program passes everything" {
    : >empty.jq
    loginclean --jq-file empty.jq <good >out
    cmp good out
    loginclean -j '' <good >out
    cmp good out
}

@test "--arg gives the program a string and --argjson a value" {
    loginclean --arg a 7 --argjson b '{"c":[8]}' -j 'select($a == "7" and $b.c[0] == 8)' <good >out
    cmp good out
    loginclean --arg a 7 --argjson b 8 -j 'select($ARGS.named == {"a":"7","b":8})' <good >out
    cmp good out
}

@test "--arg with one argument, without a program or with bad JSON is a usage error" {
    run -64 loginclean -j . --arg a
    assert_match "$output" 'needs two arguments'
    run -64 loginclean --arg a b
    run -64 loginclean -j . --argjson a '{'
    assert_match "$output" "'\{' is not JSON"
}
