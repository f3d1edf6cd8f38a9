#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# kcat-in -L and -Q on a real Kafka, beside kcat.
#
# bats file_tags=kafka

load helpers
load kcat-in

# list [OPTION]...: the listing as JSON lines.
list() {
    timeout 60 kcat-in -L -J "$@"
}

kcat_at() {
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" "$@"
}

# --- Topics ---

@test "-L says what kcat -L says, and how many offsets each partition spans" {
    make_topic 3 100
    create_topic "$topic-b"
    kcat_at -L -J -t "$topic" >kcat.json
    list -t "$topic" >ours.json
    assert_eq "$(jq -c '.broker // empty | [.broker, "\(.host):\(.port)"]' ours.json)" \
        "$(jq -c '.brokers[] | [.id, .name]' kcat.json)"
    assert_eq "$(jq '.cluster // empty | .controller' ours.json)" "$(jq .controllerid kcat.json)"
    assert_eq "$(jq -c '.partition // empty | [.topic, .partition, .leader, .replicas, .isr]' ours.json)" \
        "$(jq -c '.topics[] | .topic as $t | .partitions[] | [$t, .partition, .leader, [.replicas[].id], [.isrs[].id]]' kcat.json)"
    assert_eq "$(jq -r '.partition // empty | "\(.topic) [\(.partition)] offset \(.end)"' ours.json)" \
        "$(kcat_at -Q -t "$topic:0:-1" -t "$topic:1:-1" -t "$topic:2:-1")"
    assert_eq "$(jq -c '.topic // empty' ours.json)" \
        "{\"topic\":\"$topic\",\"partitions\":3,\"replicas\":1,\"under_replicated\":0,\"offsets\":100}"
    assert_eq "$(jq -s 'map(.partition // empty | .offsets) | add' ours.json)" 100
}

@test "-L shows all topics, those of a pattern, or those that are named" {
    create_topic "$topic" 2
    create_topic "$topic-b"
    names() { list "$@" | jq -r '.topic // empty | .topic' | xargs; }
    assert_eq "$(names -t "^$topic-?b?\$")" "$topic $topic-b"
    assert_eq "$(names "$topic-b" "$topic" "$topic-b" "^$topic\$")" "$topic $topic-b"
    # Other tests have topics too.
    [[ " $(names) " == *" $topic $topic-b "* ]]
}

@test "the table and the JSON lines of -L say the same" {
    make_topic 2 10
    run -0 --separate-stderr kcat-in -L -t "$topic"
    assert_eq "$stderr" ''
    sed -n '/^TOPIC.*PARTITION /,$p' <<<"$output" | tail -n +2 | tr -s ' ' >table
    list -t "$topic" | jq -r '.partition // empty | [.topic, .partition, .leader, (.replicas | map(tostring) | join(",")),
        (.isr | map(tostring) | join(",")), .beginning, .end, .offsets] | map(tostring) | join(" ")' >json
    [ "$(wc -l <json)" -eq 2 ]
    diff json table
}

@test "-L creates no topic, and exits with 69 when a named one does not exist" {
    create_topic "$topic"
    run -69 --separate-stderr list -t "$topic-none" -t "$topic" -t "^$topic-no"
    assert_eq "$stderr" "kcat-in: topic $topic-none: does not exist
kcat-in: topic ^$topic-no: no topic matches that this user may DESCRIBE"
    assert_eq "$(jq -r '.topic // empty | .topic' <<<"$output")" "$topic"
    run -69 --separate-stderr kcat-in --check "$topic-none"
    run -78 --separate-stderr kcat-in -L 'a b'
    assert_match "$stderr" '^kcat-in: topic a b: not a valid topic name'
    run -64 --separate-stderr kcat-in -L '^['
    assert_match "$stderr" '^kcat-in: topic \^\[: '
}

@test "-L asks about hundreds of partitions in two requests" {
    create_topic "$topic" 300
    # A new topic's leaders need a moment.
    asks_twice() {
        LOG_LEVEL=debug timeout 20 kcat-in -L -t "$topic" -X debug=topic >out 2>err
        [ "$(grep -c 'ListOffsetsRequest (v' err)" -eq 2 ]
    }
    wait_until 20 asks_twice
    assert_eq "$(grep -c "^$topic .* 0 *0 *0\$" out)" 300
}

@test "the end that -L shows includes open transactions, unless isolation.level=read_committed" {
    seq 10 | sed 's/.*/{"n":&}/' | produce "$topic" --create=1
    create_topic "$topic-out"
    start bash -c "kcat-in -G '$group' --shard 0/1 --marks=100ms '$topic' |
        kcat-out -t '$topic-out' --exactly-once --commit-every 30s"
    end() { list -t "$topic-out" "$@" | jq '.partition // empty | .end'; }
    has_open() { [ "$(end)" -gt "$(end -X isolation.level=read_committed)" ]; }
    wait_until 20 has_records 1 "$topic-out" # the first commit
    start bash -c "while sleep 0.1; do echo '{\"n\":11}'; done | kcat-out -t '$topic'"
    wait_until 20 has_open
}

# --- Groups ---

