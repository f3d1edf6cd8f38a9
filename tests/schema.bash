# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/schema*.bats: a broker in memory, a server that stands in for a Schema Registry, and
# schemas. tests/registry/server describes how it is told to misbehave.

setup() {
    begin
    start_broker
    # shellcheck disable=SC2119 # it needs no options
    start_registry
}

start_broker() {
    start kcat-broker -t "$topic:1" >address
    wait_until 10 test -s address
    BOOTSTRAP_SERVERS=$(<address)
    export BOOTSTRAP_SERVERS
}

# start_registry [OPTION]...: starts the server, and sets $url.
# shellcheck disable=SC2120
start_registry() {
    rm -f url
    start python3 "$BATS_TEST_DIRNAME/registry/server" "$@" url
    wait_until 20 test -e url
    url=$(<url)
}

# misbehave JSON: tells the server how to answer the next requests.
misbehave() {
    curl -sf -X PUT "$url/_test/next" -d "$1" >/dev/null
}

# What the server was asked since the last call.
requests() {
    curl -sf "$url/_test/log"
}

# register SUBJECT SCHEMA [TYPE [REFERENCES]]: prints the id.
register() {
    jq -n --arg schema "$2" --arg type "${3:-AVRO}" --argjson references "${4:-[]}" \
        '{$schema, schemaType: $type, $references}' |
        curl -sf "$url/subjects/$1/versions" -d @- | jq .id
}

# The schema of a login, as in the examples.
login_schema() {
    cat <<'END'
{"type": "record", "name": "Login", "namespace": "com.example", "fields": [
  {"name": "user_id", "type": "string"},
  {"name": "device_type", "type": ["null", "string"], "default": null},
  {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}
END
}

# A login that fits.
login() {
    echo '{"user_id":"u1","device_type":"iOS","timestamp":"2023-09-12T00:45:51Z"}'
}

# frame ID: puts the header of the wire format before what it reads.
frame() {
    printf '\0'
    # shellcheck disable=SC2059 # the format holds escapes
    printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) \
        $(($1 >> 8 & 255)) $(($1 & 255)))"
    cat
}

# produce_file FILE: writes the bytes of a file as one record.
produce_file() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -P -t "$topic" "$1"
}

# reader [OPTION]...: reads $topic to its end, with its values as Avro.
reader() {
    timeout 60 kcat-in -e -s value=avro -r "$url" "$topic" "$@"
}

# writer [OPTION]... <lines: writes them to $topic as Avro.
writer() {
    timeout 60 kcat-out -t "$topic" -s value=avro -r "$url" "$@"
}

# confluent-kafka for Python, which judges what we read and write. It brings its own librdkafka.
need_peer() {
    need_python
    peer=("$BATS_TEST_DIRNAME/python" "$BATS_TEST_DIRNAME/registry/peer")
}
