#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: records as text, with -f, -K, -D, -O and -Z. parity.bats compares them with kcat's.
#
# bats file_tags=kafka

load helpers
load kcat-in

# Fills $topic with keys and values that are null, empty, no JSON, or no text.
fill() {
    create_topic "$topic"
    printf 'k1:{"a": 1}\n:no key\nk3:\n:\nk5:\xff\xfe\x00b\n' |
        timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -Z -K:
    printf 'k6:\n:no text\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K:
    echo null | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic"
}

# prints TEXT OPTION...: what kcat-in prints, where TEXT is a format of printf.
prints() {
    # shellcheck disable=SC2059 # the text is a format
    read_topic "$topic" "${@:2}" | cmp - <(printf "$1")
}

@test "values of any bytes are printed as they are, and a delimiter after each" {
    fill
    prints '{"a": 1}\nno key\n\n\n\xff\xfe\0b\n\nno text\nnull\n' -D '\n'
    prints '{"a": 1};no key;;;\xff\xfe\0b;;no text;null;' --delimiter ';'
    prints '{"a": 1}no key\xff\xfe\0bno textnull' -D ''
    prints '{"a": 1}\0no key\0\0\0\xff\xfe\0b\0\0no text\0null\0' -D '\0'
    prints '{"a": 1}%%s\xc3\xa4no key%%s\xc3\xa4%%s\xc3\xa4%%s\xc3\xa4' -D '%s\xc3\xa4' -o :4
    printf '{"a":\r\n 1}\n\n' >lines
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" lines
    read_topic "$topic" -o -1 -D '' | cmp - lines
    read_topic "$topic" -o -1 -D '' -j 'select(.a == 1)' | cmp - lines
}

@test "keys are printed before a separator" {
    fill
    prints 'k1\t{"a": 1}\n\tno key\nk3\t\n\t\n' --key -o :4
    prints 'k1\t{"a": 1}\n\tno key\nk3\t\n\t\n' -K '\t' -o :4
    prints 'k1 => {"a": 1}; => no key;' --key=' => ' -D ';' -o :2
}

@test "offsets are printed before the key" {
    fill
    prints '1:no key\n' -O -K - -D ';' -f '%o:%s\n' -o 1:2
    prints '0\t{"a": 1}\n1\tno key\n' -O -o :2
    prints '0:k1:{"a": 1}\n1::no key\n' -O -K: -o :2
}

@test "with -Z null is told from empty" {
    fill
    prints 'k1:{"a": 1}\nNULL:no key\nk3:NULL\nNULL:NULL\nk5:\xff\xfe\0b\nk6:\n:no text\nNULL:null\n' -K: -Z
    prints '2 -1 NULL\n-1 -1 NULL\n' -f '%K %S %s\n' -Z -o 2:4
    prints '2 0 \n' -f '%K %S %s\n' -Z -o 5:6
}

@test "each letter of a format prints its part of the record" {
    create_topic "$topic" 3
    printf 'k:v\xff\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p 2 -K: \
        -H a=1 -H null -H empty= -H a=2
    printf 'plain\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -p 2
    prints "$topic"' 2 0 [k 1] [v\xff 2 \0\0\0\002] a=1,null=NULL,empty=,a=2 100%%\n'"$topic"' 2 1 [ -1] [plain 5 \0\0\0\005]  100%%\n' \
        -f '%t %p %o [%k %K] [%s %S %R] %h 100%%\n'
    read_topic "$topic" -f '%T\n' -c 1 >written
    [ "$(($(date +%s%3N) - $(<written)))" -lt 600000 ]
}

@test "a wrong format or separator is a one-line usage error" {
    while read -r options; do
        # shellcheck disable=SC2086 # several words
        run -64 --separate-stderr timeout 20 kcat-in "$topic" -e $options
        assert_eq "$output" ''
        assert_match "$stderr" '^kcat-in: .*: '
        assert_eq "$options $(wc -l <<<"$stderr")" "$options 1"
    done <<'TABLE'
-f %q
-f %s%
-f \x
-D \256
-K \xz
--key=\x
-f
-f %s -K \x -o nowhere
TABLE
    run -64 --separate-stderr timeout 20 kcat-in "$topic" -f '%q'
    assert_match "$stderr" "-f: '%q' is unknown; known are %s"
}

