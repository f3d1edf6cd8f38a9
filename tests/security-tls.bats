#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in and kcat-out with TLS on a real Kafka: which certificates are accepted on both sides, what the tools say of the
# others, and listeners that speak another protocol.
#
# bats file_tags=kafka,long

load helpers
load security

# over_tls ADDRESS [OPTION]...: reads a topic from a listener whose certificate ca.pem should have signed.
over_tls() {
    timeout 20 kcat-in -e -b "$1" -X security.protocol=ssl -X ssl.ca.location="$KAFKA_TEST_DIR/ca.pem" "${@:2}" "$topic"
}

# with_certificate NAME [OPTION]...: the same from the listener that wants a certificate of the client.
with_certificate() {
    over_tls "$KAFKA_MTLS" -X ssl.certificate.location="$KAFKA_TEST_DIR/$1.pem" \
        -X ssl.key.location="$KAFKA_TEST_DIR/$1.key" "${@:2}"
}

# reads COMMAND...: it reads all records of $topic, and says nothing.
reads() {
    "$@" >records 2>err
    assert_eq "$(wc -l <records)" 100
    assert_eq "$(<err)" ''
}

# --- The broker's certificate ---

@test "a certificate of the broker that the CA has signed is accepted" {
    make_topics
    reads over_tls "$KAFKA_SSL"
    echo '{"n":101}' | timeout 20 kcat-out -b "$KAFKA_SSL" -X security.protocol=ssl \
        -X ssl.ca.location="$KAFKA_TEST_DIR/ca.pem" -t "$out"
    assert_eq "$(read_topic "$out")" '{"n":101}'
}

@test "each thing that is wrong with the broker's certificate is named in one line" {
    local it="its certificate"
    says_only 77 "kcat-in: broker $KAFKA_EXPIRED: $it has expired" over_tls "$KAFKA_EXPIRED"
    says_only 77 "kcat-in: broker $KAFKA_EARLY: $it is not valid yet; is this machine's clock right?" \
        over_tls "$KAFKA_EARLY"
    says_only 77 "kcat-in: broker $KAFKA_ELSEWHERE: $it is not for this IP address" over_tls "$KAFKA_ELSEWHERE"
    says_only 77 "kcat-in: broker localhost:${KAFKA_SSL#*:}: $it is not for this host name" \
        over_tls "localhost:${KAFKA_SSL#*:}"
    says_only 77 "kcat-in: broker $KAFKA_SSL: $it is signed by an unknown CA; does ssl.ca.location name the broker's CA?" \
        over_tls "$KAFKA_SSL" -X ssl.ca.location="$KAFKA_TEST_DIR/other-ca.pem"
    says_only 77 "kcat-in: broker $KAFKA_SSL: $it is revoked" \
        over_tls "$KAFKA_SSL" -X ssl.crl.location="$KAFKA_TEST_DIR/crl.pem"
    says_only 77 "kcat-in: broker $KAFKA_SSL: $it cannot be checked: ssl.crl.location has no revocation list of its CA" \
        over_tls "$KAFKA_SSL" -X ssl.crl.location="$KAFKA_TEST_DIR/ca.pem"
    # The system's authorities did not sign it either.
    says_only 77 "kcat-out: broker $KAFKA_SSL: $it is signed by an unknown CA; does ssl.ca.location name the broker's CA?" \
        kcat-out -b "$KAFKA_SSL" -X security.protocol=ssl -t "$out"
    says_only 77 "kcat-out: broker $KAFKA_EXPIRED: $it has expired" kcat-out -b "$KAFKA_EXPIRED" \
        -X security.protocol=ssl -X ssl.ca.location="$KAFKA_TEST_DIR/ca.pem" -t "$out"
}

@test "a user may choose to check less of the broker's certificate" {
    make_topics
    reads over_tls "$KAFKA_EXPIRED" -X enable.ssl.certificate.verification=false
    reads over_tls "$KAFKA_ELSEWHERE" -X ssl.endpoint.identification.algorithm=none
    # The chain is checked still.
    says_only 77 "kcat-in: broker $KAFKA_EXPIRED: its certificate has expired" \
        over_tls "$KAFKA_EXPIRED" -X ssl.endpoint.identification.algorithm=none
}

@test "the password is not sent to a broker whose certificate is wrong" {
    # The user is unknown, which the broker would say of any login that reached it.
    me=nobody says_only 77 "kcat-in: broker localhost:${KAFKA_SASL_SSL#*:}: its certificate is not for this host name" \
        login_by PLAIN kcat-in -b "localhost:${KAFKA_SASL_SSL#*:}" "$topic"
}

# --- The client's certificate ---

