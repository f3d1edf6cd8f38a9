#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-out: what ends a line (-D, -l, files), how many are taken (-c), and keys before a separator (-K).
#
# bats file_tags=kafka

load helpers
load kcat-out

# with_kcat OPTION... <input: writes the input to $topic-kcat with kcat.
with_kcat() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic-kcat" -p 0 "$@"
}

# same_as_kcat OPTION...: the file in gives the same messages with kcat and with kcat-out.
same_as_kcat() {
    topic=$(fresh_topic k)
    create_topic "$topic"
    create_topic "$topic-kcat"
    with_kcat "$@" <in
    produce "$topic" "$@" <in
    dump '%K [%k] %S [%s] %h|' "$topic-kcat" >expected
    dump '%K [%k] %S [%s] %h|' | cmp - expected
    [ -s expected ]
}

# --- Keys before a separator ---

@test "-K takes the key before the separator, as kcat does" {
    printf '%s\n' k1:v1 'no separator' :v2 k3: k4:a:b : k5:null >in
    same_as_kcat -K :
    assert_eq "$(<expected)" '2 [k1] 2 [v1] |-1 [] 12 [no separator] |0 [] 2 [v2] |2 [k3] 0 [] |2 [k4] 3 [a:b] |0 [] 0 [] |2 [k5] 4 [null] |'
    printf 'a\tb\na::b:::c\n::x\n' >in
    same_as_kcat -K '\t'
    same_as_kcat -K ::
    same_as_kcat -K '\x3a:'
    printf '\xff\xfe:\x00\xff\n\x00:\x00:\n' >in
    same_as_kcat -K :
}

@test "-K with -Z writes empty keys and values as null, as kcat does" {
    printf '%s\n' k1:v1 'no separator' :v2 k3: k5:null >in
    same_as_kcat -K : -Z
    same_as_kcat -K : -Z -H h=v
    assert_match "$(<expected)" '\|-1 \[\] 2 \[v2\] h=v\|2 \[k3\] -1 \[\] h=v\|2 \[k5\] 4 \[null\]'
    # But a tombstone needs a key.
    run -0 --separate-stderr produce "$topic" -K : -Z <<<':'
    assert_eq "$(jq -c '[.reject,.key,.raw]' <<<"$stderr")" '["no_key",null,null]'
}

@test "-k is the key of lines without one, as in kcat" {
    printf '%s\n' k1:v1 'no separator' :v2 >in
    same_as_kcat -K : -k all
    same_as_kcat -K : -k all -Z
    assert_match "$(<expected)" '\|3 \[all\] 12 \[no separator\] \|3 \[all\] 2 \[v2\] \|'
}

@test "what kcat prints with -K, kcat-out -K reads" {
    logingen -n 5000 --seed 2 | produce "$topic" --create=3 --key user_id
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$topic" -K '\t' | produce "$topic-b" --create=3 -K '\t'
    dump '%p %k %s\n' | sort >a
    dump '%p %k %s\n' "$topic-b" | sort | cmp - a
}

@test "with -K, the filter and the rejects have the value, and rejects the key" {
    printf '%s\n' 'a={"n":1}' 'b={"n":2}' 'c=nonsense' '{"n":3}' >in
    run -0 --separate-stderr produce "$topic" --create -K = -j 'select(.n > 1) | .m = 1' --stats stats <in
    assert_eq "$(dump '%K %k %s;')" '1 b {"n":2,"m":1};-1  {"n":3,"m":1};'
    assert_eq "$(jq -c '[.reject,.line,.key,.headers,.attempts,.raw]' <<<"$stderr")" '["not_json",3,"c",[],1,"nonsense"]'
    assert_ledger_adds_up stats
    # A tombstone is null for the filter.
    produce "$topic-b" --create -K = -Z -j '{n: 1}, .' <<<k=
    assert_eq "$(dump '%k %S,' "$topic-b")" 'k 7,k -1,'
}

@test "with -K, a filter in several threads does the same" {
    logingen -n 3000 --seed 1 | awk '{ print "k" NR % 100 "\t" $0 } NR % 50 == 0 { print "bad\tx" }' >in
    for jobs in 1 3; do
        produce "$topic-$jobs" --create -K '\t' -j 'select(.locale < "P") | .n = 1' --jobs $jobs --rejects rejects$jobs <in
        dump '%k %s\n' "$topic-$jobs" >out$jobs
    done
    cmp out1 out3
    [ "$(wc -l <out1)" -gt 500 ]
    assert_eq "$(jq -c 'del(.first)' rejects1)" "$(jq -c 'del(.first)' rejects3)"
    assert_eq "$(wc -l <rejects1)" 60
}

