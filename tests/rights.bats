#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in and kcat-out: what they say, and their exit status, when a broker refuses a right, a password or a
# certificate, or when its listener speaks another protocol.
#
# bats file_tags=kafka,long

load helpers

# The tests share one broker with several listeners (see broker/kafka). carol never gets WRITE on any topic.
setup() {
    begin
    need_kafka
    export LOGINPIPE_KAFKA_SECURE=1
    start_own_kafka
    out=$(fresh_topic out)
    group=g-$topic
    me=alice
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

# login TOOL [OPTION]...: runs it as $me, with the password $password, for at most 40 seconds.
login() {
    local tool=$1
    shift
    (umask 077 && echo "sasl.password=${password:-$me-secret}" >"settings-$me-$BASHPID" &&
        timeout 40 "$tool" -F "settings-$me-$BASHPID" -b "$KAFKA_SASL" -X security.protocol=SASL_PLAINTEXT \
            -X sasl.mechanism=PLAIN -X sasl.username="$me" "$@")
}

# fails_with STATUS MESSAGE TOOL [OPTION]...: it fails with this status within 5 seconds, and its last message is this.
fails_with() {
    local status=0 began=$EPOCHSECONDS
    "${@:3}" >stdout 2>stderr || status=$?
    assert_eq "$status: $(tail -n 1 stderr)" "$1: $2"
    [ $((EPOCHSECONDS - began)) -le 5 ]
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
        declare -f login
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

# --- Reading ---

@test "kcat-in names the topic that it may not read" {
    make_topics
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in "$topic"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in -G "$group" "$topic"
    # It may know the topic, but not read it.
    allow DESCRIBE topic "$topic" , "$me" READ group "$group"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in "$topic"
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic" login kcat-in -G "$group" "$topic"
    fails_with 69 "kcat-in: topic ^${topic}x: no topic matches that this user may DESCRIBE" \
        login kcat-in "^${topic}x"
}

@test "a topic that does not exist is refused as well to a user without rights" {
    fails_with 77 "kcat-in: not authorized: needs READ on topic $topic-no" login kcat-in "$topic-no"
    fails_with 77 "kcat-out: not authorized: needs WRITE on topic $topic-no" login kcat-out -t "$topic-no"
}

@test "kcat-in names the group that it may not use" {
    make_topics
    allow READ topic "$topic"
    mkfifo acks
    local refused="kcat-in: not authorized: needs READ on group $group"
    fails_with 77 "$refused" login kcat-in -G "$group" "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --marks "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --acks acks "$topic"
    # It may see the group's offsets, but not commit.
    allow DESCRIBE group "$group"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 "$topic"
    fails_with 77 "$refused" login kcat-in -G "$group" --shard 0/1 --acks acks "$topic"
}

@test "kcat-in ends when the right to read the topic is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    for options in "" "-G $group"; do
        keep_producing
        start_script <<<"login kcat-in $options \$topic >records"
        wait_until 10 has_lines 101 records
        take READ topic "$topic"
        is_refused "kcat-in: not authorized: needs READ on topic $topic"
        allow READ topic "$topic"
        rm records
    done
}

@test "kcat-in ends when the right to use the group is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    # The last one stays a member for a while, since it may not leave the group either.
    for options in "-G $group --shard 0/1" "-G $group --shard 0/1 --marks" "-G $group"; do
        rm -f records
        keep_producing
        start_script <<<"login kcat-in -o beginning $options \$topic >records"
        wait_until 10 has_lines 1 records
        take READ group "$group"
        is_refused "kcat-in: not authorized: needs READ on group $group"
        allow READ group "$group"
    done
}

@test "an at-least-once pipe ends when the right to use the group is taken away" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group"
    keep_producing
    mkfifo acks
    # shellcheck disable=SC2016 # for the script
    start_script <<<'set -o pipefail
        (login kcat-in -G $group --shard 0/1 --acks acks --marks=100ms $topic; echo $? >status) |
            kcat-out --acks acks -t $out || exit "$(<status)"'
    wait_until 10 has_records 101 "$out"
    take READ group "$group"
    is_refused "kcat-in: not authorized: needs READ on group $group"
}

# --- Writing ---