@test "a certificate of the client that the broker's CA has signed is accepted, and names the user" {
    make_topics
    me=CN=client
    says_only 77 "kcat-in: not authorized: needs READ on topic $topic" with_certificate client
    allow READ topic "$topic"
    reads with_certificate client
    (umask 077 && echo secret >password)
    reads with_certificate client-locked -X ssl.key.password=@password
    cat "$KAFKA_TEST_DIR/client.key" "$KAFKA_TEST_DIR/client.pem" >both.pem
    reads over_tls "$KAFKA_MTLS" -X ssl.certificate.location=both.pem -X ssl.key.location=both.pem
}

@test "each thing that is wrong with the client's certificate is named in one line" {
    local status=0
    over_tls "$KAFKA_MTLS" 2>err || status=$?
    assert_match "$status: $(<err)" "^77: kcat-in: broker $KAFKA_MTLS: wants a certificate of the client: set \
ssl.certificate.location and ssl.key.location \(TLS alert [0-9]+, [a-z ]+\)$"
    # Java's brokers send the same alert for each of these.
    for name in client-expired client-foreign; do
        says_only 77 "kcat-in: broker $KAFKA_MTLS: does not accept the client's certificate (TLS alert 46, certificate \
unknown); is it valid now, and signed by a CA that the broker knows?" with_certificate $name
    done
}

@test "a file of certificates or keys that cannot be used is named in one line, with the cause" {
    (umask 077 && echo wrong >password)
    local dir=$KAFKA_TEST_DIR
    says_only 78 "kcat-in: ssl.ca.location: none.pem: No such file or directory" \
        over_tls "$KAFKA_SSL" -X ssl.ca.location=none.pem
    says_only 78 "kcat-in: ssl.ca.location: $dir/ca.key: holds no certificate in PEM format" \
        over_tls "$KAFKA_SSL" -X ssl.ca.location="$dir/ca.key"
    says_only 78 "kcat-in: ssl.crl.location: $dir/ca.key: holds no revocation list in PEM format" \
        over_tls "$KAFKA_SSL" -X ssl.crl.location="$dir/ca.key"
    says_only 78 "kcat-in: ssl.certificate.location: none.pem: No such file or directory" \
        with_certificate client -X ssl.certificate.location=none.pem
    says_only 78 "kcat-in: ssl.certificate.location: $dir/client.key: holds no certificate in PEM format" \
        with_certificate client -X ssl.certificate.location="$dir/client.key"
    says_only 78 "kcat-in: ssl.key.location: none.key: No such file or directory" \
        with_certificate client -X ssl.key.location=none.key
    says_only 78 "kcat-in: ssl.key.location: $dir/client.pem: holds no private key in PEM format" \
        with_certificate client -X ssl.key.location="$dir/client.pem"
    says_only 78 "kcat-in: ssl.key.location: $dir/server.key: is not the key of ssl.certificate.location" \
        with_certificate client -X ssl.key.location="$dir/server.key"
    says_only 78 "kcat-in: ssl.key.location: $dir/client-locked.key: is encrypted: set ssl.key.password" \
        with_certificate client-locked
    says_only 78 "kcat-in: ssl.key.location: $dir/client-locked.key: cannot be decrypted; is ssl.key.password right?" \
        with_certificate client-locked -X ssl.key.password=@password
    says_only 78 "kcat-in: ssl.keystore.location: $dir/client.pem: is not in PKCS#12 format; or is \
ssl.keystore.password wrong?" over_tls "$KAFKA_MTLS" -X ssl.keystore.location="$dir/client.pem"
    says_only 78 "kcat-out: ssl.ca.location: none.pem: No such file or directory" \
        kcat-out -b "$KAFKA_SSL" -X security.protocol=ssl -X ssl.ca.location=none.pem -t "$out"
}

@test "a PKCS#12 keystore works too" {
    make_topics
    me=CN=client allow READ topic "$topic"
    openssl pkcs12 -export -in "$KAFKA_TEST_DIR/client.pem" -inkey "$KAFKA_TEST_DIR/client.key" -passout pass:secret \
        -out client.p12
    (umask 077 && echo secret >password)
    # librdkafka loses two empty objects of OpenSSL when it reads the keystore.
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
    reads over_tls "$KAFKA_MTLS" -X ssl.keystore.location=client.p12 -X ssl.keystore.password=@password
}

# --- Listeners ---

@test "a listener that speaks another protocol is named at once" {
    local is="the listener is SSL, and security.protocol is"
    local is_not="the listener is not SSL, and security.protocol is"
    fails_with 78 "kcat-in: broker $KAFKA_SSL: $is plaintext; is it right?" kcat-in -b "$KAFKA_SSL" "$topic"
    fails_with 78 "kcat-out: broker $KAFKA_SSL: $is plaintext; is it right?" kcat-out -b "$KAFKA_SSL" -t "$out"
    fails_with 78 "kcat-in: broker $KAFKA_SSL: $is sasl_plaintext; is it right?" \
        login kcat-in -b "$KAFKA_SSL" "$topic"
    fails_with 78 "kcat-in: broker $BOOTSTRAP_SERVERS: $is_not ssl; is it right?" \
        over_tls "$BOOTSTRAP_SERVERS"
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
