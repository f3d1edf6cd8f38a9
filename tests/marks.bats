#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Marks in all filters: they keep their place, a stream has marks of one run only, and it is complete
# only with an end mark.

load helpers

RUN=01234567-89ab-4def-8123-456789abcdef
OTHER=11234567-89ab-4def-8123-456789abcdef

setup() {
    begin
    logingen -n 6 --seed 1 >records
}

# mark KIND SEQ [RUN]
mark() {
    printf '{"@mark":"%s","run":"%s","seq":%s,"at":[["t",0,%s]]}\n' "$1" "${3:-$RUN}" "$2" "$2"
}

# A stream with a mark after two records, and one after the next two.
marked_stream() {
    mark hello 0
    sed -n 1,2p records
    mark mark 1
    sed -n 3,4p records
    mark mark 2
    sed -n 5,6p records
    mark end 3
}

@test "marks keep their place among the lines, byte for byte" {
    marked_stream | sed 's/"seq"/ "more": [1e999] , "seq"/' >in
    loginclean <in >out
    cmp in out
    loginagg --tee <in | grep -v '^{"insight"' >out
    cmp in out
}

@test "the jq program does not see marks" {
    marked_stream >in
    loginclean -j 'select(.timestamp == null)' <in >out
    grep '^{"@mark"' in | cmp - out
    loginclean -j '., .' <in >out
    grep '^{"@mark"' in | cmp - <(grep '^{"@mark"' out)
    assert_eq "$(wc -l <out)" 16
}

@test "a mark follows the rejects of the lines before it" {
    { mark hello 0 && echo 1 && mark mark 1 && echo 2 && mark end 2; } >in
    loginclean --rejects - <in >out
    assert_eq "$(jq -r '.reject // ."@mark"' out | xargs)" 'hello not_object mark not_object end'
}

@test "rejects are written to a file before the mark that covers them" {
    start_fed loginclean --rejects rejects
    { mark hello 0 && echo 1 && mark mark 1; } | write_to_feed
    wait_until 10 has_lines 2 out
    assert_eq "$(wc -l <rejects)" 1
    close_feed
    await "$pid"
}

@test "a mark is not written if the rejects before it cannot be" {
    { mark hello 0 && mark mark 1 && echo 1 && mark mark 2 && mark end 3; } >in
    run -74 loginclean --rejects /dev/full <in
    assert_eq "$(grep -o '"seq":[0-9]*' <<<"$output" | xargs)" 'seq:0 seq:1'
}

@test "the ledger counts marks and names their run" {
    marked_stream | loginclean --stats stats >out
    assert_eq "$(ledger stats '[.in,.out,.marks,.run]')" "[6,6,4,\"$RUN\"]"
    assert_ledger_adds_up stats
    loginclean --stats stats <records >out
    assert_eq "$(ledger stats '[.marks,.run]')" '[0,null]'
}

# ends_with STATUS MESSAGE: how loginclean ends for the stream in the file in.
ends_with() {
    run -"$1" --separate-stderr loginclean <in
    assert_match "$stderr" "^loginclean: $2"
    assert_eq "${#stderr_lines[@]}" 1
}

@test "an input that ends without an end mark ends a tool with 75" {
    marked_stream | head -n -1 >in
    ends_with 75 'stdin: ended without an end mark; a stage upstream has died'
    assert_eq "${#lines[@]}" 9
    mark hello 0 >in
    ends_with 75 'stdin: ended without an end mark'
}

@test "a stop mark ends a stream in order, without final insights" {
    { mark hello 0 && cat records && mark mark 1 | sed 's/}$/,"stop":true}/'; } >in
    for tool in loginclean 'loginagg --every 0'; do
        # shellcheck disable=SC2086 # a tool and its options
        run -0 --separate-stderr $tool <in
        assert_eq "$stderr" ''
        assert_match "${lines[-1]}" '^\{"@mark":"mark".*"stop":true\}$'
        assert_eq "$(printf '%s\n' "${lines[@]}" | grep -c insight)" 0
    done
    echo x >>in
    ends_with 65 'stdin: line 9: follows the last mark'
    { mark hello 0 && mark mark 1 | sed 's/}$/,"stop":1}/'; } >in
    ends_with 65 'stdin: line 2: mark: .*stop'
}

