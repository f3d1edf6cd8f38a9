#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# A Schema Registry that is slow, down, secured, or no Schema Registry.

# A fixed set of partitions, because a member that joins a group of kcat-broker anew waits for 44 s.

load helpers
load schema

# Makes certificates: ca.pem signs server.pem and client.pem; other.pem signed none of them.
make_certificates() {
    local name

    for name in ca other; do
        openssl req -x509 -newkey rsa:2048 -noenc -days 2 -keyout $name.key -out $name.pem -subj "/CN=$name"
    done
    for name in server client; do
        openssl req -x509 -newkey rsa:2048 -noenc -days 2 -keyout $name.key -out $name.pem \
            -subj "/CN=$name" -addext "subjectAltName=DNS:localhost" -CA ca.pem -CAkey ca.key
    done
} >openssl.log 2>&1

# one_record: puts a record into $topic.
one_record() {
    register "$topic-value" '"long"'
    echo 5 | writer
}

@test "at the start, a registry that is down is waited for, and then the status is 69" {
    run -69 --separate-stderr timeout 20 kcat-in -s value=avro -r http://127.0.0.1:1 --wait 300ms "$topic"
    assert_match "${stderr_lines[0]}" '^kcat-in: schema registry http://127.0.0.1:1: .*; trying again$'
    assert_match "${stderr_lines[1]}" '^kcat-in: schema registry http://127.0.0.1:1: '
    assert_eq "${#stderr_lines[@]}" 2
    run -69 timeout 20 kcat-out -s value=avro -r http://127.0.0.1:1 --wait 300ms -t "$topic" </dev/null
    # A name that does not exist may exist later.
    run -69 timeout 20 kcat-in -s value=avro -r http://registry.invalid --wait 0 "$topic"
}

@test "statuses of 500 and more, no answer, and answers that are no JSON are tried again" {
    one_record
    for bad in '{"status":500}' '{"status":503,"count":3}' '{"status":429}' '{"close":true}' \
        '{"status":200,"body":"<html>"}' '{"status":200,"body":"{"}' '{"status":200,"body":"5"}'; do
        misbehave "$bad"
        assert_eq "$(reader 2>err)" 5
        assert_match "$(<err)" 'kcat-in: schema registry .*; trying again$'
        assert_eq "$(wc -l <err)" 1
    done
    misbehave '{"status":200,"body":"{}","path":"ids"}'
    run -75 --separate-stderr reader
    assert_match "$stderr" 'an answer has no schema$'
}

@test "when the registry is lost later, the status is 75, and no record is lost or rejected" {
    one_record
    register other '"string"'
    echo '"x"' | writer --subject other
    echo 6 | writer
    misbehave '{"status":503,"count":1000,"path":"ids/2"}'
    for try in 1 2; do
        run -75 --separate-stderr reader -G "$topic" --shard 0/1 --wait 300ms --rejects rejects --stats stats
        assert_match "$stderr" 'kcat-in: schema registry .*: status 503$'
        [ $try -ne 1 ] || assert_eq "$output" 5
        [ $try -ne 2 ] || assert_eq "$output" ''
        assert_ledger_adds_up stats
    done
    misbehave '{}'
    assert_eq "$(reader -G "$topic" --shard 0/1 --rejects rejects)" '"x"
6'
    assert_eq "$(reader -G "$topic" --shard 0/1)" ''
    [ ! -s rejects ]
}

@test "with marks, none covers a record whose schema cannot be had" {
    one_record
    register other '"string"'
    echo '"x"' | writer --subject other
    misbehave '{"status":503,"count":1000,"path":"ids/2"}'
    run -75 --separate-stderr reader --marks --wait 300ms
    assert_eq "$(grep -c '"@mark":"end"' <<<"$output" || true)" 0
    assert_eq "$(grep '"@mark"' <<<"$output" | tail -n 1 | jq '.at[0][2] <= 1')" true
}

@test "a signal ends the wait for a registry, and the record is read by the next run" {
    one_record
    register other '"string"'
    echo '"x"' | writer --subject other
    misbehave '{"status":503,"count":1000,"path":"ids/2"}'
    for signal in TERM INT; do
        start timeout 60 kcat-in -s value=avro -r "$url" "$topic" --marks=100ms >out 2>err
        reader=$!
        wait_until 20 grep -q 'trying again' err
        pkill -"$signal" -s "$reader" -x kcat-in
        await "$reader"
        assert_eq "$status" 0
        # The last mark says that it stops before the record.
        assert_eq "$(tail -n 1 out | jq -c '[.stop, .at[0][2]]')" '[true,1]'
    done
    start timeout 60 kcat-in -s value=avro -r "$url" "$topic" -G "$topic" --shard 0/1 >out 2>err
    reader=$!
    wait_until 20 grep -q 'trying again' err
    pkill -TERM -s "$reader" -x kcat-in
    await "$reader"
    assert_eq "$status" 0
    misbehave '{}'
    assert_eq "$(<out) $(reader -G "$topic" --shard 0/1)" '5 "x"'
}

@test "an unknown id is asked for once more, because a registry may be several servers" {
    one_record
    requests >/dev/null
    misbehave '{"status":404,"body":"{\"error_code\":40403,\"message\":\"not yet\"}","path":"ids"}'
    assert_eq "$(reader)" 5
    assert_eq "$(requests | grep -c ids)" 2
}

