#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The settings of kcat-in and kcat-out: those that a tool cannot follow, files of settings, values in
# files of their own, and secrets.

load helpers

setup() {
    begin
    export BOOTSTRAP_SERVERS=127.0.0.1:1 HOME=$PWD
}

# refused STATUS TOOL OPTION...: it ends with STATUS and with one line, which goes to $stderr.
refused() {
    run "-$1" --separate-stderr timeout 20 "${@:2}" </dev/null
    assert_eq "$output" ''
    assert_eq "$* $(wc -l <<<"$stderr")" "$* 1"
}

# --- Settings that a tool cannot follow ---

@test "with --acks and --marks, kcat-in refuses to commit by itself, and names the place" {
    local mode setting
    for mode in '--acks fifo' --marks; do
        for setting in enable.auto.commit enable.auto.offset.store; do
            # shellcheck disable=SC2086
            refused 64 kcat-in "$topic" -G g $mode -X "$setting=true"
            assert_match "$stderr" "^kcat-in: -X $setting=true: with --marks and --acks"
            printf 'client.id=a\n%s=1\n' "$setting" >conf
            # shellcheck disable=SC2086
            refused 78 kcat-in "$topic" -G g $mode -F conf
            assert_match "$stderr" "^kcat-in: conf:2: $setting=true: with --marks and --acks"
        done
    done
    printf 'topic.auto.commit.enable=t\n' >conf
    KCAT_CONFIG=conf refused 78 kcat-in "$topic" -G g --marks
    assert_match "$stderr" '^kcat-in: conf:1: auto.commit.enable=true: '
    mkdir .config
    echo 'enable.auto.commit=true' >.config/kcat.conf
    refused 78 kcat-in "$topic" -G g --marks
    assert_match "$stderr" "kcat-in: $PWD/.config/kcat.conf:1: enable.auto.commit=true: "
    echo '{"enable.auto.commit": true}' >conf
    refused 78 kcat-in "$topic" -G g --marks -F conf
    assert_match "$stderr" '^kcat-in: conf: enable.auto.commit=true: '
    # -X overrides a file, as always.
    run -69 timeout 20 kcat-in "$topic" -G g --marks --wait 0s -X enable.auto.commit=false
}

@test "a setting that would be ignored is refused on the command line, with what to do instead" {
    local tool words instead
    while IFS='|' read -r tool words instead; do
        # shellcheck disable=SC2086
        refused 64 $tool --wait 0s $words
        assert_match "$stderr" "^[a-z-]+: -[-XGz].*: .*$instead"
    done <<'TABLE'
kcat-in t|-X statistics.interval.ms=1000|use --stats
kcat-in t|-X enabled_events=1|takes no events
kcat-in t|-X log.queue=true|logs at once
kcat-in t|-X enable.partition.eof=false|find the end
kcat-in t|-X offset.store.method=file|with -G
kcat-in t|-X offset.store.path=/tmp|with -G
kcat-in t|-X enable.auto.commit=true|give one with -G
kcat-in t|-X auto.commit.interval.ms=500|give one with -G
kcat-in t|-X session.timeout.ms=6000|give one with -G
kcat-in t|-X group.instance.id=a|give one with -G
kcat-in t|-G g --marks -X auto.commit.interval.ms=500|--marks=DUR
kcat-in t|-G g --marks -X isolation.level=read_uncommitted|read_committed
kcat-in t|-G g -X partition.assignment.strategy=cooperative-sticky|range or roundrobin
kcat-in t|-G g -X group.id=h|contradict
kcat-in t|-X linger.ms=5|give it to kcat-out
kcat-in t|-X partitioner=random|give it to kcat-out
kcat-in t|-X socket.blocking.max.ms=5|no longer
kcat-out -t t|-X group.id=g|give it to kcat-in
kcat-out -t t|-X isolation.level=read_uncommitted|give it to kcat-in
kcat-out -t t|-X auto.offset.reset=latest|give it to kcat-in
kcat-out -t t|-X statistics.interval.ms=1000|use --stats
kcat-out -t t|-X delivery.report.only.error=true|counts
kcat-out -t t|-X transactional.id=a|--exactly-once
kcat-out -t t|-X acks=1|enable.idempotence=false
kcat-out -t t|-X enable.idempotence=false --acks fifo -X acks=1|acks=all
kcat-out -t t|-X enable.idempotence=false --tee -X request.required.acks=0|acks=all
kcat-out -t t|--exactly-once -X acks=0|acks=all
kcat-out -t t|--exactly-once -X enable.idempotence=false|needs enable.idempotence=true
kcat-out -t t|--exactly-once --transactional-id a -X transactional.id=b|contradict
kcat-out -t t|-z gzip -X compression.type=lz4|contradict
TABLE
}

