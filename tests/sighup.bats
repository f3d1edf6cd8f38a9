#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# SIGHUP opens the files of a tool anew, as logrotate(8) wants it, and ends no tool. A tool ends when
# its terminal goes away.

load helpers

setup_file() {
    start_broker
}

teardown_file() {
    kill "$(<"$BATS_FILE_TMPDIR/pid")"
}

# Starts the embedded broker, for all tests of the file.
start_broker() {
    kcat-broker >"$BATS_FILE_TMPDIR/address" 2>/dev/null 3>&- &
    echo $! >"$BATS_FILE_TMPDIR/pid"
    wait_until 20 test -s "$BATS_FILE_TMPDIR/address"
}

setup() {
    begin
    BOOTSTRAP_SERVERS=$(<"$BATS_FILE_TMPDIR/address")
    export BOOTSTRAP_SERVERS
}

# rotate FILE... SIGHUP to $pid, as logrotate does it: the files get another name first. Waits until
# they are there again.
rotate() {
    for file in "$@"; do
        mv "$file" "$file.1"
    done
    kill -HUP "$pid"
    for file in "$@"; do
        wait_until 10 test -e "$file"
    done
}

@test "SIGHUP makes the filters open the files of --rejects and --stats anew" {
    for tool in loginclean loginagg; do
        rm -f feed rejects* stats*
        start_fed "$tool" --rejects rejects --stats stats
        echo 1 | write_to_feed
        wait_until 10 test -s rejects
        rotate rejects stats
        echo 2 | write_to_feed
        wait_until 10 test -s rejects
        close_feed
        await "$pid"
        assert_eq "$tool $status" "$tool 0"
        assert_eq "$(jq -r .raw rejects.1) $(jq -r .raw rejects)" '1 2'
        assert_eq "$(ledger stats .rejected) $(cat stats.1)" '2 '
    done
}

@test "SIGHUP makes kcat-in and kcat-out open their files anew" {
    start kcat-in "$topic" --rejects in.rejects --stats in.stats >in.out 2>in.err
    pid=$!
    kcat_in=$!
    wait_until 20 test -e in.stats
    echo bad | kcat-out -t "$topic" # which makes the topic
    wait_until 20 test -s in.rejects
    rotate in.rejects in.stats
    echo bad | kcat-out -t "$topic"
    wait_until 20 test -s in.rejects
    assert_eq "$(wc -l <in.rejects.1) $(wc -l <in.rejects)" '1 1'

    start_fed kcat-out -t "$topic" -j . --rejects rejects --stats stats --undelivered undelivered
    echo bad | write_to_feed
    wait_until 20 test -s rejects
    rotate rejects stats undelivered
    echo bad | write_to_feed
    wait_until 20 test -s rejects
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(wc -l <rejects.1) $(wc -l <rejects)" '1 1'

    kill "$kcat_in"
    await "$kcat_in"
    assert_eq "$status" 0
    assert_eq "$(ledger in.stats .rejected)" 2
}

@test "SIGHUP ends neither logingen nor loginmarks" {
    start logingen --rate 1000 --stats stats >made
    pid=$!
    wait_until 10 test -s made
    rotate stats
    before=$(wc -l <made)
    wait_until 10 has_lines $((before + 1)) made
    kill "$pid"
    await "$pid"
    assert_eq "$status" 0
    start_fed loginmarks --strip
    echo 1 | write_to_feed
    wait_until 10 has_lines 1 out
    kill -HUP "$pid"
    echo 2 | write_to_feed
    close_feed
    await "$pid"
    assert_eq "$status $(xargs <out)" '0 1 2'
}

@test "if a file cannot be opened anew, the old one stays in use" {
    mkdir logs
    start_fed loginclean --rejects logs/rejects
    wait_until 10 test -e logs/rejects
    mv logs old
    kill -HUP "$pid"
    wait_until 10 test -s err
    echo 1 | write_to_feed
    wait_until 10 test -s old/rejects
    close_feed
    await "$pid"
    assert_eq "$status" 0
    assert_eq "$(<err)" 'loginclean: SIGHUP: --rejects: logs/rejects: No such file or directory; the old file stays in use'
}

# on_terminal COMMAND: runs a shell command on a terminal of its own. $pid is the process that holds
# the other end of the terminal.
on_terminal() {
    mkfifo keyboard
    exec {keyboard}<>keyboard
    start script -qec "$1" /dev/null <keyboard >screen 2>&1 {keyboard}>&-
    pid=$!
}

# pid_of FILE: the process whose number is in the file.
pid_of() {
    wait_until 10 test -s "$1"
    cat "$1"
}

@test "a source ends in order when its terminal goes away, though it writes to a file" {
    on_terminal 'sh -c "echo \$\$ >pid; exec logingen --rate 100 -n 3000 --stats stats >made 2>err"'
    source=$(pid_of pid)
    wait_until 10 test -s made
    kill -KILL "$pid"
    wait_until 10 is_gone "$source"
    assert_eq "$(<err)" ''
    assert_eq "$(ledger stats .out)" "$(wc -l <made)"
}

@test "under nohup a source goes on when its terminal goes away" {
    on_terminal 'sh -c "echo \$\$ >pid; exec nohup logingen --rate 100 -n 3000 --stats stats >made 2>err </dev/null"'
    source=$(pid_of pid)
    wait_until 10 test -s made
    kill -KILL "$pid"
    before=$(wc -l <made)
    wait_until 10 has_lines $((before + 50)) made
    # And SIGHUP still opens its files anew.
    mv stats stats.1
    kill -HUP "$source"
    wait_until 10 test -e stats
    kill "$source"
    wait_until 10 is_gone "$source"
    [ -s stats ]
}