@test "kcat-out names the topic that it may not write" {
    make_topics
    local refused="kcat-out: not authorized: needs WRITE on topic $out"
    create_topic "$out-2"
    fails_with 77 "$refused" login kcat-out -t "$out" <<<1
    allow DESCRIBE topic "$out" , "$me" WRITE topic "$out-2"
    fails_with 77 "$refused" login kcat-out -t "$out" <<<1
    fails_with 77 "$refused" login kcat-out -t "$out" --tee <<<1
    fails_with 77 "$refused" login kcat-out -t "$out-2" --route "n=$out" <<<'{"n":1}'
    # It does not wait for the end of its input, and keeps what was not written.
    fails_with 77 "$refused" login kcat-out -t "$out" --undelivered later < <(yes 2>/dev/null)
    [ "$(sort -u later)" = y ]
    # A user who may write nowhere cannot even begin.
    me=carol
    allow DESCRIBE topic "$out"
    fails_with 77 "$refused, or, before Kafka 2.8, IDEMPOTENT_WRITE on cluster" login kcat-out -t "$out" <<<1
}

@test "kcat-out names the right to create a topic" {
    create_topic "$out"
    allow WRITE topic "$out"
    fails_with 77 "kcat-out: not authorized: needs CREATE on topic $out-new, or CREATE on cluster" \
        login kcat-out -t "$out-new" --create <<<1
    allow CREATE topic "$out-new" , "$me" WRITE topic "$out-new"
    login kcat-out -t "$out-new" --create <<<1
}

@test "kcat-out ends when the right to write is taken away" {
    make_topics
    allow WRITE topic "$out" , "$me" DESCRIBE topic "$out"
    for options in "" --tee; do
        # shellcheck disable=SC2016 # for the script
        start_script <<<"set -o pipefail
            while sleep 0.05; do echo 1; done | login kcat-out -t \$out $options >records"
        wait_until 10 is_growing "$out"
        take WRITE topic "$out"
        is_refused "kcat-out: not authorized: needs WRITE on topic $out"
        allow WRITE topic "$out"
    done
}

is_growing() {
    local before
    before=$(read_topic "$1" | wc -l)
    [ "$before" -gt 0 ] && wait_until 2 has_records $((before + 1)) "$1"
}

# sink_pipe OPTION...: a pipe whose sink has the rights of $me, and whose source has all.
sink_pipe() {
    start_script <<<"set -o pipefail
        kcat-in -G \$group --shard 0/1 --marks=100ms $1 \$topic | login kcat-out $2 -t \$out"
}

@test "an at-least-once pipe ends when the right to write is taken away" {
    make_topics
    allow WRITE topic "$out" , "$me" DESCRIBE topic "$out"
    keep_producing
    mkfifo acks
    sink_pipe "--acks acks" "--acks acks"
    wait_until 10 has_records 101 "$out"
    take WRITE topic "$out"
    is_refused "kcat-out: not authorized: needs WRITE on topic $out"
}

# --- Transactions ---

@test "kcat-out --exactly-once names each right that it lacks at the start" {
    make_topics
    kcat-in -e -G "$group" --shard 0/1 --marks "$topic" >stream
    # Without WRITE on any topic, not even the idempotent producer could begin.
    create_topic "$out-2"
    allow DESCRIBE topic "$out" , "$me" WRITE topic "$out-2"
    local sink=(login kcat-out --exactly-once -t "$out")
    fails_with 77 "kcat-out: not authorized: needs WRITE on transactional id loginpipe.$group.0/1" "${sink[@]}" <stream
    fails_with 77 "kcat-out: not authorized: needs WRITE on transactional id mine" \
        "${sink[@]}" --transactional-id mine <stream
    allow WRITE transactional-id "loginpipe.$group*"
    fails_with 77 "kcat-out: not authorized: needs READ on group $group" "${sink[@]}" <stream
    allow DESCRIBE group "$group"
    fails_with 77 "kcat-out: not authorized: needs READ on topic $topic" "${sink[@]}" <stream
    allow DESCRIBE topic "$topic"
    fails_with 77 "kcat-out: not authorized: needs READ on group $group" "${sink[@]}" <stream
    allow READ group "$group"
    fails_with 77 "kcat-out: not authorized: needs READ on topic $topic" "${sink[@]}" <stream
    allow READ topic "$topic"
    fails_with 77 "kcat-out: not authorized: needs WRITE on topic $out" "${sink[@]}" <stream
    allow WRITE topic "$out"
    "${sink[@]}" <stream
    assert_eq "$(read_topic "$out" | wc -l)" 100
}