@test "with -K, --tee and --undelivered keep the line, and a refused one is a reject with its key" {
    printf 'k:v\nnone\nk2:\n' >in
    create_topic "$topic"
    produce "$topic" -K : -Z --tee <in >passed
    cmp passed in
    undeliver -K : -Z <in
    sort later | cmp - <(sort in)
    { printf 'k:' && bytes 2000000; } >big
    run -0 --separate-stderr produce "$topic" -q -K : <big
    assert_eq "$(jq -c '[.reject,.key,.attempts,(.raw | length)]' <<<"$stderr")" '["not_delivered","k",1,2000000]'
}

@test "with -K, marks and rejects are lines of their own, so keys can be written exactly once" {
    logingen -n 1000 --seed 3 | produce "$topic" --create=2 --key user_id
    create_topic "$topic-b" 2
    for _ in 1 2; do
        read_topic "$topic" -J -G "$topic" --shard 0/1 --marks |
            jq -r --unbuffered 'if has("@mark") then tojson else "\(.key)\t\(.value | tojson)" end' |
            produce "$topic-b" -K '\t' --exactly-once
    done
    dump '%p %k\n' | sort >a
    dump '%p %k\n' "$topic-b" | sort | cmp - a
    loginclean --rejects - <<<'{}' >reject
    produce "$topic-c" --create -K : <reject
    dump '%K %s\n' "$topic-c" | cmp - <(sed 's/^/-1 /' reject)
}

# --- What ends a line ---

@test "-D ends lines as in kcat, but an empty line is a message" {
    printf 'a;b\nc;d' >in
    same_as_kcat -D ';'
    same_as_kcat -D '\n'
    same_as_kcat -D '\x3b'
    same_as_kcat -D ';b\n'
    printf 'k=v<>b<c<>k2=<d<' >in
    same_as_kcat -D '<>' -K =
    printf 'a\n\0b\0' | produce "$topic-b" --create -D '\0'
    assert_eq "$(dump '%S,' "$topic-b")" 2,1,
    # kcat leaves these out.
    printf 'a;;b;' | produce "$topic-c" --create -D ';'
    assert_eq "$(dump '%S,' "$topic-c")" 1,0,1,
}

@test "with -D, lines are neither marks nor rejects" {
    printf '%s;' '{"@mark":"end"}' '{"reject":"x"}' | produce "$topic" --create -D ';' -k k --route reject="$topic-b"
    assert_eq "$(dump '%k %s;')" 'k {"@mark":"end"};'
    assert_eq "$(dump '%k %s;' "$topic-b")" 'k {"reject":"x"};'
}

@test "a delimiter may be split between reads" {
    create_topic "$topic"
    start_fed kcat-out -t "$topic" -D '=end='
    printf '1=e' | write_to_feed
    sleep 0.3
    printf 'nd=2=end' | write_to_feed
    wait_until 10 has_come 1
    printf '=3' | write_to_feed
    wait_until 10 has_come 2
    close_feed
    await "$pid"
    assert_eq "$status $(dump '%s,')" '0 1,2,3,'
}

# --- Files ---

@test "each file is one message, as in kcat" {
    printf '{\n"a": 1\n}\n' >one
    printf 'two\0' >two
    : >empty
    bytes 400000 >three
    create_topic "$topic-kcat"
    with_kcat -k K one two empty three
    produce "$topic" --create -k K one two empty three --stats stats </dev/null
    dump '%k %S %s|' | cmp - <(dump '%k %S %s|' "$topic-kcat")
    assert_eq "$(ledger stats '[.in,.out]')" '[3,3]'
    # - is stdin, of which all is one message.
    seq 3 | produce "$topic-b" --create one -
    assert_eq "$(dump '%s;' "$topic-b" | tr '\n' ' ')" '{ "a": 1 } ;1 2 3 ;'
}

