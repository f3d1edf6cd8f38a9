#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in and kcat-out sign in to a real Kafka, with each kind of login, and say why a login was refused.
#
# bats file_tags=kafka,long

load helpers
load security

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
    assert_match "$(<stdout)" "^failed: .*Authentication failed.*; correct sasl.username and sasl.password$"
    for tool in kcat-in kcat-out; do
        fails_with 77 '' login $tool --check -t "$topic"
        assert_eq "$(tail -n 1 stdout)" "failed: $tool: not authorized: needs $(
            [ $tool = kcat-in ] && echo READ || echo WRITE) on topic $topic"
    done
}

@test "PLAIN works over TLS, and a user who does not exist is refused in one line" {
    make_topics
    allow READ topic "$topic" , alice WRITE topic "$out"
    login_by PLAIN kcat-in -e "$topic" >records
    assert_eq "$(wc -l <records)" 100
    login_by PLAIN kcat-out -t "$out" <records
    assert_eq "$(read_topic "$out" | wc -l)" 100
    local wrong="SASL authentication error: Authentication failed: Invalid username or password"
    me=nobody says_only 77 "kcat-in: broker $KAFKA_SASL_SSL: $wrong" login_by PLAIN kcat-in "$topic"
    me=nobody says_only 77 "kcat-out: broker $KAFKA_SASL_SSL: $wrong" login_by PLAIN kcat-out -t "$out"
}

# Before 2.6.1, librdkafka cannot sign in to Kafka 4 in this way.
@test "SCRAM works, or a message says which librdkafka it needs" {
    make_topics
    allow READ topic "$topic"
    local status
    for bits in 256 512; do
        if login_by SCRAM-SHA-$bits kcat-in -e "$topic" >records 2>err; then
            assert_eq "$(wc -l <records)" 100
        else
            assert_match "$(<err)" 'SCRAM with Kafka 4 needs librdkafka 2\.6\.1 or later, and this is [0-9.]+$'
            assert_eq "$(wc -l <err)" 1
            status=0
            login_by SCRAM-SHA-$bits kcat-in --check "$topic" >lines || status=$?
            assert_match "$status: $(<lines)" '^77: failed: kcat-in: broker .* needs librdkafka 2\.6\.1 or later, and this is [0-9.]+$'
        fi
        for wrong in password user; do
            status=0
            case $wrong in
            password) password=no login_by SCRAM-SHA-$bits kcat-in -e "$topic" 2>err || status=$? ;;
            user) me=nobody login_by SCRAM-SHA-$bits kcat-in -e "$topic" 2>err || status=$? ;;
            esac
            assert_match "$status: $(<err)" "^77: kcat-in: broker $KAFKA_SASL_SSL: SASL authentication error: \
Authentication failed .* credentials with SASL mechanism SCRAM-SHA-$bits"
            assert_eq "$(wc -l <err)" 1
        done
    done
}

@test "a mechanism that the listener does not have is named, with those that it has" {
    settings=sasl.oauthbearer.config=principal=alice
    says_only 78 "kcat-in: broker $KAFKA_SASL: SASL OAUTHBEARER mechanism handshake failed: Broker: Unsupported SASL \
mechanism: broker's supported mechanisms: PLAIN,SCRAM-SHA-512,SCRAM-SHA-256; is sasl.mechanism right?" \
        login kcat-in -X sasl.mechanism=OAUTHBEARER -X enable.sasl.oauthbearer.unsecure.jwt=true "$topic"
}

# --- Tokens ---

@test "a token that nobody signed is refused" {
    settings=sasl.oauthbearer.config=principal=alice
    says_only 77 "kcat-in: broker $KAFKA_SASL_SSL: SASL authentication error: {\"status\":\"invalid_token\"}" \
        login_by OAUTHBEARER kcat-in -X enable.sasl.oauthbearer.unsecure.jwt=true "$topic"
}

# Starts the provider of tokens; $provider is its address. It logs each request to the file asked.
start_provider() {
    rm -f "$KAFKA_TEST_DIR/down"
    start "$BATS_TEST_DIRNAME/broker/tokens" serve "$KAFKA_TEST_DIR" "$@" >port 2>>asked
    wait_until 10 test -s port
    provider=http${1:+s}://127.0.0.1:$(<port)
}

