#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# backup.sh save DIR [FROM [TO]] - saves the messages of a topic that came since the last run
# backup.sh check DIR            - compares all files with their checksums
# backup.sh restore DIR TOPIC    - writes all messages to a topic, each to the partition that it had
#
#   KAFKA_TOPIC=user-login backup.sh save /backup/user-login
#   KAFKA_TOPIC=user-login backup.sh save /backup/january 2024-01-01 2024-02-01
#   backup.sh restore /backup/january january
#
# A message is saved as it is, with its key, headers and time, and with any bytes. DIR is for one topic, and
# has a folder for each partition. A file there is named after the offsets that it covers: the first one,
# and the one behind the last. Its messages are envelopes (kcat-in -J), one a line:
#
#   DIR/3/00000000000000000000-00000000000001000000.ndjson.zst
#
# A run needs to know nothing but these names. A file gets its name when it is on the disk and has been
# read back: as many messages as kcat-in has counted, with the checksum of what it wrote. So a run may be
# killed at any moment. The next one begins where the last file ends, and no message is missing or twice.
#
# FROM and TO are times of messages in UTC, in a form that date(1) knows. FROM counts for the first run.
#
# restore may be killed and started again, too. It compares what the topic has already, and writes the
# rest. In the end it compares the whole topic with the files. Messages keep their time, and Kafka deletes
# by it: to restore what is older than the topic's retention.ms, set that to -1 first.
#
# Exit status, besides those of the tools: 0 done and compared; 64 wrong usage; 65 a file or topic does not
# hold what it should, or Kafka has deleted messages that were not saved yet; 75 another run is not
# done yet; 78 the topic is not the one of this backup.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC, and SLICE: how many offsets a file covers at most
set -eu -o pipefail

slice=${SLICE:-1000000}

say() { echo "backup: $*" >&2; }

die() {
    say "${@:2}"
    exit "$1"
}

usage() {
    die 64 'usage: backup.sh save DIR [FROM [TO]] | check DIR | restore DIR TOPIC'
}

# --- Files ---

if command -v zstd > /dev/null; then ending=ndjson.zst; else ending=ndjson.gz; fi

pack() {
    if [ $ending = ndjson.zst ]; then zstd -q -T0; else gzip; fi
}

# unpack FILE: a backup that was begun with gzip may be continued with zstd.
unpack() {
    case $1 in
        *.gz) gzip -d < "$1" ;;
        *) zstd -q -d < "$1" ;;
    esac
}

# files PARTITION: its files, in order. Their names are as long as each other.
files() { find "$dir/$1" -name '*.ndjson.*' | sort; }

# begin_of FILE, end_of FILE: the offsets in its name.
begin_of() { basename "$1" | sed 's/-.*//; s/^0*\(.\)/\1/'; }
end_of() { basename "$1" | sed 's/.*-//; s/[.].*//; s/^0*\(.\)/\1/'; }

# contents PARTITION
contents() {
    local file

    files "$1" | while read -r file; do unpack "$file"; done
}

# count PARTITION: how many messages its files hold.
count() { find "$dir/$1" -name '*.sum' -exec cat {} + | awk '{ n += $2 } END { print n + 0 }'; }

# sum: the checksum of stdin.
sum() { sha256sum | cut -d ' ' -f 1; }

# lock: DIR is for one run at a time.
lock() {
    exec 9> "$dir/lock"
    flock -n 9 || die 75 "$dir: another run is not done yet"
}

# --- Kafka ---

# partitions TOPIC: of each partition its number, the first offset, and the one behind the last, which is
# before open transactions.
partitions() {
    kcat-in -L -J -X isolation.level=read_committed "$1" |
        jq -r '.partition // empty | [.partition, .beginning, .end] | join(" ")'
}

# ms TIME: in milliseconds since 1970.
ms() { date -u -d "$1" +%s000 2> /dev/null || die 64 "$1: not a time that date knows"; }

# offset_at PARTITION MS: the first offset whose message has that time or a later one.
offset_at() { kcat-in -Q -J "$topic:$1:$2" | jq .offset.offset; }

# --- save ---

# save_slice PARTITION FROM TO NAME
save_slice() {
    local wanted saved

    mkfifo "$dir/new.fifo"
    sum < "$dir/new.fifo" > "$dir/new.sum" &
    kcat-in -J -t "$topic" -p "$1" -o "$2:$3" --stats "$dir/new.stats" |
        tee "$dir/new.fifo" | pack > "$dir/new.$ending"
    wait $!
    sync "$dir/new.$ending"
    wanted="$(< "$dir/new.sum") $(jq .out "$dir/new.stats")"
    saved="$(unpack "$dir/new.$ending" | sum) $(unpack "$dir/new.$ending" | wc -l)"
    [ "$saved" = "$wanted" ] || die 65 "$4: the disk gives back $saved, but $wanted was written"
    echo "$saved" > "$dir/new.sum"
    sync "$dir/new.sum"
    # The messages come last: where they are, the checksum is, too.
    mv "$dir/new.sum" "$4.sum"
    mv "$dir/new.$ending" "$4.$ending"
    sync "$dir/$1"
    rm -f "$dir"/new.*
    echo "$4.$ending: ${saved#* } messages"
}

