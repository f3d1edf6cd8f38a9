#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# loginclean: lines of any bytes and length, and JSON at its limits.

load helpers
load loginclean

# --- Rules ---

@test "values that are not objects are rejected as not_object" {
    for value in 1 -0.5 '"text"' '""' true false null '[]' '[{"user_id":"a"}]'; do
        expect_line not_object - "$value"
    done
    assert_rejected
}

@test "lines that are not JSON are rejected as not_json with the error" {
    for line in '' ' ' '{' '{"user_id":}' "{'user_id':1}" '{} {}' '{},' nul 01 '"a' '["\x"]' NaN \
        '{"a":1,}' '// {}' '{"a":1e}' 'user_id=1'; do
        expect_line not_json - "$line"
    done
    assert_rejected
    assert_eq "$(jq -r '.detail | length > 4' rejects | sort -u)" true
}

@test "a reject names the stage and the line number" {
    { cat good && echo 7; } >in
    loginclean --rejects rejects <in >out
    cmp good out
    assert_eq "$(<rejects)" '{"reject":"not_object","stage":"loginclean","line":3,"detail":"expected an object","raw":"7"}'
}

@test "JSON beyond the numbers and strings that simdjson represents is accepted" {
    for value in 123456789012345678901234567890 -9223372036854775809 18446744073709551616 1e999 \
        -1e999 1E-999 0.0000000000000000000000000000000000000000000000000001 '"\ud800"' \
        '"\udc00 \ud800\ud800 \ud83d\ude00"' '{"\udfff":1e400}' \
        "1$(printf '0%.0s' {1..400}).5"; do
        head -n 1 good | sed "s/}\$/,\"x\":${value//\\/\\\\}}/" >>in
    done
    assert_passes
    assert_passes -j 'select(.x != "")'
}

@test "a record may be nested 1024 deep and no deeper" {
    nested() {
        head -n 1 good | tr -d '}\n'
        printf ',"x":'
        head -c "$1" /dev/zero | tr '\0' '['
        printf 1
        head -c "$1" /dev/zero | tr '\0' ']'
        echo '}'
    }
    nested 1023 >in
    assert_passes
    assert_passes -j .
    nested 1024 >in
    echo 'not_json -' >want
    assert_rejected
    assert_match "$(jq -r .detail rejects)" 1024
    nested 100000 >in
    assert_rejected
}

# --- Lines ---

@test "an empty input gives an empty output" {
    run -0 loginclean --stats stats </dev/null
    assert_eq "$output" ''
    assert_eq "$(ledger stats '[.in,.out]')" '[0,0]'
}

@test "a last line without its newline is processed like the others" {
    printf %s "$(<good)" | loginclean --stats stats >out
    cmp good out
    assert_eq "$(ledger stats '[.in,.out]')" '[2,2]'
}

@test "lines that end in CR LF pass unchanged" {
    sed 's/$/\r/' good >in
    assert_passes
}

@test "a record of 1 MiB passes, changed or unchanged" {
    { long_record $((1 << 20)) && cat good; } >in
    assert_passes
    sed -i '1s/"android"/null/' in
    loginclean <in >out
    sed '1s/null/"unknown"/' in | cmp - out
}

@test "a line of 20 MiB is rejected with its first 64 KiB, and the next one is processed" {
    { long_record $((20 << 20)) && cat good; } >in
    loginclean --rejects rejects --stats stats <in >out
    cmp good out
    assert_eq "$(jq -c '[.reject, .truncated, .length, .line]' rejects)" \
        "[\"too_long\",true,$(head -n 1 in | tr -d '\n' | wc -c),1]"
    jq -j .raw rejects | cmp - <(head -c 65536 in)
    assert_ledger_adds_up stats
    assert_eq "$(ledger stats '[.in,.out,.rejected]')" '[3,2,1]'
}

@test "a line of 20 MiB without its newline is rejected as too_long" {
    head -c $((20 << 20)) /dev/zero | tr '\0' x | loginclean --rejects rejects
    assert_eq "$(jq -c '[.reject, .truncated, .length, (.raw | length)]' rejects)" \
        '["too_long",true,20971520,65536]'
}

@test "a truncated line is never cut within a character" {
    { printf x && yes é | head -n 40000 | tr -d '\n'; } | loginclean --max-line 70k --rejects rejects
    assert_eq "$(jq -c '[.length, (.raw | length)]' rejects)" '[80001,32768]'
    { printf x && yes é | head -n 40000 | tr -d '\n'; } | head -c 65537 >in
    jq -j .raw rejects | cmp - <(head -c 65535 in)
}

@test "--max-line sets the limit" {
    length=$(($(head -n 1 good | wc -c) - 1))
    head -n 1 good >in
    assert_passes --max-line "$length"
    echo 'too_long -' >want
    assert_rejected --max-line $((length - 1))
    run -64 loginclean --max-line 0
    run -64 loginclean --max-line 1x
}

@test "the reject of a line that is not UTF-8 has its bytes in base64" {
    printf '{"user_id":"\xff\xc3("}\n\xc0\xaf\n\xed\xa0\x80' >in
    loginclean --rejects rejects <in >out
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'not_json not_json not_json'
    assert_eq "$(jq -r .detail rejects | sort -u)" 'not valid UTF-8'
    while read -r line; do
        jq -r .raw_b64 <<<"$line" | base64 -d
        echo
    done <rejects | cmp - <(cat in && echo)
}

@test "NUL bytes end no line and are kept in its reject" {
    { printf '\0\n{"a":"\0"}\n' && cat good && printf '\0'; } >in
    loginclean --rejects rejects <in >out
    cmp good out
    assert_eq "$(jq -r .reject rejects | paste -sd ' ')" 'not_json not_json not_json'
    assert_eq "$(jq -c .raw rejects | paste -sd ' ')" '"\u0000" "{\"a\":\"\u0000\"}" "\u0000"'
}

@test "a reject preserves every byte that a line may contain" {
    for byte in {0..255}; do
        printf -v escape '\\x%02x' "$byte"
        [ "$byte" -eq 10 ] || printf 'a%bb\n' "$escape"
    done >in
    loginclean --rejects rejects <in
    assert_eq "$(wc -l <rejects)" 255
    # "Cg==" is a newline.
    jq -r 'if .raw then .raw + "\n" | @base64 else .raw_b64, "Cg==" end' rejects | base64 -d | cmp in
}

@test "loginclean puts a space into a record that looks like a mark" {
    loginclean -j '{"@mark":1} + .' <good >out
    jq -c '{"@mark":1} + .' good | sed 's/^{/{ /' | cmp - out
}
