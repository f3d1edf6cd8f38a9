#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# Settings of librdkafka that kcat-in and kcat-out follow themselves.
#
# bats file_tags=kafka

load helpers
load kcat-in

count() {
    read_topic "$topic" "$@" | wc -l
}

@test "auto.offset.reset is the default of -o" {
    make_topic 2 50
    assert_eq "$(count -X auto.offset.reset=latest)" 0
    assert_eq "$(count -X auto.offset.reset=earliest)" 50
    assert_eq "$(count -X auto.offset.reset=latest -o beginning)" 50
    assert_eq "$(count -X auto.offset.reset=latest -G "$group" -o stored)" 0
    seq 51 60 | produce "$topic"
    assert_eq "$(count -X auto.offset.reset=latest -G "$group")" 10
    echo 'auto.offset.reset=latest' >conf
    assert_eq "$(count -F conf)" 0
}

@test "with auto.offset.reset=error a group needs a committed offset or -o" {
    make_topic 1 5
    run -78 --separate-stderr read_topic "$topic" -G "$group" -X auto.offset.reset=error
    assert_match "$stderr" "^kcat-in: group $group: no offset is committed for topic $topic \\[0\\]"
    assert_eq "$(count -G "$group" -X auto.offset.reset=error -o 2)" 3
    assert_eq "$(count -G "$group" -X auto.offset.reset=error)" 0
    assert_eq "$(count -X auto.offset.reset=error)" 5
}

@test "group.id is the default of -G" {
    make_topic 1 5
    echo "group.id=$group" >conf
    assert_eq "$(count -F conf)" 5
    assert_eq "$(count -X group.id="$group")" 0
    assert_eq "$(count -F conf -G "$group-other")" 5
    assert_eq "$(count -G "$group")" 0
}

@test "with enable.auto.commit=false a group commits nothing" {
    make_topic 1 5
    assert_eq "$(count -G "$group" -X enable.auto.commit=false)" 5
    assert_eq "$(count -G "$group" -X enable.auto.commit=false)" 5
    assert_eq "$(count -G "$group" -p 0 -X enable.auto.commit=false)" 5
    assert_eq "$(count -G "$group" -X enable.auto.commit=true)" 5
    assert_eq "$(count -G "$group" -X enable.auto.commit=false)" 0
}

# is_left GROUP COUNT: whether the group has so many records to read. It commits nothing.
is_left() {
    [ "$(count -G "$1" -p 0 -X enable.auto.commit=false)" = "$2" ]
}

@test "auto.commit.interval.ms sets how often a group commits" {
    make_topic 1 5
    start kcat-in "$topic" -G "$group-seldom" -p 0 -X auto.commit.interval.ms=600000 >seldom
    start kcat-in "$topic" -G "$group-often" -p 0 -X auto.commit.interval.ms=200 >often
    start kcat-in "$topic" -G "$group-usual" -p 0 >usual
    wait_until 20 has_lines 15 seldom often usual
    wait_until 20 is_left "$group-often" 0
    wait_until 20 is_left "$group-usual" 0
    is_left "$group-seldom" 5
}

@test "no offset is committed before it is acknowledged, whatever the settings are" {
    make_topic 1 100
    mkfifo acks
    exec {keep}<>acks
    for setting in enable.auto.commit=false enable.auto.offset.store=false \
        topic.auto.commit.enable=false; do
        start kcat-in "$topic" -G "$group" -p 0 --acks acks -X $setting -c 100 >lines
        wait_until 20 has_lines 102 lines
        is_left "$group" 100
        kill -KILL $!
        await $!
    done
    exec {keep}>&-
    for setting in enable.auto.commit=true enable.auto.offset.store=true \
        topic.auto.commit.enable=true; do
        run -64 timeout 20 kcat-in "$topic" -G "$group" --acks acks -X $setting
    done
    is_left "$group" 100
}

@test "transactional.id is the default of --transactional-id" {
    make_topic 1 5
    echo "transactional.id=$topic-id" >conf
    read_topic "$topic" -G "$group" --shard 0/1 --marks |
        produce "$topic-out" --create --exactly-once -F conf -v 2>log
    assert_eq "$(read_topic "$topic-out" | wc -l)" 5
    timeout 20 kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t __transaction_state -f '%k\n' >ids
    grep -aq "$topic-id" ids
    run -64 produce "$topic-out" --exactly-once -F conf -X transactional.id=a --transactional-id b
}

@test "a batch.size below the limit of the topic is kept" {
    create_topic "$topic"
    configure_topic "$topic" max.message.bytes=500000
    batch_size() {
        produce "$topic" -X debug=conf "$@" <<<1 2>&1 | sed -n 's/.*batch\.size = //p' | tail -n 1
    }
    assert_eq "$(batch_size)" 500000
    assert_eq "$(batch_size -X batch.size=700000)" 500000
    assert_eq "$(batch_size -X batch.size=1000)" 1000
}

@test "the brokers may stand in a file of their own" {
    make_topic 1 5
    install -m 600 /dev/stdin address <<<"$BOOTSTRAP_SERVERS"
    unset BOOTSTRAP_SERVERS
    assert_eq "$(count -X bootstrap.servers=@address)" 5
    echo '{"bootstrap.servers":"@address"}' >conf
    assert_eq "$(KCAT_CONFIG=conf count)" 5
}

@test "a topic whose name is not valid is refused at once with 78, since a restart does not help" {
    run -78 --separate-stderr kcat-in -e 'user login'
    assert_eq "$stderr" "kcat-in: topic user login: not a valid topic name: it may have up to 249 letters, digits, \
dots, underscores and hyphens"
    run -78 --separate-stderr kcat-out -t 'user login' <<<1
    assert_match "$stderr" 'not a valid topic name'
}
