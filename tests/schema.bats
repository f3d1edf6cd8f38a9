#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in and kcat-out with a Schema Registry: how keys and values are decoded and encoded.

load helpers
load schema

# reject FIELD: of the reject lines in the file err.
reject() {
    jq -r "$1" err
}

@test "kcat-in reads what kcat-out has written as Avro" {
    login_schema >login.avsc
    login | writer --schema login.avsc --register
    reader >out
    cmp out <(login)
    # The record in Kafka is the header, and the binary encoding.
    timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$topic" -D '' | od -An -v -tx1 | tr -d ' \n' >bytes
    assert_eq "$(<bytes)" 00000000010475310206694f53b0a8d0edd062
}

@test "a schema is fetched once, however many records have it" {
    register "$topic-value" '"long"'
    seq 1000 | writer
    requests >/dev/null
    assert_eq "$(reader | wc -l)" 1000
    assert_eq "$(requests)" "GET /schemas/types
GET /schemas/ids/1"
}

@test "records of several schemas in one topic are read by their own" {
    register a '"long"'
    register b '"string"'
    echo 5 | writer --schema-id 1
    echo '"x"' | writer --schema-id 2
    echo 6 | writer --subject a
    assert_eq "$(reader)" '5
"x"
6'
}

@test "a schema may refer to others of the registry" {
    register common '{"type":"enum","name":"com.example.Device","symbols":["iOS","android"]}'
    register list '{"type":"array","items":"com.example.Device"}' AVRO \
        '[{"name":"com.example.Device","subject":"common","version":1}]'
    register both '{"type":"record","name":"R","fields":[{"name":"a","type":"com.example.Device"}]}' AVRO \
        '[{"name":"x","subject":"list","version":1},{"name":"com.example.Device","subject":"common","version":1}]'
    echo '{"a":"android"}' | writer --schema-id 3
    echo '["iOS"]' | writer --subject list
    assert_eq "$(reader)" '{"a":"android"}
["iOS"]'
}

@test "values of unions are plain, or tagged with their types" {
    register "$topic-value" '{"type":"array","items":["null","long","string"]}'
    echo '[null,5,"x"]' | writer
    echo '[null,{"long":5},{"string":"x"}]' | writer --avro-unions tagged
    assert_eq "$(reader)" '[null,5,"x"]
[null,5,"x"]'
    assert_eq "$(reader --avro-unions=tagged | tail -n 1)" '[null,{"long":5},{"string":"x"}]'
    run -64 reader --avro-unions both
}

@test "a record that is not Avro of its schema is a reject that says where, and keeps its bytes" {
    register a "$(login_schema)"
    register b '"long"'
    login | writer --schema-id 1
    timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$topic" -D '' >good
    head -c -3 good >short
    { cat good && printf x; } >long
    printf '{"a":1}' >plain
    printf '\0\0' >header
    frame 7 </dev/null >unknown
    frame 2 <good >other
    for record in short long plain header unknown other; do produce_file "$record"; done
    reader >out 2>err --stats stats
    cmp out <(login)
    assert_ledger_adds_up stats
    assert_eq "$(reject .reject | tr '\n' ' ')" \
        'not_avro not_avro bad_schema bad_schema bad_schema not_avro '
    assert_eq "$(reject '.field // "-"' | tr '\n' ' ')" 'timestamp - - - - - '
    assert_eq "$(reject .detail)" 'the data ends in the middle of the value, at byte 11, by schema 1
1 bytes are left over after the value, by schema 1
does not begin with the byte 0 and the id of a schema
does not begin with the byte 0 and the id of a schema
schema 7: the registry has no such schema
18 bytes are left over after the value, by schema 2'
    assert_eq "$(reject .offset | tr '\n' ' ')" '1 2 3 4 5 6 '
    # The bytes are text, or in base64.
    n=0
    for record in short long plain header unknown other; do
        n=$((n + 1))
        sed -n ${n}p err | jq -j '.raw // ""' >got
        sed -n ${n}p err | jq -r '.raw_b64 // ""' | base64 -d >>got
        cmp got $record
    done
}

