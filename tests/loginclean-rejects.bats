#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: the destinations and contents of rejects and the ledger.

# shellcheck disable=SC2016 # the dollar signs are for another shell

load helpers
load loginclean

# --- Lines ---

@test "rejects of earlier stages pass unchanged and in place" {
    { head -n 1 good && echo '{"reject":"x","raw": "é" ,"n":1e999}' && tail -n 1 good; } >in
    loginclean --stats stats -j 'select(true)' <in >out
    cmp in out
    assert_eq "$(ledger stats '[.in,.out,.passed,.rejected]')" '[2,2,1,0]'
    assert_ledger_adds_up stats
}

@test "rejects of earlier stages pass unchanged, whatever their length" {
    { printf '{"reject":"not_json","raw":"' && head -c 17000000 /dev/zero | tr '\0' y && echo '"}'; } >in
    loginclean --rejects rejects <in >out
    cmp in out
    printf '{"reject":"not_json","raw":"%0100d"}\n' 0 >in
    loginclean --max-line 50 --rejects rejects <in >out
    cmp in out
}

# --- Where rejects go ---

@test "rejects go to stderr by default, as one JSON line each" {
    { echo 7 && cat good; } | loginclean >out 2>err
    cmp good out
    assert_eq "$(<err)" '{"reject":"not_object","stage":"loginclean","line":1,"detail":"expected an object","raw":"7"}'
}

@test "on a terminal, rejects are cut, and the end sums them up" {
    { printf '"%0300d"\n' 1 && echo 7 && echo x && head -c 2000000 /dev/zero | tr '\0' y &&
        echo && cat good; } >in
    script -qec 'loginclean <in >out' /dev/null </dev/null | tr -d '\r' >screen
    cmp good out
    assert_eq "$(head -n 4 screen | jq -c '[.reject,.truncated,.length,(.raw | length)]')" \
        '["not_object",true,302,200]
["not_object",null,null,1]
["not_json",null,null,1]
["not_json",true,2000000,200]'
    assert_eq "$(sed 1,4d screen)" \
        'loginclean: rejects: not_object 2, not_json 2; --rejects FILE keeps the long ones whole'
    # Characters are not cut in two.
    printf '"x%s"\n' "$(printf 'é%.0s' {1..200})" >in
    script -qec 'loginclean <in' /dev/null </dev/null | tr -d '\r' >screen
    assert_eq "$(head -n 1 screen | jq -c '[.length,(.raw | length)]')" '[403,101]'
    # Elsewhere they are whole.
    printf '"%0300d"\n' 1 >in
    script -qec 'loginclean --rejects file <in; loginclean --rejects - <in; loginclean <in 2>&1 | cat' \
        /dev/null </dev/null | tr -d '\r' >screen
    assert_eq "$(cat file screen | jq -c '.raw | length')" $'302\n302\n302'
}

@test "a file that ends in half a line gets a newline before the next reject or ledger" {
    printf '{"reject":"x","ra' | tee rejects >stats
    loginclean --rejects rejects --stats stats <<<7
    assert_eq "$(wc -l <rejects) $(wc -l <stats)" '2 2'
    assert_eq "$(ledger rejects .raw) $(ledger stats .in)" '7 1'
}

@test "--rejects FILE appends to the file" {
    for n in 1 2; do
        loginclean --rejects rejects <<<"$n" 2>err
    done
    assert_eq "$(jq -r .raw rejects | paste -sd ' ')" '1 2'
    assert_eq "$(<err)" ''
}

@test "--rejects - prints rejects among the records, in order" {
    { head -n 1 good && echo 7 && tail -n 1 good; } | loginclean --rejects - --stats stats >out 2>err
    assert_eq "$(jq -r '.reject // .locale' out | paste -sd ' ')" 'RU not_object RI'
    assert_eq "$(<err)" ''
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.out,.rejected]')" '[2,1]'
}