# save_partition PARTITION BEGINNING END FROM TO: the latter two are in ms, or empty.
save_partition() {
    local from=$2 to=$3 next last

    mkdir -p "$dir/$1"
    last=$(files "$1" | tail -n 1)
    if [ -n "$last" ]; then
        from=$(end_of "$last")
    elif [ -n "$4" ]; then
        from=$(offset_at "$1" "$4")
    fi
    [ "$from" -le "$3" ] || die 78 "$topic $1: ends at $3, but $from were saved: it is not the same topic any more"
    [ -z "$5" ] || to=$(offset_at "$1" "$5")
    [ "$to" -le "$3" ] || to=$3
    if [ -n "$last" ] && [ "$from" -lt "$2" ] && [ "$from" -lt "$to" ]; then
        say "$topic $1: Kafka has deleted the offsets from $from to $2, which were not saved yet"
        status=65
    fi
    while [ "$from" -lt "$to" ]; do
        next=$((from + slice < to ? from + slice : to))
        save_slice "$1" $((from > $2 ? from : $2)) "$next" "$(printf '%s/%s/%020d-%020d' "$dir" "$1" "$from" "$next")"
        from=$next
    done
}

save() {
    local list partition beginning end from='' to=''

    [ $# -lt 1 ] || from=$(ms "$1")
    [ $# -lt 2 ] || to=$(ms "$2")
    topic=${KAFKA_TOPIC:-user-login}
    mkdir -p "$dir"
    lock
    rm -f "$dir"/new.*
    [ -e "$dir/topic" ] || echo "$topic" > "$dir/topic"
    [ "$(< "$dir/topic")" = "$topic" ] || die 78 "$dir: is for the topic $(< "$dir/topic"), not for $topic"
    list=$(partitions "$topic")
    while read -r partition beginning end; do
        save_partition "$partition" "$beginning" "$end" "$from" "$to"
    done <<< "$list"
    exit "$status"
}

# --- check ---

check_partition() {
    local file previous=

    files "$1" > "$dir/files"
    while read -r file; do
        if [ -n "$previous" ] && [ "$(begin_of "$file")" != "$(end_of "$previous")" ]; then
            die 65 "$file: does not begin where $previous ends"
        fi
        [ "$(unpack "$file" | sum)" = "$(cut -d ' ' -f 1 "${file%.ndjson.*}.sum")" ] ||
            die 65 "$file: has not the checksum that it was saved with"
        previous=$file
    done < "$dir/files"
    rm -f "$dir/files"
}

# saved_partitions: their numbers. A folder is there even if the partition was empty.
saved_partitions() { find "$dir" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -n; }

check() {
    local partition total=0

    [ -e "$dir/topic" ] || die 64 "$dir: is not a backup"
    for partition in $(saved_partitions); do
        check_partition "$partition"
        total=$((total + $(count "$partition")))
    done
    echo "$dir: ok, $total messages"
}

# --- restore ---

# what_is_kept: of each envelope all but the topic and the offset, which are others in another topic.
what_is_kept() { sed -E 's/^\{"topic":"[^"]*",("partition":[0-9]+,)"offset":[0-9]+,/{\1/'; }

# begins_alike PARTITION COUNT: the first messages in the topic are those of the backup.
begins_alike() {
    [ "$2" -eq 0 ] ||
        [ "$(kcat-in -J -t "$topic" -p "$1" -o "0:$2" | what_is_kept | sum)" = \
            "$(contents "$1" | sed -n "1,$2p" | what_is_kept | sum)" ]
}

# compare: says which partition of the topic is not as in the backup.
compare() {
    local list partition beginning end

    list=$(partitions "$topic")
    while read -r partition beginning end; do
        { [ "$end" -le "$(count "$partition")" ] && begins_alike "$partition" "$end"; } ||
            die "$1" "$topic $partition: has other messages than $dir"
        echo "$partition $end"
    done <<< "$list"
}

restore() {
    local list partition there saved has

    check
    lock
    list=$(saved_partitions)
    saved=$(wc -l <<< "$list")
    kcat-out -t "$topic" --create="$saved" < /dev/null
    has=$(partitions "$topic" | wc -l)
    [ "$has" -eq "$saved" ] ||
        die 78 "$topic: partitions: $has, but the backup has $saved; restore to a new topic"
    list=$(compare 78)
    while read -r partition there; do
        contents "$partition" | tail -n "+$((there + 1))"
    done <<< "$list" | kcat-out -J -t "$topic"
    list=$(compare 65)
    while read -r partition there; do
        [ "$there" -eq "$(count "$partition")" ] ||
            die 65 "$topic $partition: has $there messages, but should have $(count "$partition")"
    done <<< "$list"
    echo "$topic: ok, as in $dir"
}

status=0
verb=${1:-} dir=${2:-}
[ -n "$dir" ] || usage
case $verb:$# in
    save:[234]) save "${@:3}" ;;
    check:2) check ;;
    restore:3)
        topic=$3
        restore
        ;;
    *) usage ;;
esac
