#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The pipelines in examples/pipelines, on a real Kafka.
#
# bats file_tags=kafka

load helpers

setup() {
    begin
    need_kafka
    examples=$BATS_TEST_DIRNAME/../examples
}

# make_events COUNT [LOGINGEN_OPTION]...: creates the topics of the examples, with so many events.
make_events() {
    export KAFKA_TOPIC=$topic PROCESSED_TOPIC=$topic-clean INSIGHTS_TOPIC=$topic-insights \
        REJECTS_TOPIC=$topic-rejects KAFKA_GROUP=$topic RESEND_GROUP=$topic-resend
    create_topic "$topic" 3
    for name in "$PROCESSED_TOPIC" "$INSIGHTS_TOPIC" "$REJECTS_TOPIC"; do
        create_topic "$name"
    done
    logingen -n "$@" >events
    produce "$topic" <events
}

# example NAME [ARGUMENT]...
example() {
    timeout 60 "$examples/pipelines/$1" "${@:2}"
}

@test "clean-and-count.sh prints the insights of a topic" {
    make_events 2000 --bad 5 --span 3h
    loginclean --rejects rejects <events | loginagg --every 0 --lateness 1d >expected
    example clean-and-count.sh >out 2>rejects.out
    cmp out expected
    assert_eq "$(wc -l <rejects.out)" "$(wc -l <rejects)"
    example clean-and-count.sh -w all --count locale >out 2>/dev/null
    assert_eq "$(jq -r '.field // empty' out | sort -u | paste -sd,)" ip,locale
}

@test "hourly-device-types.sh prints each hour with its device types" {
    make_events 3000 --span 3h
    KCAT_IN_OPTS=-e LOGINAGG_OPTS='--every 100n --lateness 1d' timeout 60 loginpipe --once
    example hourly-device-types.sh >out
    assert_eq "$(cut -c1-13 out | paste -sd,)" 2023-09-12T00,2023-09-12T01,2023-09-12T02
    assert_eq "$(awk '{ n += $2 } END { print n }' out)" 3000
    expected=$(loginclean <events |
        jq -s 'map(select((.timestamp | tonumber) % 86400 < 3600 and .device_type == "web")) | length')
    assert_match "$(head -n 1 out)" "web $expected(,|$)"
    # Overlapping windows are ignored, and values beyond --values count.
    before=$(<out)
    loginclean <events | loginagg -w 1h/30m -w 1h --every 0 --values 2 >insights
    jq -c 'select(.key | startswith("1h/30m/"))' insights | produce "$INSIGHTS_TOPIC"
    example hourly-device-types.sh >out
    assert_eq "$(<out)" "$before"
    produce "$INSIGHTS_TOPIC" <insights
    example hourly-device-types.sh >out
    assert_eq "$(awk '{ n += $2 } END { print n }' out)" 3000
    assert_eq "$(awk '{ print NF }' out | sort -u)" 6
}

@test "peek.sh saves the lines between the stages" {
    make_events 1000 --bad 5
    example peek.sh dir
    loginclean --rejects rejects <events | sort >expected
    sort dir/2-clean.ndjson | cmp - expected
    assert_eq $(($(wc -l <dir/1-raw.ndjson) + $(grep -c '"kcat-in"' dir/rejects.ndjson))) 1000
    assert_eq "$(wc -l <dir/rejects.ndjson)" "$(wc -l <rejects)"
    assert_eq "$(jq -r 'select(.insight == "logins").logins' dir/3-insights.ndjson)" \
        "$(wc -l <expected)"
}

@test "replay-day.sh reads the given day" {
    before=$(date -u +%F)
    make_events 500
    loginclean <events | loginagg --every 0 >expected
    example replay-day.sh "$before" >out
    [ "$before" = "$(date -u +%F)" ] || skip "it was midnight"
    cmp out expected
    assert_eq "$(example replay-day.sh "$(date -u -d '-1 day' +%F)")" ''
    run -64 example replay-day.sh
    run -64 example replay-day.sh 2024-02-31
}

