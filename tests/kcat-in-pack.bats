#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in: keys and values that are packed binary data (-s). parity.bats compares them with kcat's.
#
# bats file_tags=kafka

load helpers
load kcat-in

# fill TEXT...: fills $topic with messages. Each TEXT is a format of printf, and may be KEY=VALUE.
fill() {
    create_topic "$topic"
    for text in "$@"; do
        # shellcheck disable=SC2059 # the text is a format
        printf "$text" | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K = -D '<END>'
    done
}

@test "a packed number is a line of JSON" {
    fill '\0\0\0\7' '\xff\xff\xff\xfe' 'k=\1\0\0\0'
    assert_eq "$(read_topic "$topic" -s 'value=i$' | xargs)" '7 -2 16777216'
    assert_eq "$(read_topic "$topic" -s 'value=<I' | xargs)" '117440512 4278190079 1'
    assert_eq "$(read_topic "$topic" -s 'value=i$' -j 'select(. > 0) | {n: .}' | xargs)" '{n:7} {n:16777216}'
}

@test "the JSON behind packed numbers may have line breaks" {
    fill '{"a":\n 1}'
    assert_eq "$(read_topic "$topic" -s value=s)" '{"a":  1}'
    assert_eq "$(read_topic "$topic" -s value=s -D ';')" $'{"a":\n 1};'
}

@test "what is no JSON when it is unpacked is a reject with its bytes, but can be printed as text" {
    fill '\0\1\xfftext' '\0\2\3x'
    run -0 --separate-stderr read_topic "$topic" -s 'value=hB s' --stats stats
    assert_eq "$output" ''
    assert_eq "$(jq -r .reject <<<"$stderr" | uniq -c | xargs)" '2 not_json'
    assert_match "$stderr" '"detail":"unpacked: '
    assert_eq "$(head -n 1 <<<"$stderr" | jq -r .raw_b64 | base64 -d | od -An -tx1)" ' 00 01 ff 74 65 78 74'
    assert_ledger_adds_up stats
    assert_eq "$(read_topic "$topic" -s 'value=hB s' -D '|')" '1255 text|23 x|'
    assert_eq "$(read_topic "$topic" -s 'value=hB s' -J | jq -r '.value_text')" $'1255 text\n23 x'
}

@test "a key or a value that does not fit is a reject with its bytes, in text too" {
    fill 'k=\0\0\0\1' '\0\0\1' '\0\0\0\0\3' '\0\1=\0\0\0\2' '\0\1=\0\0\2'
    for text in -J '-K='; do
        run -0 --separate-stderr read_topic "$topic" -s 'value=i$' -s key=h "$text" --stats stats
        assert_eq "$(sed -E 's/.*"key":"1".*"value":2\}/1=2/' <<<"$output")" 1=2
        assert_eq "$(jq -c '[.reject, .offset, .detail]' <<<"$stderr")" \
            '["not_packed",0,"key: at byte 0: '"'h'"' needs 2 bytes, but only 1 are left"]
["not_packed",1,"at byte 0: '"'i'"' needs 4 bytes, but only 3 are left"]
["not_packed",2,"at byte 4: '"'$'"' needs the end, but 1 bytes are left"]
["not_packed",4,"at byte 0: '"'i'"' needs 4 bytes, but only 3 are left"]'
        assert_eq "$(jq -c '[.key, .raw]' <<<"$stderr" | sed -n '1p;4p')" \
            '["k","\u0000\u0000\u0000\u0001"]
["\u0000\u0001","\u0000\u0000\u0002"]'
        assert_ledger_adds_up stats
    done
    # Keys that are not written may be anything.
    assert_eq "$(read_topic "$topic" -s 'value=i$' -s key=h 2>err | xargs)" '1 2'
    assert_eq "$(wc -l <err)" 3
}

@test "keys are printed, and are strings in envelopes" {
    fill '\0\7\1 a=\0\0\0\7' '\0\0\0\2'
    assert_eq "$(read_topic "$topic" -s 'key=hB s' -s 'value=i$' -K ' => ' -D '|' -Z)" '71  a => 7|NULL => 2|'
    assert_eq "$(read_topic "$topic" -s 'key=hB s' -s 'value=i$' -f '%K %S|')" '5 1|-1 1|'
    assert_eq "$(read_topic "$topic" -s 'key=h' -s 'value=i$' -J | jq -c '[.key, .value]')" $'["7",7]\n[null,2]'
    topic=$topic-both
    fill '\0\7=\0\1'
    assert_eq "$(read_topic "$topic" -s h -K:)" 7:1
}

@test "a tombstone is null, and an empty value does not fit" {
    create_topic "$topic"
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -Z -K:
    printf 'k:\n' | timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" -K:
    run -0 --separate-stderr read_topic "$topic" -s value=b
    assert_eq "$output $(jq -r '.reject + " \(.offset)"' <<<"$stderr")" 'null not_packed 1'
    assert_eq "$(read_topic "$topic" -s value=b -Z -D ';' 2>/dev/null)" 'NULL;'
}

@test "the last -s of each kind counts" {
    fill '\0\7=\0\0\0\1'
    assert_eq "$(read_topic "$topic" -s value=avro -s i -s key=h -K:)" 7:1
    assert_eq "$(read_topic "$topic" -s h -s value=i$ -K:)" 7:1
}

@test "a wrong format is a usage error" {
    while IFS='|' read -r format why; do
        run -64 --separate-stderr timeout 20 kcat-in -e "$topic" -s "$format"
        assert_match "$stderr" "^kcat-in: (-s|--serde): .*$why"
    done <<'TABLE'
value=x|'x' is not avro or json, and no pack string: 'x' in 'x' is unknown
key=iz|'iz' is not avro or json, and no pack string: 'z' in 'iz' is unknown
key=|'' is not avro or json, and no pack string: the format is empty
Avro|'A' in 'Avro' is unknown
protobuf|protobuf is not supported
TABLE
    run -64 --separate-stderr timeout 20 kcat-in -e "$topic" -s i -r http://localhost:1
    assert_match "$stderr" '^kcat-in: -r: needs -s'
}