# token_settings PATH: the settings with which alice gets a token there.
token_settings() {
    settings="sasl.oauthbearer.method=oidc
sasl.oauthbearer.token.endpoint.url=$provider/$1
sasl.oauthbearer.client.id=alice
sasl.oauthbearer.client.secret=alice-secret"
}

by_token() {
    login_by OAUTHBEARER "$@"
}

@test "a token of the provider lets a user in, with the user's rights" {
    make_topics
    start_provider
    token_settings token
    says_only 77 "kcat-in: not authorized: needs READ on topic $topic" by_token kcat-in "$topic"
    allow READ topic "$topic" , alice WRITE topic "$out"
    by_token kcat-in -e "$topic" >records
    assert_eq "$(wc -l <records)" 100
    settings+=$'\n'"sasl.oauthbearer.scope=kafka read"$'\n'sasl.oauthbearer.extensions=one=1,two=2
    by_token kcat-out -t "$out" <records
    assert_eq "$(read_topic "$out" | wc -l)" 100
    assert_eq "$(tail -n 1 asked)" "/token alice kafka read"
    by_token kcat-in --check "$topic" >checked
    run -0 by_token kcat-in -X dump
    assert_match "$output" "sasl.oauthbearer.token.endpoint.url = $provider/token"
    assert_match "$output" "sasl.oauthbearer.client.secret = \(hidden\)"
}

@test "a provider that refuses, or answers nonsense, is named in one line" {
    local wrong
    start_provider
    refused() {
        token_settings "$3"
        says_only "$1" "kcat-in: broker: no token: $provider/$3: $2" by_token kcat-in --wait 1s "$topic"
    }
    waited() {
        token_settings "$2"
        fails_with 69 "kcat-in: broker: not reachable within 1s: no token: $provider/$2: $1" \
            by_token kcat-in --wait 1s "$topic"
        assert_eq "$(sed '$d' stderr)" "kcat-in: broker: not reachable, waiting for it: no token: $provider/$2: $1"
    }
    refused 78 "HTTP status 302: redirects are not followed" redirect
    refused 78 "HTTP status 404" missing
    refused 78 "the answer is longer than 16 MiB" huge
    waited "HTTP status 503" error
    waited "the answer is not JSON" garbage
    waited "the answer has no access_token" empty
    token_settings token
    settings=${settings%alice-secret}wrong
    says_only 77 "kcat-in: broker: no token: $provider/token: HTTP status 401: invalid_client: no such client, or a wrong \
secret" by_token kcat-in "$topic"
    says_only 77 "kcat-out: broker: no token: $provider/token: HTTP status 401: invalid_client: no such client, or a \
wrong secret" by_token kcat-out -t "$out"
    provider=http://127.0.0.1:1
    token_settings token
    status=0
    by_token kcat-in --wait 1s "$topic" 2>err || status=$?
    assert_match "$status: $(tail -n 1 err)" \
        "^69: kcat-in: broker: not reachable within 1s: no token: $provider/token: .*connect"
}

@test "a token that the broker does not accept is a refusal" {
    start_provider
    for wrong in foreign unsigned past audience no-subject no-expiry; do
        token_settings $wrong
        says_only 77 "kcat-in: broker $KAFKA_SASL_SSL: SASL authentication error: {\"status\":\"invalid_token\"}" \
            by_token kcat-in "$topic"
    done
}

@test "a provider that fails once, or starts later, is asked again" {
    make_topics
    allow READ topic "$topic"
    start_provider
    token_settings once
    by_token kcat-in -e "$topic" >records 2>err
    assert_eq "$(wc -l <records)" 100
    assert_eq "$(wc -l <asked)" 2
}

@test "the provider's certificate is checked" {
    make_topics
    allow READ topic "$topic"
    start_provider TLS
    token_settings token
    local status=0
    by_token kcat-in "$topic" 2>err || status=$?
    assert_match "$status: $(<err)" "^78: kcat-in: broker: no token: $provider/token: SSL certificate problem: "
    settings+=$'\n'https.ca.location=$KAFKA_TEST_DIR/ca.pem
    by_token kcat-in -e "$topic" >records
    assert_eq "$(wc -l <records)" 100
}