@test "resend-rejects.sh sends each rejected record through the pipeline once more" {
    make_events 0
    record_with 'del(.locale)' >optional
    record_with '.ip = "no"' >ip
    cat optional ip | produce "$topic"
    KCAT_IN_OPTS=-e timeout 60 loginpipe --once
    assert_eq "$(read_topic "$REJECTS_TOPIC" | wc -l)" 2
    assert_eq "$(read_topic "$PROCESSED_TOPIC")" ''
    for _ in 1 2; do
        example resend-rejects.sh --optional locale
        read_topic "$PROCESSED_TOPIC" | cmp - optional
    done
    # Each run put the record that is still bad back as it was.
    assert_eq "$(read_topic "$REJECTS_TOPIC" -j 'select(.field == "ip").raw')" \
        "$(cat ip ip ip | jq -R .)"
}

@test "users-by-ips.sh lists the users with the most addresses first" {
    make_events 3000 --users 300 --span 2h
    example users-by-ips.sh --each >out
    # For every user: addresses, logins and name.
    jq -sr 'group_by(.user_id) | map({u: .[0].user_id, n: length, i: (map(.ip) | unique | length)})
        | sort_by(.u) | sort_by(-.i)[] | [.i, .n, .u] | @tsv' events >want
    tail -n +2 out | diff want -
    pairs=$(awk '{ n += $1 } END { print n }' want)
    assert_match "$(head -n 1 out)" \
        "^2023-09-12T00:00:00Z $(wc -l <want) users, $pairs pairs, at most $(head -n 1 want | cut -f 1), "
    example users-by-ips.sh | tail -n +2 | diff <(head -n 10 want) -
    assert_eq "$(example users-by-ips.sh -w 1h | grep -c ' users, ')" 2
}

@test "users-by-ips.jq shows all users of --each, and says when a top list is cut" {
    logingen -n 60000 --users 20000 >events
    loginagg --every 0 -w all --each <events | jq -rf "$examples/jq/users-by-ips.jq" >out
    assert_eq "$(wc -l <out)" "$(($(jq -r .user_id events | sort -u | wc -l) + 1))"
    loginagg --every 0 -w all --top 1000000 <events | jq -rf "$examples/jq/users-by-ips.jq" >top
    assert_eq "$(tail -n 1 top)" 'the rest was cut: use --each'
    [ "$(wc -l <top)" -lt "$(wc -l <out)" ]
    diff <(sed '$d' top) <(head -n $(($(wc -l <top) - 1)) out)
}

@test "batch-duplicates.sh finds duplicates within 500 logins or 30 seconds" {
    make_events 0
    # At first the duration ends the batches, later the number.
    { logingen -n 2000 --users 100 --span 5m && logingen -n 3000 --span 1m --start 1694480000; } >events
    create_topic "$topic-one"
    produce "$topic-one" <events
    KAFKA_TOPIC=$topic-one example batch-duplicates.sh --duplicates user_id,ip --top 2 >out
    jq -cn '
        def time: .timestamp | tonumber;
        reduce inputs as $record ({batches: [[]]};
            .batches[-1] as $batch
            | ($batch + [$record] | map(time)) as $times
            | if ($batch | length) == 500 or ($times | max - min) >= 30
                then .batches += [[$record]] else .batches[-1] += [$record] end)
        | .batches | to_entries[]
        | (.value | group_by([.user_id, .ip]) | map(select(length > 1))
            | sort_by(-length)) as $groups
        | select($groups != [])
        | {batch: (.key + 1), ts_min: (.value | map(time) | min), ts_max: (.value | map(time) | max),
            first: (.value | map(time) | min | todate), last: (.value | map(time) | max | todate),
            fields: ["user_id", "ip"], groups: ($groups | length), records: ($groups | map(length) | add),
            top: ($groups[:2] | map({user_id: .[0].user_id, ip: .[0].ip, count: length}))}' \
        <events >want
    [ "$(wc -l <want)" -ge 15 ]
    diff want out
    # All duplicates of a batch, one on each line.
    KAFKA_TOPIC=$topic-one example batch-duplicates.sh --duplicates user_id,ip --top 1000 |
        jq -c '. as $batch | .top[] | {batch: $batch.batch, first: $batch.first} + .' >want
    KAFKA_TOPIC=$topic-one example batch-duplicates.sh --duplicates user_id,ip --each |
        jq -c 'select(.count) | {batch, first, user_id, ip, count}' | diff want -
}