@test "a line that does not fit the schema is a reject that says where" {
    register "$topic-value" "$(login_schema)"
    cat >in <<'END'
{"user_id":"u1","timestamp":5}
{"user_id":1,"timestamp":5}
{"timestamp":5}
{"user_id":"u1","timestamp":5,"user":"x"}
{"user_id":"u1","timestamp":"yesterday"}
no
END
    writer <in 2>err --stats stats
    assert_ledger_adds_up stats
    assert_eq "$(reader)" '{"user_id":"u1","device_type":null,"timestamp":"1970-01-01T00:00:00.005Z"}'
    assert_eq "$(reject '.reject + " " + (.field // "-")')" 'not_avro user_id
not_avro user_id
not_avro user
not_avro timestamp
not_json -'
    assert_eq "$(jq -r .raw err)" "$(tail -n +2 in)"
    assert_eq "$(reject .detail | head -n 4)" '1 does not fit string, by schema 1
is missing, and has no default, by schema 1
com.example.Login has no such field, by schema 1
the string '"'yesterday'"' does not fit long, by schema 1'
}

@test "tombstones and records without a key pass" {
    register "$topic-value" '["null","long"]'
    register "$topic-key" '"string"'
    printf '5\nnull\n' | timeout 20 kcat-out -t "$topic" -s avro -r "$url" -k key -Z
    echo null | writer
    timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$topic" -f '%K %S\n' >sizes
    assert_eq "$(<sizes)" '9 7
9 -1
-1 6'
    assert_eq "$(reader)" '5
null
null'
    # The text null is not a tombstone.
    printf null >null
    produce_file null
    run -0 --separate-stderr reader
    assert_eq "$(jq -r .reject <<<"$stderr")" bad_schema
}

@test "a key is the text of a string, or JSON" {
    register "$topic-key" '"string"'
    register ids '{"type":"record","name":"Id","fields":[{"name":"n","type":"long"}]}'
    echo '{"a":"5","b":{"n":7}}' >in
    kcat-out -t "$topic" -s key=avro -r "$url" --key a <in
    kcat-out -t "$topic" -s key=avro -r "$url" --key-jq .b --key-subject ids <in
    run -0 --separate-stderr kcat-out -t "$topic" -s key=avro -r "$url" -k text --key-schema-id 2 <in
    assert_eq "$(jq -r '.reject + ": " + .detail' <<<"$stderr")" \
        "not_avro: key: the string 'text' does not fit Id, by schema 2"
    timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$topic" -f '%k;' | od -An -v -tx1 | tr -d ' \n' >keys
    assert_eq "$(<keys)" 000000000102353b00000000020e3b
}

@test "values of a JSON Schema are JSON after a header" {
    register "$topic-value" '{"type":"object"}' JSON
    register avro '"long"'
    printf '{"a":\n [1]}' | frame 1 >json
    produce_file json
    echo '{"b":2.50}' | kcat-out -t "$topic" -s value=json -r "$url"
    echo 5 | writer --subject avro
    printf '{"a":' | frame 1 >broken
    produce_file broken
    reader -s value=json >out 2>err
    assert_eq "$(<out)" '{"a":  [1]}
{"b":2.50}'
    assert_eq "$(reject '.reject + ": " + .detail' | head -n 1)" \
        'bad_schema: schema 2: is of Avro, not of JSON Schema'
    assert_eq "$(reject .reject | tail -n 1)" not_json
    run -78 --separate-stderr writer --subject "$topic-value"
    assert_match "$stderr" ": subject $topic-value: the schema is not of Avro"
}