@test "-L -G shows how far a group is behind in each partition" {
    seq 10 | produce "$topic" --create=1
    seq 4 | produce "$topic-b" --create=2
    read_topic -G "$group" -c 6 "$topic" >/dev/null
    run -0 --separate-stderr list -G "$group"
    assert_eq "$stderr" ''
    assert_eq "$(jq -c 'del(.group.coordinator)' <<<"$output")" \
        "{\"group\":{\"group\":\"$group\",\"state\":\"Empty\",\"type\":\"consumer\",\"members\":0,\"lag\":4}}
{\"lag\":{\"group\":\"$group\",\"topic\":\"$topic\",\"partition\":0,\"committed\":6,\"end\":10,\"lag\":4}}"
    read_topic -G "$group" "$topic" "$topic-b" >/dev/null
    seq 3 | produce "$topic"
    lags() { list -G "$group" "$@" | jq -c '.lag // empty | [.topic, .partition, .lag]'; }
    assert_eq "$(lags)" "[\"$topic\",0,3]
[\"$topic-b\",0,0]
[\"$topic-b\",1,0]"
    # With topics, only those, and what they hold.
    assert_eq "$(lags -t "$topic")" "[\"$topic\",0,3]"
    assert_eq "$(list -G "$group" -t "$topic" | jq -r 'keys[]' | xargs)" 'cluster broker topic partition group lag'
    # group.id is the default of -G.
    assert_eq "$(list -X group.id="$group" | jq -c '.group // empty | .lag')" 3
}

@test "-L -G shows the members of a group, and which partitions each one reads" {
    make_topic 3 9
    start kcat-in -G "$group" -X client.id=one "$topic" >one
    start kcat-in -G "$group" -X client.id=two "$topic" >two
    two_share() {
        list -G "$group" >listing
        [ "$(jq -c '.member // empty | [.client, .partitions]' listing | sort | xargs)" = '[one,2] [two,1]' ] ||
            [ "$(jq -c '.member // empty | [.client, .partitions]' listing | sort | xargs)" = '[one,1] [two,2]' ]
    }
    wait_until 30 two_share
    assert_eq "$(jq -c '.group // empty | [.state, .type, .protocol, .members]' listing)" '["Stable","consumer","range",2]'
    assert_eq "$(jq -r '.lag // empty | .member' listing | sort | uniq -c | awk '{ print $1 }' | sort | xargs)" '1 2'
    assert_eq "$(jq -r '.lag // empty | .member' listing | sort -u)" "$(jq -r '.member // empty | .member' listing | sort)"
    run -0 kcat-in -L
    assert_match "$output" $'\n'"$group +Stable +consumer +range +[0-9]+ +2"
}

@test "-L lists groups by name" {
    echo 1 | produce "$topic" --create
    for name in c a b d; do
        read_topic "$topic" -G "$topic-$name" >/dev/null
    done
    assert_eq "$(kcat-in -L -J | jq -r '.group // empty | .group' | grep "^$topic-" | xargs)" \
        "$topic-a $topic-b $topic-c $topic-d"
}

@test "a group that does not exist is an error" {
    create_topic "$topic"
    run -69 --separate-stderr list -G "$group" -t "$topic"
    assert_eq "$stderr" "kcat-in: group $group: does not exist"
    assert_eq "$(jq -r '.topic // empty | .topic' <<<"$output")" "$topic"
}

# --- Offsets by time ---

@test "-Q finds the first record at or after a time, or the end if there is none" {
    make_topic 1 3
    sleep 1
    local time
    time=$(date +%s%3N)
    seq 4 | produce "$topic"
    sleep 1
    find() { timeout 20 kcat-in -Q "$topic:0:$1"; }
    assert_eq "$(find "$time")" "$topic [0] offset 3"
    assert_eq "$(find "$(date -u -d "@${time%???}.${time: -3}" +%FT%T.%3NZ)")" "$topic [0] offset 3"
    assert_eq "$(find "@$time")" "$topic [0] offset 3"
    assert_eq "$(find 1h)" "$topic [0] offset 0"
    assert_eq "$(find 1)" "$topic [0] offset 0"
    assert_eq "$(find 10ms)" "$topic [0] offset 7"
    assert_eq "$(find end)" "$topic [0] offset 7"
    assert_eq "$(find beginning)" "$topic [0] offset 0"
    assert_eq "$(timeout 20 kcat-in -Q -J "$topic:0:$time" "$topic:0:$((time + 60000))" "$topic:0:end")" \
        "{\"offset\":{\"topic\":\"$topic\",\"partition\":0,\"offset\":7,\"end\":true}}
{\"offset\":{\"topic\":\"$topic\",\"partition\":0,\"ts\":$time,\"offset\":3,\"end\":false}}
{\"offset\":{\"topic\":\"$topic\",\"partition\":0,\"ts\":$((time + 60000)),\"offset\":7,\"end\":true}}"
}

@test "-Q prints the same bytes as kcat, where there is such a record" {
    create_topic "$topic" 2
    seq 30 | produce_to 0
    seq 50 | produce_to 1
    for questions in "-t $topic:1:-1" "-t $topic:1:1" "-t $topic:1:-1 -t $topic:0:1000000000000" \
        "-t $topic:1:0 -t $topic:0:-2"; do
        # shellcheck disable=SC2086 # several words
        assert_eq "$(timeout 20 kcat-in -Q $questions)" "$(kcat_at -Q $questions)"
    done
}

@test "-Q answers what it can, and exits with 69 for what does not exist" {
    make_topic 1 3
    run -69 --separate-stderr timeout 20 kcat-in -Q "$topic:1:1h" "$topic-none:0:1h" "$topic:0:1h"
    assert_eq "$output" "$topic [0] offset 0"
    assert_eq "$stderr" "kcat-in: topic $topic-none: does not exist
kcat-in: topic $topic [1]: does not exist; the topic has 1 partition"
    run -69 --separate-stderr kcat-in --check "$topic-none"
}