@test "alerts.sh forwards each insight about many addresses once, with its key" {
    make_events 0
    export ALERTS_TOPIC=$topic-alerts ALERTS_GROUP=$topic-alerts
    create_topic "$ALERTS_TOPIC"
    configure_topic "$ALERTS_TOPIC" cleanup.policy=compact
    logingen -n 100k --users 1000 --span 2h | loginagg --every 30000n >insights
    produce "$INSIGHTS_TOPIC" <insights
    max=$(jq 'select(.insight == "distinct" and .final).max' insights | sort -n | head -n 1)
    MAX_IPS=$((max - 1)) example alerts.sh -e
    jq -c "select(.insight == \"distinct\" and .max >= $max)" insights >want
    read_topic "$ALERTS_TOPIC" | jq -c . | diff want -
    assert_eq "$(kcat -b "$BOOTSTRAP_SERVERS" -C -e -q -t "$ALERTS_TOPIC" -f '%k\n')" \
        "$(jq -r .key want)"
    # The next run continues from there. The default limit is twenty.
    MAX_IPS=0 example alerts.sh -e
    read_topic "$ALERTS_TOPIC" | jq -c . | diff want -
    ALERTS_GROUP=$topic-again example alerts.sh -e
    jq -c 'select(.insight == "distinct" and .max > 20)' insights >many
    [ -s many ]
    read_topic "$ALERTS_TOPIC" | jq -c . | diff <(cat want many) -
}

@test "dead-letters.sh sends rejected records back, but no late ones, and gives up in the end" {
    make_events 300
    export DEAD_TOPIC=$topic-dead KCAT_IN_OPTS='-J -e' LOGINCLEAN_OPTS=-J LOGINAGG_OPTS=-J KCAT_OUT_OPTS=-J
    create_topic "$DEAD_TOPIC"
    {
        record_with 'del(.locale) | .timestamp = 1694479551'
        record_with '.ip = "x"'
    } | produce "$topic" -k one
    jq -nc '{reject: "late", topic: env.KAFKA_TOPIC, headers: [], attempts: 1, first: "2026-11-22", raw: ""}' |
        produce "$REJECTS_TOPIC"
    run_pipeline() { DELIVERY=exactly-once STATE_DIR=$PWD/state timeout 60 loginpipe --once; }
    reasons() { read_topic "$1" | jq -r '[.reject, .attempts] | join(" ")' | sort | xargs; }
    run_pipeline
    assert_eq "$(reasons "$REJECTS_TOPIC")" 'bad_ip 1 late 1 missing_field 1'
    example dead-letters.sh
    run_pipeline
    assert_eq "$(reasons "$REJECTS_TOPIC")" 'bad_ip 1 bad_ip 2 late 1 missing_field 1 missing_field 2'
    example dead-letters.sh --max-attempts 2
    run_pipeline
    assert_eq "$(reasons "$DEAD_TOPIC")" 'gave_up 2 gave_up 2'
    # Mended, they pass.
    REJECTS_TOPIC=$DEAD_TOPIC RESEND_GROUP=$topic-revive example dead-letters.sh --max-attempts 3 \
        -j 'select(.field == "locale") | .raw |= (fromjson | .locale = "US" | .timestamp = 1694479551 | tojson)'
    run_pipeline
    assert_eq "$(read_topic "$PROCESSED_TOPIC" -J -j 'select(.headers != []) | [.value.locale, .headers[0][1]]')" '["US","2"]'
}

# backup VERB ARGUMENT...: with small files.
backup() {
    SLICE=300 example backup.sh "$@"
}

