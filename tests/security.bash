# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by security*.bats: a broker with users, rights and certificates, and tools that sign in there.

# The tests of a file share one broker with several listeners (see broker/kafka). carol never gets WRITE on any topic.
setup() {
    begin
    need_kafka
    export LOGINPIPE_KAFKA_SECURE=1
    start_own_kafka
    out=$(fresh_topic out)
    group=g-$topic
    me=alice settings='' most=40
}

teardown_file() {
    stop_own_kafka
}

# allow RIGHT..., take RIGHT...: for $me, such as: READ topic "$topic"
allow() {
    "$BATS_TEST_DIRNAME/broker/acl" allow "$me" "$@"
}

take() {
    "$BATS_TEST_DIRNAME/broker/acl" take "$me" "$@"
}

# login TOOL [OPTION]...: runs it as $me, with the password $password and the settings $settings, for at most $most seconds.
login() {
    local tool=$1
    shift
    (umask 077 && printf '%s\n' "sasl.password=${password:-$me-secret}" "$settings" >"settings-$me-$BASHPID" &&
        timeout "$most" "$tool" -F "settings-$me-$BASHPID" -b "$KAFKA_SASL" -X security.protocol=SASL_PLAINTEXT \
            -X sasl.mechanism=PLAIN -X sasl.username="$me" "$@")
}

# login_by MECHANISM TOOL [OPTION]...: the same over TLS, with this mechanism.
login_by() {
    login "$2" -b "$KAFKA_SASL_SSL" -X security.protocol=SASL_SSL -X ssl.ca.location="$KAFKA_TEST_DIR/ca.pem" \
        -X sasl.mechanism="$1" "${@:3}"
}

# fails_with STATUS MESSAGE TOOL [OPTION]...: it fails with this status within 5 seconds, and its last message is this.
fails_with() {
    local status=0 began=$EPOCHSECONDS
    "${@:3}" >stdout 2>stderr || status=$?
    assert_eq "$status: $(tail -n 1 stderr)" "$1: $2"
    [ $((EPOCHSECONDS - began)) -le 5 ]
}

# says_only STATUS MESSAGE TOOL [OPTION]...: the same, and it says nothing else.
says_only() {
    fails_with "$@"
    assert_eq "$(<stderr)" "$2"
}

# Fills $topic, and creates $out.
make_topics() {
    seq 100 | sed 's/.*/{"n":&}/' | produce "$topic" --create=2
    create_topic "$out" 2
}

# Writes a record to $topic ten times a second.
keep_producing() {
    # shellcheck disable=SC2016 # for the inner shell
    start bash -c 'while sleep 0.1; do echo "{\"n\":$((++n))}"; done | kcat-out -t "$0"' "$topic"
}

# Runs a pipeline in the background that ends with the status of `login`. Its messages go to the file err.
start_script() {
    {
        echo "topic=$topic out=$out group=$group me=$me status=0"
        declare -p settings most
        declare -f login login_by
        cat
    } >script
    start bash script 2>err
    pid=$!
}

# is_refused MESSAGE: the process of start_script ends with 77 and this message.
is_refused() {
    await "$pid" 15
    assert_eq "$status: $(grep -v 'ended without an end mark' err | tail -n 1)" "77: $1"
}