@test "kcat-out --exactly-once ends when a right is taken away" {
    make_topics
    local rights=("WRITE topic $out" "READ group $group" "READ topic $topic"
        "WRITE transactional-id loginpipe.$group*")
    local words=("WRITE on topic $out" "READ on group $group" "READ on topic $topic"
        "WRITE on transactional id loginpipe.$group.0/1")
    allow DESCRIBE topic "$out" , "$me" DESCRIBE topic "$topic"
    allow "${rights[0]}" , "$me" "${rights[1]}" , "$me" "${rights[2]}" , "$me" "${rights[3]}"
    for i in "${!rights[@]}"; do
        keep_producing
        sink_pipe "" --exactly-once
        wait_until 10 is_growing "$out"
        take "${rights[i]}"
        is_refused "kcat-out: not authorized: needs ${words[i]}"
        allow "${rights[i]}"
    done
}

@test "a transaction timeout above the broker's limit names the broker's setting" {
    make_topics
    kcat-in -e -G "$group" --shard 0/1 --marks "$topic" >stream
    fails_with 78 "kcat-out: producer: transaction.timeout.ms is above the broker's \
transaction.max.timeout.ms: lower it with -X, or raise the broker's" \
        kcat-out --exactly-once -t "$out" -X transaction.timeout.ms=900001 <stream
}

# --- Passwords ---

@test "a wrong password is the first and only message" {
    local password=no wrong="SASL authentication error: Authentication failed: Invalid username or password"
    fails_with 77 "kcat-in: broker $KAFKA_SASL: $wrong" login kcat-in "$topic"
    assert_eq "$(wc -l <stderr)" 1
    fails_with 77 "kcat-in: broker $KAFKA_SASL: $wrong" login kcat-in "^$topic"
    fails_with 77 "kcat-out: broker $KAFKA_SASL: $wrong" login kcat-out -t "$out"
    assert_eq "$(wc -l <stderr)" 1
}

@test "--check names a wrong password and a missing right" {
    make_topics
    password=wrong fails_with 77 '' login kcat-in --check "$topic"
    assert_match "$(<stdout)" "^failed: .*Authentication failed"
    for tool in kcat-in kcat-out; do
        fails_with 77 '' login $tool --check -t "$topic"
        assert_eq "$(tail -n 1 stdout)" "failed: $tool: not authorized: needs $(
            [ $tool = kcat-in ] && echo READ || echo WRITE) on topic $topic"
    done
}

@test "SCRAM works, or a message says which librdkafka it needs" {
    make_topics
    allow READ topic "$topic"
    local status=0
    for bits in 256 512; do
        if login kcat-in -e -X "sasl.mechanism=SCRAM-SHA-$bits" "$topic" >records 2>err; then
            assert_eq "$(wc -l <records)" 100
        else
            assert_match "$(<err)" 'SCRAM with Kafka 4 needs librdkafka 2\.6\.1 or later, and this is [0-9.]+$'
            assert_eq "$(wc -l <err)" 1
        fi
        password=no login kcat-in -e -X "sasl.mechanism=SCRAM-SHA-$bits" "$topic" 2>err || status=$?
        assert_eq "$status" 77
    done
}

# --- Listeners ---

# over_tls ADDRESS CA [OPTION]...: reads a topic.
over_tls() {
    timeout 20 kcat-in -e -b "$1" -X security.protocol=ssl -X ssl.ca.location="$KAFKA_TEST_DIR/$2" "${@:3}" "$topic"
}

@test "a certificate that is not accepted is a clear refusal" {
    make_topics
    local it="kcat-in: broker $KAFKA_SSL: its certificate" dir=$KAFKA_TEST_DIR
    local with=(-X "ssl.certificate.location=$dir/client.pem" -X "ssl.key.location=$dir/client.key")
    over_tls "$KAFKA_SSL" ca.pem >records
    assert_eq "$(wc -l <records)" 100
    fails_with 77 "$it is signed by an unknown CA; does ssl.ca.location name the broker's CA?" \
        over_tls "$KAFKA_SSL" other-ca.pem
    fails_with 77 "kcat-in: broker localhost:${KAFKA_SSL#*:}: its certificate is not for this host name" \
        over_tls "localhost:${KAFKA_SSL#*:}" ca.pem
    run -77 --separate-stderr over_tls "$KAFKA_MTLS" ca.pem
    assert_match "$stderr" "^kcat-in: broker $KAFKA_MTLS: wants a certificate of the client: set \
ssl.certificate.location and ssl.key.location \\([^()]*\\)$"
    run -77 --separate-stderr over_tls "$KAFKA_MTLS" ca.pem "${with[@]//client/other-ca}"
    assert_eq "${#stderr_lines[@]}" 1
    assert_match "$stderr" "^kcat-in: broker $KAFKA_MTLS: does not accept the client's certificate: .*alert"
    "$BATS_TEST_DIRNAME/broker/acl" allow CN=client READ topic "$topic"
    over_tls "$KAFKA_MTLS" ca.pem "${with[@]}" >records
    assert_eq "$(wc -l <records)" 100
    over_tls "$KAFKA_SSL" other-ca.pem -X enable.ssl.certificate.verification=false >records
    assert_eq "$(wc -l <records)" 100
}