@test "backup.sh saves all messages of a topic as they are, and restores them, though it is killed" {
    need_python
    messages() { "$BATS_TEST_DIRNAME/python" "$BATS_TEST_DIRNAME/envelopes/messages.py" "$@"; }
    export KAFKA_TOPIC=$topic
    create_topic "$topic" 4 # one of them stays empty
    logingen -n 50 | produce "$topic" -p 0
    messages fill "$topic" 1500 1
    start env SLICE=300 "$examples/pipelines/backup.sh" save dir >killed
    saver=$!
    wait_until 20 has_lines 2 killed
    pkill -KILL -s "$saver"
    await "$saver"
    run -75 flock dir/lock env SLICE=300 "$examples/pipelines/backup.sh" save dir
    backup save dir >out
    messages fill "$topic" 500 2
    backup save dir >>out
    [ -s out ]
    assert_eq "$(backup save dir)" ''
    assert_eq "$(backup check dir)" 'dir: ok, 2050 messages'
    assert_eq "$(find dir -name '*.sum' -exec cat {} + | awk '$2 > 300')" ''
    # A run of restore was killed when it had written so much.
    create_topic "$topic-b" 4
    zstd -dc dir/1/*.zst | sed -n '1,120p' | produce "$topic-b" -J
    assert_eq "$(backup restore dir "$topic-b" | tail -n 1)" "$topic-b: ok, as in dir"
    messages compare "$topic" "$topic-b"
    # Another run has nothing to do.
    backup restore dir "$topic-b"
    assert_eq "$(read_topic "$topic-b" -J | wc -l)" 2050
    # Not this topic.
    echo 1 | produce "$topic-b" -p 2
    run -78 backup restore dir "$topic-b"
    assert_match "$output" 'has other messages than dir'
    create_topic "$topic-c" 2
    run -78 backup restore dir "$topic-c"
    assert_match "$output" 'but the backup has 4; restore to a new topic'
    KAFKA_TOPIC=$topic-b run -78 backup save dir
    # Not these files.
    file=$(find dir/1 -name '*.zst' | sort | sed -n 2p)
    zstd -dqf "$file" -o plain
    sed '7d' plain | zstd -qf -o "$file"
    run -65 backup check dir
    assert_match "$output" "$file: has not the checksum"
    rm "$file"
    run -65 backup check dir
    assert_match "$output" 'does not begin where'
}

@test "backup.sh saves what lies between two times, and says what Kafka has deleted before" {
    make_events 0
    logingen -n 3000 --start 2023-09-12T00:00:00Z --span 48h | produce "$topic" --key user_id --timestamp timestamp
    backup save dir '2023-09-12 06:00' 2023-09-13 >out
    zstd -dcq dir/?/*.zst | sort >got
    read_topic "$topic" -J -o @2023-09-12T06:00:00Z:@2023-09-13 | sort | cmp - got
    [ "$(wc -l <got)" -gt 1000 ]
    # The next run begins there, whatever FROM says.
    backup save dir 2023-09-01 '2023-09-13 12:00' >out
    zstd -dcq dir/?/*.zst | sort >got
    read_topic "$topic" -J -o @2023-09-12T06:00:00Z:@2023-09-13T12:00:00Z | sort | cmp - got
    run -64 backup save dir 'no time'
    run -64 backup save
    # Kafka deletes the first records.
    end=$(basename "$(find dir/2 -name '*.zst' | sort | tail -n 1)" | sed 's/.*-0*//; s/[.].*//')
    "$BATS_TEST_DIRNAME/python" -c "
from confluent_kafka.admin import AdminClient
from confluent_kafka import TopicPartition
admin = AdminClient({'bootstrap.servers': '$BOOTSTRAP_SERVERS'})
[f.result() for f in admin.delete_records([TopicPartition('$topic', 2, $end + 10)]).values()]"
    run -65 backup save dir
    assert_match "$output" "$topic 2: Kafka has deleted the offsets from $end to $((end + 10)), which were not saved yet"
    # It says so once. What is left was saved.
    assert_eq "$(backup save dir)" ''
    assert_match "$(backup check dir)" 'ok, '
    assert_eq "$(zstd -dcq dir/2/*.zst | jq .offset | sort -n | uniq | wc -l)" \
        $(($(kcat-in -L -J "$topic" | jq 'select(.partition.partition == 2).partition.end') - $(zstd -dcq "$(find dir/2 -name '*.zst' | sort | head -n 1)" | head -n 1 | jq .offset) - 10))
}