@test "settings of tokens that are missing are named" {
    provider=http://127.0.0.1:1
    says_only 78 "kcat-in: sasl.mechanism=OAUTHBEARER needs sasl.oauthbearer.method=oidc, with a token endpoint" \
        by_token kcat-in "$topic"
    token_settings token
    settings=${settings%sasl.oauthbearer.client.secret*}
    says_only 78 "kcat-in: sasl.oauthbearer.method=oidc needs sasl.oauthbearer.client.secret" by_token kcat-in "$topic"
}

@test "an exactly-once pipe goes on when its tokens expire, even if the provider fails for a while" {
    create_topic "$topic" 2
    create_topic "$out"
    allow READ topic "$topic" , alice READ group "$group" , alice WRITE topic "$out" , \
        alice WRITE transactional-id "loginpipe.$group*"
    start_provider
    token_settings token/5
    most=200
    keep_producing
    local before producer=$!
    # If the last token expires in a transaction, librdkafka gives it up, and the pipe is started again.
    start_script <<'END'
set -o pipefail
status=75
while [ $status -eq 75 ]; do
    login_by OAUTHBEARER kcat-in -G $group --shard 0/1 --marks=100ms --wait 2m $topic |
        login_by OAUTHBEARER kcat-out --exactly-once --wait 2m -t $out && status=0 || status=$?
done
echo "ended with $status" >&2
END
    wait_until 30 has_lines 4 asked
    touch "$KAFKA_TEST_DIR/down"
    wait_until 60 grep -q 'not reachable, waiting for it: no token: .* HTTP status 503' err
    rm "$KAFKA_TEST_DIR/down"
    before=$(read_topic "$out" | wc -l)
    wait_until 60 has_records $((before + 20)) "$out"
    kill -0 "$pid"
    assert_eq "$(grep SASL err)" ''
    pkill -TERM -s "$producer" bash
    has_ended() { ! pgrep -s "$producer" >/dev/null; }
    wait_until 10 has_ended
    local made
    made=$(read_topic "$topic" | wc -l)
    wait_until 60 has_records "$made" "$out"
    read_topic "$out" | jq .n >numbers
    assert_exactly_once "$made" numbers
}

@test "a stop does not wait for a provider that does not answer" {
    start_provider
    token_settings slow
    # shellcheck disable=SC2016 # for the script
    start_script <<<'login_by OAUTHBEARER kcat-in $topic'
    wait_until 10 has_lines 1 asked
    pkill -TERM -s "$pid" kcat-in
    await "$pid" 3
    assert_eq "$status: $(<err)" "75: kcat-in: broker: stopped while waiting for it"
}

# --- The examples ---

# sign_in FILE SED-SCRIPT...: reads a topic with the settings of examples/FILE, with the names of this test put in.
sign_in() {
    local dir=$KAFKA_TEST_DIR
    (umask 077 && sed -e "s,/etc/loginpipe/,$dir/,; s,loginpipe\$,alice,; s,change-me,alice-secret," "${@:2}" \
        "$BATS_TEST_DIRNAME/../examples/$1" >conf)
    run ! grep -E "example.com|change-me|loginpipe" <(grep -v '^#' conf)
    timeout 40 kcat-in -e -F conf -b "$address" "$topic" 2>err
}

@test "the example client configurations sign in" {
    make_topics
    allow READ topic "$topic"
    "$BATS_TEST_DIRNAME/broker/acl" allow CN=client READ topic "$topic"
    local address=$KAFKA_SASL_SSL ca='s,^#\(ssl.ca.location\),\1,'
    assert_eq "$(sign_in kafka.conf -e "$ca; s,SCRAM-SHA-512,PLAIN," | wc -l)" 100
    sign_in kafka.conf -e "$ca" >records || assert_match "$(<err)" 'needs librdkafka 2\.6\.1'
    start_provider TLS
    assert_eq "$(sign_in kafka-oauth.conf -e "$ca; s,https://login.example.com/oauth2,$provider,
        s,^#.*provider-ca.pem,https.ca.location=$KAFKA_TEST_DIR/ca.pem," | wc -l)" 100
    address=$KAFKA_MTLS
    assert_eq "$(sign_in kafka-tls.conf -e 's,client,client-locked,; s,alice-secret,secret,' | wc -l)" 100
}