@test "Protobuf is refused, in the options and in records" {
    run -64 --separate-stderr kcat-in -s value=protobuf -r "$url" "$topic"
    assert_match "$stderr" '^kcat-in: (-s|--serde): protobuf is not supported; only avro and json are'
    register "$topic-value" 'syntax = "proto3";' PROTOBUF
    frame 1 <<<x >record
    produce_file record
    run -0 --separate-stderr reader
    assert_eq "$(jq -r .detail <<<"$stderr")" 'schema 1: is of Protobuf, not of Avro'
}

@test "a schema of the registry that is no Avro makes rejects" {
    register "$topic-value" '{"type":"record"}'
    frame 1 <<<x >record
    produce_file record
    run -0 --separate-stderr reader
    assert_eq "$(jq -r '.reject + ": " + .detail' <<<"$stderr")" \
        'bad_schema: schema 1: a record, enum or fixed without a name'
}

@test "kcat-out looks a schema up, and registers it only with --register" {
    login_schema >login.avsc
    run -69 --separate-stderr writer --schema login.avsc </dev/null
    assert_eq "$stderr" "kcat-out: login.avsc: subject $topic-value does not have this schema; register it, or give --register"
    requests >/dev/null
    login | writer --schema login.avsc --register
    login | writer --schema login.avsc --register
    login | writer --schema login.avsc
    assert_eq "$(requests)" "POST /subjects/$topic-value
POST /subjects/$topic-value/versions
POST /subjects/$topic-value
POST /subjects/$topic-value"
    assert_eq "$(reader | sort -u)" "$(login)"
    login | writer --schema login.avsc --register --subject 'a/b c'
    assert_match "$(requests)" 'POST /subjects/a%2Fb%20c/versions'
    echo '{"type":' >bad.avsc
    run -78 --separate-stderr writer --schema bad.avsc
    assert_match "$stderr" '^kcat-out: bad.avsc: not an Avro schema: not JSON: '
    run -78 --separate-stderr writer --schema none.avsc
    assert_eq "$stderr" "kcat-out: none.avsc: No such file or directory"
    run -69 --separate-stderr writer --schema-id 99
    assert_eq "$stderr" 'kcat-out: schema 99: the registry does not have it'
    run -69 --separate-stderr writer --subject none
    assert_eq "$stderr" 'kcat-out: subject none: the registry does not have it'
}

@test "only lines for the main topic are written as Avro" {
    register "$topic-value" "$(login_schema)"
    {
        login
        echo '{"insight":"x","key":"k"}'
        echo '{"reject":"bad_ip","raw":"x"}'
    } | writer --route "insight=$topic-i" --route "reject=$topic-r"
    assert_eq "$(reader)" "$(login)"
    assert_eq "$(read_topic "$topic-i" "$topic-r" | sort)" '{"insight":"x","key":"k"}
{"reject":"bad_ip","raw":"x"}'
}

@test "a text that would be longer than --max-line is a reject" {
    register "$topic-value" '{"type":"array","items":"null"}'
    { printf '\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01'; } | frame 1 >bomb
    produce_file bomb
    run -0 --separate-stderr reader --max-line 100k
    assert_eq "$(jq -r '.reject + ": " + .detail' <<<"$stderr")" \
        'too_long: as JSON it is longer than 102400 bytes'
}

@test "the filter and the marks see the decoded record" {
    register "$topic-value" "$(login_schema)"
    { login && login | sed s/u1/u2/; } | writer
    reader -j 'select(.user_id == "u2") | .timestamp' >out
    assert_eq "$(<out)" '"2023-09-12T00:45:51Z"'
    reader --marks --time-field timestamp >out
    assert_eq "$(tail -n 1 out | jq .watermark)" 1694479551000
}