@test "with -l, the lines of files are messages, as in kcat" {
    printf 'a\nb' >one
    printf 'c\n' >two
    create_topic "$topic-kcat"
    with_kcat -l one
    produce "$topic" --create -l one
    dump '%s;' | cmp - <(dump '%s;' "$topic-kcat")
    # Of several files too. A line ends at the end of its file.
    echo x | produce "$topic-b" --create -l one two - two --stats stats
    assert_eq "$(dump '%s;' "$topic-b")" 'a;b;c;x;c;'
    assert_eq "$(ledger stats '[.in,.out,.bytes_in]')" '[5,5,5]'
    # Without a file, they are those of stdin.
    echo x | produce "$topic-c" --create -l
    assert_eq "$(dump '%s;' "$topic-c")" 'x;'
    printf 'a;b' >three
    produce "$topic-d" --create -l -D ';' three one
    assert_eq "$(dump '%s|' "$topic-d")" $'a|b|a\nb|'
}

@test "lines of files with an end mark are a stream" {
    seq 100 | produce "$topic" --create
    read_topic "$topic" -G "$topic" --shard 0/1 --marks >saved
    produce "$topic-b" --create --exactly-once -l saved
    assert_eq "$(read_topic "$topic-b")" "$(seq 100)"
    head -n -1 saved >broken
    run -75 --separate-stderr produce "$topic-b" -l broken
    assert_eq "$stderr" 'kcat-out: broken: ended without an end mark; a stage upstream has died'
}

@test "a file that cannot be read is an error before anything is written" {
    echo 1 >good
    run -64 --separate-stderr produce "$topic" --create good missing
    assert_eq "$stderr" 'kcat-out: missing: No such file or directory (see kcat-out --help)'
    run -64 --separate-stderr produce "$topic" --create -l good .
    assert_match "$stderr" '^kcat-out: \.: Is a directory'
    run -69 read_topic "$topic" --wait 1s
}

@test "a file that is gone when its turn comes is an error, and the others are delivered" {
    mkfifo slow
    echo 1 >gone
    create_topic "$topic"
    echo 11 >last
    start kcat-out -t "$topic" -l slow gone last 2>err
    pid=$!
    wait_until 10 has_caught_signals "$pid"
    rm gone
    seq 10 >slow
    await "$pid"
    assert_eq "$status $(<err)" '74 kcat-out: gone: No such file or directory'
    assert_eq "$(read_topic "$topic")" "$(seq 11)"
}

@test "a FIFO is read once something writes to it" {
    mkfifo slow
    create_topic "$topic"
    start kcat-out -t "$topic" slow
    pid=$!
    wait_until 10 has_caught_signals "$pid"
    sleep 0.3
    { printf 'a\n' && sleep 0.3 && printf 'b\n'; } >slow
    await "$pid"
    assert_eq "$status $(dump '%S')" '0 4'
}

@test "a file over --max-line is a reject" {
    bytes 2000 >big
    echo 1 >small
    run -0 --separate-stderr produce "$topic" --create --max-line 1000 big small
    assert_eq "$(jq -c '[.reject,.line]' <<<"$stderr")" '["too_long",1]'
    assert_eq "$(dump '%s')" 1
}

# --- How many ---

@test "-c stops after so many messages, as in kcat" {
    seq 10 >in
    same_as_kcat -c 3
    assert_eq "$(dump '%s,')" 1,2,3,
    # What follows is not read, and what is left out is no message.
    run -0 --separate-stderr produce "$topic-b" --create -c 3 -j 'select(. % 2 == 0) | ., .' --stats stats <in
    assert_eq "$(dump '%s,' "$topic-b")" 2,2,4,
    assert_eq "$(ledger stats '[.in,.made,.out,.filtered]')" '[4,2,3,3]'
    assert_ledger_adds_up stats
    produce "$topic-c" --create -c 3 -j 'select(. % 2 == 0) | ., .' --jobs 2 <in
    assert_eq "$(dump '%s,' "$topic-c")" 2,2,4,
    produce "$topic-d" --create -c 20 <in
    assert_eq "$(dump '%s,' "$topic-d")" 1,2,3,4,5,6,7,8,9,10,
    produce "$topic-d" -c 2 --tee <in >passed
    cmp passed <(seq 2)
}

@test "-c ends while its input stays open" {
    create_topic "$topic"
    start_fed kcat-out -t "$topic" -c 2
    seq 2 | write_to_feed
    await "$pid"
    assert_eq "$status $(dump '%s,')" '0 1,2,'
}