@test "marks and rejects among the records need lines of JSON" {
    for text in '-f %s\n' -K: --key '-D ;' -O -Z; do
        for option in --marks "--acks fifo -G $group" '--rejects -'; do
            # shellcheck disable=SC2086 # several words
            run -64 --separate-stderr timeout 20 kcat-in "$topic" -e $text $option
            assert_match "$stderr" "^kcat-in: .*need.* JSON lines"
        done
    done
    [ ! -e fifo ]
}

@test "nothing is rejected without a filter, however long it is" {
    fill
    head -c 900000 /dev/zero >zeros
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" zeros
    read_topic "$topic" -o -1 -D '' --rejects rejects --stats stats | cmp - zeros
    assert_eq "$(ledger stats '[.in,.out,.rejected]') $(wc -c <rejects)" '[1,1,0] 0'
    read_topic "$topic" -D '' --max-line 800k --rejects rejects --stats stats >out
    assert_eq "$(ledger stats '[.in,.out,.by_reason]')" '[9,8,{"too_long":1}]'
    assert_ledger_adds_up stats
}

@test "a filter needs JSON, and what it puts out is the value" {
    fill
    prints 'k1:{"a": 1}|8\nk3:|-1\n:|-1\n:null|4\n' -j 'select(true)' -f '%k:%s|%S\n' --rejects rejects
    assert_eq "$(jq -c .offset rejects | paste -sd' ')" '1 4 5 6'
    prints 'k1:1|1\nk1:"a"|3\n' -j 'objects | .a, "a"' -f '%k:%s|%S\n' --rejects /dev/null
    prints 'NULL\nNULL\nnull\n' -j 'select(. == null)' -Z --rejects /dev/null
}

@test "a group commits what was printed as text" {
    seq 100 | produce "$topic" --create=4
    read_topic "$topic" -G "$group" -f '%s,' >out
    tr ',' '\n' <out >lines
    assert_exactly_once 100 lines
    seq 101 120 | produce "$topic"
    read_topic "$topic" -G "$group" -f '%s\n' | sort -n | cmp - <(seq 101 120)
}

@test "text that could not be written is undelivered, and a group reads it again" {
    seq 100 | produce "$topic" --create
    run -74 bash -c "timeout 20 kcat-in $topic -e -G $group -f '%s,' --stats stats >/dev/full"
    assert_eq "$(ledger stats '[.in,.out,.undelivered]')" '[100,0,100]'
    assert_ledger_adds_up stats
    assert_eq "$(read_topic "$topic" -G "$group" -f '%s,' | tr ',' '\n' | wc -l)" 100
}

@test "long keys are printed, and each record is printed at once" {
    create_topic "$topic"
    head -c 50000 /dev/zero | tr '\0' k >key
    for i in {1..40}; do printf '%s:%d\n' "$(<key)" "$i"; done |
        timeout 60 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K:
    read_topic "$topic" -f '%k:%s\n' | cut -d: -f2 | cmp - <(seq 40)
    # A record is written at once, not only when there is much to write.
    start kcat-in "$topic" -o end -f '%s,' -v >out 2>log
    wait_until 10 grep -q 'from offset' log
    echo last | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic"
    wait_until 10 test -s out
    assert_eq "$(<out)" last,
}

@test "options of kcat that need nothing here are accepted" {
    seq 3 | produce "$topic" --create
    read_topic "$topic" -C -u -E -q -m 10 | cmp - <(seq 3)
    run -69 --separate-stderr timeout 20 kcat-in -b 127.0.0.1:1 -m 1 "$topic"
    assert_match "$stderr" 'not reachable within 1s'
    for bad in x '' 1s -1 99999999999999999; do
        run -64 --separate-stderr timeout 20 kcat-in "$topic" -m "$bad"
        assert_match "$stderr" "-m: '$bad' is not a number of seconds"
    done
    read_topic "$topic" -d consumer,topic 2>log | cmp - <(seq 3)
    grep -q '^kcat-in: librdkafka: ' log
    run -64 --separate-stderr timeout 20 kcat-in "$topic" -d nonsense
    assert_match "$stderr" '^kcat-in: -d: '
    seq 4 6 | timeout 20 kcat-out -P -E -T -m 10 -t "$topic" | cmp - <(seq 4 6)
    read_topic "$topic" | cmp - <(seq 6)
}