@test "a setting in a file that does no harm is ignored, and -v says so" {
    cat >conf <<'END'
statistics.interval.ms=1000
enable.partition.eof=false
delivery.report.only.error=true
linger.ms=50
session.timeout.ms=6000
END
    run -69 --separate-stderr timeout 20 kcat-in "$topic" --wait 0s -F conf
    run ! grep -q ignored <<<"$stderr"
    run -69 --separate-stderr timeout 20 kcat-in "$topic" --wait 0s -F conf -v
    assert_match "$stderr" 'kcat-in: conf:1: statistics.interval.ms=1000: ignored: use --stats'
    assert_match "$stderr" 'kcat-in: conf:4: linger.ms: ignored: .*kcat-out'
    kcat-in -F conf -X dump >settings
    grep -qx 'enable.partition.eof = true' settings
    grep -qx 'statistics.interval.ms = 0' settings
    kcat-out -F conf -X dump >settings
    grep -qx 'delivery.report.only.error = false' settings
    grep -qx 'queue.buffering.max.ms = 50' settings
    # What would change a guarantee is refused from a file too.
    echo 'acks=0' >conf
    refused 78 kcat-out -t "$topic" -F conf
    assert_match "$stderr" '^kcat-out: conf:1: acks=0: '
    echo 'transactional.id=a' >conf
    refused 78 kcat-out -t "$topic" -F conf
    assert_match "$stderr" '^kcat-out: conf:1: transactional.id=a: .*--exactly-once'
}

@test "a setting that begins with topic. is known with and without it" {
    kcat-in -X dump -X topic.auto.offset.reset=latest -X topic.blacklist=x >settings
    grep -qx 'auto.offset.reset = largest' settings
    grep -qx 'topic.blacklist = x' settings
}

@test "-X debug shows what librdkafka logs" {
    run -69 --separate-stderr timeout 20 kcat-in "$topic" --wait 0s -X debug=conf
    assert_match "$stderr" 'kcat-in: librdkafka: CONF: '
}

# --- Files ---

@test "-F takes a JSON object" {
    printf '\n {"bootstrap.servers": "json:1", "session.timeout.ms": 7000,\n "check.crcs": true}' >conf
    kcat-in -F conf -X dump >settings
    grep -qx 'metadata.broker.list = json:1' settings
    grep -qx 'session.timeout.ms = 7000' settings
    grep -qx 'check.crcs = true' settings
    KCAT_CONFIG=conf kcat-in -X dump | grep -qx 'session.timeout.ms = 7000'
}

@test "-F none reads no file" {
    echo session.timeout.ms=7000 >conf
    for file in none -; do
        KCAT_CONFIG=conf kcat-in -F "$file" -X dump >settings
        run ! grep -qx 'session.timeout.ms = 7000' settings
    done
    KCAT_CONFIG=conf kcat-in -X dump | grep -qx 'session.timeout.ms = 7000'
}