@test "the next stage passes the rejects of the one before, and the ledgers agree" {
    { cat good && echo 7 && record_with '.ip = "x"'; } |
        loginclean --rejects - --stats stats1 | loginclean --rejects - --stats stats2 >out
    assert_eq "$(jq -r .reject out | paste -sd ' ')" 'null null not_object bad_ip'
    assert_eq "$(ledger stats1 .out)" "$(ledger stats2 .in)"
    assert_eq "$(ledger stats2 '[.passed,.rejected]')" '[2,0]'
}

@test "--rejects exits with 73 if the file cannot be opened, and with 74 if the disk is full" {
    run -73 loginclean --rejects /no/such/file <good
    assert_match "$output" '^loginclean: --rejects: /no/such/file: No such file or directory$'
    run -74 loginclean --rejects /dev/full <<<7
    assert_match "$output" '^loginclean: /dev/full: No space left on device$'
}

@test "--strict exits with 65 at the first reject, after the records before it" {
    { head -n 1 good && echo 7 && tail -n 1 good && echo 8; } >in
    run -65 --separate-stderr loginclean --strict --rejects rejects --stats stats <in
    assert_match "$stderr" '^loginclean: line 2: not_object \(--strict\)$'
    assert_eq "$output" "$(head -n 1 good)"
    assert_eq "$(jq -r .raw rejects)" 7
    assert_ledger_adds_up stats
    run -65 loginclean --strict --rejects rejects <<<'{}'
    assert_match "$output" 'line 1: missing_field: user_id \(--strict\)'
}

@test "--strict ignores rejects of earlier stages" {
    { echo '{"reject":"x"}' && cat good; } >in
    assert_passes --strict
}

# --- The ledger ---

@test "the ledger counts every record by its outcome" {
    {
        cat good
        record_with 'del(.device_type)'
        record_with '.ip = "x"'
        record_with '.locale = "drop"'
        echo '{"reject":"x"}'
        printf 'no newline'
    } >in
    loginclean --stats stats --rejects rejects -j 'select(.locale != "drop")' <in >out
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.tool,.in,.made,.out,.filtered,.rejected,.passed]')" \
        '["loginclean",6,0,3,1,2,1]'
    assert_eq "$(ledger stats '[.by_reason,.filled,.filled_from]')" \
        '[{"bad_ip":1,"not_json":1},{"device_type":1},{"missing":1}]'
    assert_eq "$(ledger stats .bytes_out)" "$(wc -c <out)"
    assert_eq "$(ledger stats '.seconds < 60')" true
}

@test "the ledger goes to a file, or to stderr with - or -v" {
    loginclean --stats stats -q <good >out 2>err
    assert_eq "$(<err)" ''
    loginclean --stats - <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    assert_eq "$(wc -l <err)" 1
    loginclean -v <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    loginclean -v --stats stats <good >out 2>err
    assert_eq "$(ledger err .in) $(wc -l <stats)" '2 2'
}

@test "--stats exits with 73 if the file cannot be opened, and with 74 if the disk is full" {
    run -73 loginclean --stats /no/such/file <good
    run -74 bash -c 'loginclean --stats /dev/full <good >out'
    assert_match "$output" 'loginclean: --stats: /dev/full: No space left on device'
    cmp good out
}

@test "LOG_LEVEL selects the messages, and a wrong one causes a warning" {
    LOG_LEVEL=info loginclean <good >out 2>err
    assert_eq "$(ledger err .in)" 2
    LOG_LEVEL=loud run -0 --separate-stderr loginclean <good
    assert_match "$stderr" "loginclean: LOG_LEVEL: 'loud' is not one of"
}

@test "messages to the journal begin with their priority" {
    run -64 bash -c 'exec 2>err; JOURNAL_STREAM=$(stat -Lc %d:%i err) loginclean --no-such-option'
    assert_match "$(<err)" '^<3>loginclean: '
    JOURNAL_STREAM=1:1 run -64 loginclean --no-such-option
    assert_match "$output" '^loginclean: '
}