@test "an unknown id is not asked for again and again" {
    for i in 1 2 3 4 5; do
        frame 7 <<<"$i" >record
        produce_file record
    done
    requests >/dev/null
    assert_eq "$(reader --rejects - | jq -r .reject | uniq -c | tr -s ' ')" ' 5 bad_schema'
    assert_eq "$(requests | grep -c ids)" 2
}

@test "a 404 that is not the API's is a wrong URL, not an unknown schema" {
    one_record
    misbehave '{"status":404,"body":"<html>","path":"ids"}'
    run -78 --separate-stderr reader
    assert_match "$stderr" 'status 404'
    run -78 --separate-stderr writer -r "$url/apis" --schema-id 1
    assert_match "$stderr" 'status 404: HTTP 404 Not Found'
}

@test "redirects are not followed" {
    one_record
    misbehave "{\"status\":302,\"location\":\"$url/schemas/types\"}"
    run -78 --separate-stderr reader
    assert_match "$stderr" 'status 302: redirects are not followed'
}

@test "a slow registry is waited for" {
    one_record
    misbehave '{"delay":2,"path":"ids"}'
    assert_eq "$(reader)" 5
    # An attempt takes 10 seconds at most.
    misbehave '{"delay":15,"path":"ids"}'
    assert_eq "$(reader 2>err)" 5
    assert_match "$(<err)" 'timed out|trying again'
}

@test "a registry asks for a login" {
    start_registry --login 'alice:se:cret'
    run -77 --separate-stderr kcat-in -s value=avro -r "$url" "$topic"
    assert_match "$stderr" "^kcat-in: schema registry $url: status 401: Unauthorized"
    echo 'alice:se:cret' >login
    chmod 600 login
    login=(-X schema.registry.basic.auth.user.info=@login)
    echo '"long"' >long.avsc
    echo 5 | writer --schema long.avsc --register "${login[@]}"
    run -0 --separate-stderr reader "${login[@]}"
    assert_eq "$output$stderr" 5
    # In a file of settings, which may name the registry too.
    { echo "schema.registry.url=$url" && echo 'schema.registry.basic.auth.user.info=@login'; } >conf
    assert_eq "$(timeout 20 kcat-in -e -s value=avro -F conf "$topic")" 5
    # In the URL, where every user can see it.
    run -0 --separate-stderr reader -r "${url/:\/\//:\/\/alice:se%3Acret@}"
    assert_eq "$output" 5
    assert_match "$stderr" '^kcat-in: -r: every user of this machine can see the password'
    run -77 --separate-stderr reader -r "${url/:\/\//:\/\/alice:wrong@}"
    run ! grep -q wrong <<<"$stderr"
    # The login is hidden in what -X dump prints.
    run -0 kcat-in -F conf -X dump
    assert_match "$output" 'schema.registry.url = http'
    run ! grep -q cret <<<"$output"
}

@test "a registry is reached over TLS, if its certificate can be trusted" {
    make_certificates
    start_registry --tls server.pem server.key
    run -78 --separate-stderr reader
    assert_match "$stderr" "^kcat-in: schema registry $url: SSL certificate problem: "
    run -78 --separate-stderr reader -X schema.registry.ssl.ca.location=other.pem
    run -78 --separate-stderr reader -X schema.registry.ssl.ca.location=none.pem
    run -78 --separate-stderr reader -r "${url/localhost/127.0.0.1}" -X schema.registry.ssl.ca.location=ca.pem
    assert_match "$stderr" "does not match|no alternative certificate subject name"
    echo '"long"' >long.avsc
    echo 5 | writer --schema long.avsc --register -X schema.registry.ssl.ca.location=ca.pem
    assert_eq "$(reader -X schema.registry.ssl.ca.location=ca.pem)" 5
}

@test "a registry asks for a client's certificate" {
    make_certificates
    start_registry --tls server.pem server.key --client-ca ca.pem
    ca=(-X schema.registry.ssl.ca.location=ca.pem)
    run -69 reader "${ca[@]}" --wait 300ms
    openssl rsa -aes128 -passout pass:x -in client.key -out locked.key 2>/dev/null
    echo x >password
    echo '"long"' >long.avsc
    echo 5 | writer "${ca[@]}" --schema long.avsc --register \
        -X schema.registry.ssl.certificate.location=client.pem -X schema.registry.ssl.key.location=client.key
    assert_eq "$(reader "${ca[@]}" -X schema.registry.ssl.certificate.location=client.pem \
        -X schema.registry.ssl.key.location=locked.key -X schema.registry.ssl.key.password=@password)" 5
    run -78 reader "${ca[@]}" -X schema.registry.ssl.certificate.location=none.pem
}

@test "--check asks the registry, and registers nothing" {
    echo '"long"' >long.avsc
    run -0 kcat-out --check -t "$topic" -s value=avro -r "$url" --schema long.avsc --register
    assert_eq "${lines[0]}" "ok: kcat-out: schema registry: $url answers"
    assert_eq "$(requests | grep -c POST || true)" 0
    run -0 kcat-in --check -s value=avro -r "$url" "$topic"
    assert_eq "${lines[0]}" "ok: kcat-in: schema registry: $url answers"
    run -69 kcat-in --check -s value=avro -r http://127.0.0.1:1 --wait 0 "$topic"
    assert_match "${lines[0]}" '^failed: kcat-in: schema registry http://127.0.0.1:1: '
}

@test "an answer without end is refused" {
    one_record
    misbehave "{\"status\":200,\"body\":\"x\",\"repeat\":17000000,\"path\":\"ids\"}"
    run -78 --separate-stderr reader
    assert_match "$stderr" 'the answer is longer than 16 MiB'
}