@test "an error in a JSON file names the file and the key" {
    local text wanted
    while IFS='|' read -r text wanted; do
        echo "$text" >conf
        refused 78 kcat-in "$topic" -F conf
        assert_match "$stderr" "^kcat-in: conf: $wanted"
    done <<'TABLE'
{"client.id": null}|client\.id: the value is not
{"client.id": ["a"]}|client\.id: the value is not
{"client.id": "a\u0000"}|client\.id: the value holds a NUL
{"no.such.setting": 1}|.*no\.such\.setting
{"session.timeout.ms": "soon"}|.*session\.timeout\.ms
{"client.id": "a"|not valid JSON
TABLE
}

# --- Values in files of their own ---

@test "a value @FILE is read from the file, on the command line and in files of settings" {
    install -m 600 /dev/stdin password <<<'hunter2'
    echo 'me' >user
    kcat-in -X sasl.username=@user -X sasl.password=@password -X dump >settings 2>err
    grep -qx 'sasl.username = me' settings
    grep -qx 'sasl.password = (hidden)' settings
    [ ! -s err ]
    echo 'sasl.username=@user' >conf
    kcat-in -F conf -X dump | grep -qx 'sasl.username = me'
    echo '{"sasl.username":"@user"}' >conf
    kcat-out -F conf -X dump | grep -qx 'sasl.username = me'
    kcat-in -X sasl.username=@@user -X dump | grep -qx 'sasl.username = @user'
    kcat-in -X sasl.username=@<(echo piped) -X dump | grep -qx 'sasl.username = piped'
}

@test "the file of a value must exist and hold a text" {
    : >empty
    echo >newline
    printf 'a\0b' >nul
    local file
    for file in missing empty newline nul . ''; do
        refused 78 kcat-in "$topic" -X sasl.username="@$file"
        assert_match "$stderr" "^kcat-in: -X: sasl.username: @$file: .*@@ stands for @"
    done
    echo 'sasl.username=@missing' >conf
    refused 78 kcat-in "$topic" -F conf
    assert_match "$stderr" '^kcat-in: conf:1: sasl.username: @missing: No such file'
}

# --- Secrets ---

@test "a secret that everyone can read is warned about, also in a file of its own" {
    install -m 644 /dev/stdin password <<<'hunter2'
    install -m 644 /dev/stdin conf <<<'sasl.password=@password'
    run -0 --separate-stderr kcat-in -F conf -X dump
    assert_eq "$stderr" \
        'kcat-in: password: holds a secret and is readable by everyone; try chmod o-r'
    chmod 600 password
    run -0 --separate-stderr kcat-in -F conf -X dump
    assert_eq "$stderr" ''
    echo '{"sasl.password":"hunter2"}' >conf
    run -0 --separate-stderr kcat-in -F conf -X dump
    assert_eq "$stderr" 'kcat-in: conf: holds a secret and is readable by everyone; try chmod o-r'
}

@test "a secret on the command line is warned about once" {
    run -0 --separate-stderr kcat-in -X sasl.password=hunter2 -X ssl.key.password=hunter3 -X dump
    assert_eq "$(wc -l <<<"$stderr")" 1
    assert_match "$stderr" '^kcat-in: -X sasl\.password: .* -X sasl\.password=@FILE$'
    run ! grep -q hunter <<<"$output$stderr"
}

@test "no message shows a secret" {
    install -m 600 /dev/stdin conf <<<'sasl.password=hunter2'
    run timeout 20 kcat-in "$topic" -F conf --wait 0s -v -v -X debug=all \
        -X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN -X sasl.username=me
    assert_match "$output" 'sasl.username'
    run ! grep -q hunter2 <<<"$output"
}

# dumps_core COMMAND...: aborts a command that waits, and returns whether the system wrote a core
# dump of it.
dumps_core() {
    cat >dumps_core <<'END'
import os, resource, signal, subprocess, sys, time

resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE)
process.stderr.readline()  # the settings are read by now
os.kill(process.pid, signal.SIGABRT)
sys.exit(0 if os.WCOREDUMP(os.waitpid(process.pid, 0)[1]) else 1)
END
    timeout 30 python3 dumps_core "$@"
}

@test "no core dump is written of a process that holds a secret" {
    local tool
    install -m 600 /dev/stdin password <<<'hunter2'
    install -m 600 /dev/stdin conf <<<'sasl.password=@password'
    dumps_core kcat-in "$topic" -v || skip "no core dumps are written here"
    for tool in "kcat-in $topic" "kcat-out -t $topic"; do
        # shellcheck disable=SC2086
        ! dumps_core $tool -v -F conf || return 1
    done
    ! dumps_core kcat-in "$topic" -v -X sasl.password=@password || return 1
}

@test "loginpipe hides the secrets of its stages, and keeps them out of core dumps" {
    local options='-X sasl.password=hunter2 -Xssl.key.password=hunter2 -X ssl.ca.location=@ca'
    KCAT_IN_OPTS=$options KCAT_OUT_OPTS='-X sasl.password=@/run/password' run -0 loginpipe --dry-run
    [[ $output != *hunter2* ]]
    assert_match "$output" "-X 'sasl.password=\(hidden\)' '-Xssl.key.password=\(hidden\)' -X ssl.ca"
    assert_match "$output" '-X sasl.password=@/run/password'

    # The stages here only say what they have, and stay.
    mkdir bin
    for stage in kcat-in loginclean loginagg kcat-out; do
        cat >"bin/$stage" <<'END'
#!/bin/bash
env >"env-${0##*/}"
echo "${0##*/}: began" >&2
exec sleep 60
END
        chmod +x "bin/$stage"
    done
    cp "$(type -P loginpipe)" bin
    export STATE_DIR=$PWD/state
    KCAT_OUT_OPTS=$options start bin/loginpipe 2>log
    wait_until 20 has_lines 4 log
    run ! grep -l hunter2 env-*

    need_strace
    KCAT_IN_OPTS=$options traced -e trace=prctl -o trace loginpipe --dry-run >/dev/null
    grep -q 'PR_SET_DUMPABLE, SUID_DUMP_DISABLE' trace
    traced -e trace=prctl -o trace loginpipe --dry-run >/dev/null
    run ! grep -q PR_SET_DUMPABLE trace
}