@test "a listener that speaks another protocol is named at once" {
    local is="the listener is SSL, and security.protocol is"
    local is_not="the listener is not SSL, and security.protocol is"
    fails_with 78 "kcat-in: broker $KAFKA_SSL: $is plaintext; is it right?" kcat-in -b "$KAFKA_SSL" "$topic"
    fails_with 78 "kcat-out: broker $KAFKA_SSL: $is plaintext; is it right?" kcat-out -b "$KAFKA_SSL" -t "$out"
    fails_with 78 "kcat-in: broker $KAFKA_SSL: $is sasl_plaintext; is it right?" \
        login kcat-in -b "$KAFKA_SSL" "$topic"
    fails_with 78 "kcat-in: broker $BOOTSTRAP_SERVERS: $is_not ssl; is it right?" \
        over_tls "$BOOTSTRAP_SERVERS" ca.pem
    fails_with 78 "kcat-in: broker $KAFKA_SASL: $is_not sasl_ssl; is it right?" \
        login kcat-in -X security.protocol=sasl_ssl "$topic"
    fails_with 78 "kcat-in: broker $KAFKA_SASL: the listener wants a login, and security.protocol is plaintext; \
is it right?" kcat-in -b "$KAFKA_SASL" "$topic"
    fails_with 78 "kcat-in: broker $BOOTSTRAP_SERVERS: the listener takes no login, and security.protocol is \
sasl_plaintext; is it right?" login kcat-in -b "$BOOTSTRAP_SERVERS" "$topic"
}

@test "a port that closes every connection, like that of a proxy without its broker, is waited for" {
    cat >closer <<'END'
import socket
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    listener.accept()[0].close()
END
    start python3 closer >port
    wait_until 10 test -s port
    for protocol in plaintext ssl; do
        run -69 --separate-stderr timeout 20 kcat-in --wait 2s -b "127.0.0.1:$(<port)" \
            -X security.protocol="$protocol" "$topic"
        assert_match "$stderr" "kcat-in: broker: not reachable within 2s: 127.0.0.1:$(<port): "
    done
}

@test "a first connection that breaks is not taken for that of a listener that wants a login" {
    cat >breaker <<'END'
import socket, sys, threading

def forward(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    sink.close()

broker = sys.argv[1].rsplit(":", 1)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
first = True
while True:
    client = listener.accept()[0]
    server = socket.create_connection(broker)
    if first:  # librdkafka asks for the versions, and then for the topics
        first = False
        server.sendall(client.recv(65536))
        client.sendall(server.recv(65536))
        client.recv(65536)
        client.close()
        continue
    threading.Thread(target=forward, args=(client, server), daemon=True).start()
    threading.Thread(target=forward, args=(server, client), daemon=True).start()
END
    make_topics
    start python3 breaker "$BOOTSTRAP_SERVERS" >port
    wait_until 10 test -s port
    timeout 30 kcat-in -e -b "127.0.0.1:$(<port)" "$topic" >records 2>err
    assert_eq "$(wc -l <records)" 100
    # Otherwise this would test nothing.
    assert_match "$(<err)" 'not reachable, waiting for it: .*might require SASL authentication'
}

@test "a broker that starts again ends no pipe that it has served" {
    make_topics
    allow READ topic "$topic" , "$me" READ group "$group" , "$me" WRITE topic "$out"
    keep_producing
    start kcat-in -b "$KAFKA_SSL" -X security.protocol=ssl -X ssl.ca.location="$KAFKA_TEST_DIR/ca.pem" "$topic" \
        >tls 2>tls.err
    local tls=$!
    # shellcheck disable=SC2016 # for the script
    start_script <<<'set -o pipefail
        login kcat-in -G $group $topic | login kcat-out -t $out'
    wait_until 10 has_lines 101 tls
    wait_until 10 has_records 101 "$out"
    own_kafka kill
    own_kafka restart >/dev/null
    echo '"after"' | produce "$topic"
    wait_until 30 grep -qx '"after"' tls
    wait_until 30 has_record '"after"' "$out"
    # It went on, and says nothing else.
    kill -0 "$tls" "$pid"
    assert_eq "$(sort -u tls.err err | grep -cv 'not reachable, waiting for it: ')" 0
}

has_record() {
    read_topic "$2" | grep -qxF "$1"
}