@test "loginagg prints no final insights if the end mark is missing" {
    marked_stream >in
    run -0 loginagg --every 0 <in
    assert_match "$output" '"final":true'
    head -n -1 in >died
    run -75 --separate-stderr loginagg --every 0 <died
    assert_eq "$(printf '%s\n' "${lines[@]}" | grep -c insight)" 0
}

@test "a record that looks like a first mark, or a mark that is cut off, ends a stage with 75" {
    record_with . >record
    for stage in loginclean loginagg; do
        for end in '{"@mark":"hello","run":"123e4567-e89b-42d3-a456-426614174000","seq":0,"at":[]}\n' '{"@mark":"hel'; do
            # shellcheck disable=SC2059 # an escape
            run -75 --separate-stderr "$stage" < <(printf "$end")
            assert_match "$stderr" 'ended without an end mark'
        done
    done
}

@test "an unterminated last line in a stream with marks is dropped" {
    { mark hello 0 && head -n 1 records && sed -n 2p records | tr -d '\n'; } >in
    ends_with 75 'stdin: ended without an end mark'
    assert_eq "$(wc -l <<<"$output")" 2
    mark hello 0 | tr -d '\n' >in
    ends_with 75 'stdin: ended without an end mark'
    assert_eq "$output" ''
    # Without marks it is an ordinary line.
    head -c -1 records >in
    run -0 loginclean <in
    assert_eq "${#lines[@]}" 6
}

@test "marks of another run are refused" {
    { mark hello 0 && mark mark 1 "$OTHER"; } >in
    ends_with 65 "stdin: line 2: mark 1: belongs to run $OTHER, not $RUN"
}

@test "a mark that does not know the token of the hello mark is refused" {
    token=00112233445566778899aabbccddeeff
    { mark hello 1 && mark mark 2; } | sed "s/,\"seq\"/,\"token\":\"$token\"&/" >good
    { cat good && mark mark 3; } >in
    ends_with 65 'stdin: line 3: mark 3: its token is not that of the hello mark; .*'
    { cat good && mark mark 3 | sed "s/,\"seq\"/,\"token\":\"${token/0/1}\"&/"; } >in
    ends_with 65 'stdin: line 3: mark 3: its token is not that of the hello mark; .*'
}

@test "out-of-order marks are refused" {
    mark mark 1 >in
    ends_with 65 'stdin: line 1: mark 1: there is no hello mark before it'
    { cat records && mark end 1; } >in
    ends_with 65 'stdin: line 7: mark 1: there is no hello mark'
    { mark hello 0 && mark hello 1; } >in
    ends_with 65 'stdin: line 2: mark 1: a second hello'
    { echo '{"reject":"empty","raw":""}' && mark hello 0; } >in
    ends_with 65 'stdin: line 2: a hello mark after other lines'
    { mark hello 5 && mark mark 5; } >in
    ends_with 65 'stdin: line 2: mark 5: out of order, after mark 5'
    { marked_stream && mark mark 4; } >in
    ends_with 65 'stdin: line 11: follows the last mark'
    { marked_stream && head -n 1 records; } >in
    ends_with 65 'stdin: line 11: follows the last mark'
}

@test "a malformed mark is refused" {
    echo '{"@mark"' >in
    ends_with 65 'stdin: line 1: mark: not JSON: '
    echo '{"@mark":"mark","run":"x","seq":1,"at":[]}' >in
    ends_with 65 "stdin: line 1: mark: 'run' is missing or wrong"
    sed 's/^{/{"@mark":1,/' records >in
    ends_with 65 "stdin: line 1: mark: '@mark' is missing or wrong"
}

@test "a mark may be longer than a record" {
    { mark hello 0 && mark end 1; } | sed 's/"at":\[/&["a-topic-with-quite-a-long-name",0,1],/' >in
    loginclean --max-line 100 <in >out
    cmp in out
}

@test "after a first signal, a stream with marks is read to its end" {
    start_fed loginclean
    marked_stream | head -n 3 | write_to_feed
    wait_until 10 has_lines 3 out
    kill -TERM "$pid"
    wait_until 10 has_let_go_of_signals "$pid"
    marked_stream | tail -n +4 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status" 0
    cmp out <(marked_stream)
}