@test "options that do not belong together are usage errors" {
    run -64 --separate-stderr kcat-in -s value=avro "$topic"
    assert_match "$stderr" '^kcat-in: -s: needs a Schema Registry: give its URL with -r'
    run -64 --separate-stderr kcat-in -r "$url" "$topic"
    assert_match "$stderr" '^kcat-in: -r: needs -s'
    run -64 --separate-stderr kcat-in -s value=xml -r "$url" "$topic"
    assert_match "$stderr" "'xml' is not avro or json"
    run -64 --separate-stderr kcat-in -s value=avro -r ftp://x "$topic"
    assert_match "$stderr" 'not a URL that begins with http:// or https://'
    run -64 writer --register
    run -64 writer --schema a --schema-id 1
    run -64 writer --schema-id 1 --subject a
    run -64 writer --key-schema a
    run -64 writer --schema-id 3000000000
    run -64 kcat-in -X schema.registry.urls=x "$topic"
}

@test "keys are JSON in envelopes and with -K, and kcat-out -J writes them again" {
    register "$topic-value" '"long"'
    register "$topic-key" '{"type":"record","name":"Id","fields":[{"name":"n","type":"long"}]}'
    register names '"string"'
    register json '{"type":"string"}' JSON
    echo 5 | timeout 20 kcat-out -t "$topic" -s avro -r "$url" -k '{"n":7}'
    echo 6 | writer
    timeout 60 kcat-in -e -J -s avro -r "$url" "$topic" >envelopes
    assert_eq "$(jq -c '[.key, .value]' envelopes)" '[{"n":7},5]
[null,6]'
    assert_eq "$(timeout 60 kcat-in -e -K : -s avro -r "$url" "$topic" | head -n 1)" '{"n":7}:5'
    timeout 60 kcat-out -J -t "$topic-b" -s avro -r "$url" --subject "$topic-value" \
        --key-subject "$topic-key" <envelopes
    for name in "$topic" "$topic-b"; do
        timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$name" -f '%K %k %S %s\n' >"bytes.$name"
    done
    cmp "bytes.$topic" "bytes.$topic-b"
    # A key that is not what -s says is a reject, which has the bytes of key and value.
    echo 7 | timeout 20 kcat-out -t "$topic-c" -s value=avro -r "$url" --subject "$topic-value" -k plain
    timeout 60 kcat-in -e -J -s avro -r "$url" "$topic-c" 2>err
    assert_eq "$(jq -c '[.reject, .key, .raw]' err)" '["bad_schema","plain","\u0000\u0000\u0000\u0000\u0001\u000e"]'
    # A key in JSON is one line.
    printf '"a\\n"\n' >text
    timeout 20 kcat-out -t "$topic-d" -s key=json -r "$url" --key-subject json -k "$(printf '\n"x"')" <text
    assert_eq "$(timeout 60 kcat-in -e -J -s key=json -r "$url" "$topic-d" | jq -c .key)" '"x"'
}

@test "--tee passes on the lines that were read, not their bytes in Avro" {
    register "$topic-value" "$(login_schema)"
    assert_eq "$(login | writer --tee)" "$(login)"
}

@test "a key that is a string is the same after kcat-in -K and kcat-out -K" {
    register "$topic-key" '"string"'
    register "$topic-value" '"long"'
    printf '%s\n' 'u1:1' '"u2":2' 'u\3:3' ':4' >lines
    kcat-out -t "$topic" -s avro -r "$url" -K : <lines
    timeout 60 kcat-in -e -K : -s avro -r "$url" "$topic" >again
    cmp again lines
    kcat-out -t "$topic-b" -s avro -r "$url" -K : --subject "$topic-value" --key-subject "$topic-key" <again
    dump() { timeout 20 kcat -C -e -q -b "$BOOTSTRAP_SERVERS" -t "$1" -f '%K %k %S %s\n' | sort; }
    dump "$topic" >a
    dump "$topic-b" | cmp - a
}

@test "keys that are not printed need not be what -s says" {
    register "$topic-value" '"long"'
    echo 7 | kcat-out -t "$topic" -s value=avro -r "$url" -k plain
    assert_eq "$(reader -s avro)" 7
    assert_eq "$(reader -s avro -f '%s\n')" 7
    assert_eq "$(reader -s avro -f '%k\n' --rejects rejects; jq -r .reject rejects)" bad_schema
}
