# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Shared by tests/delivery-*.bats: numbered records, marks, and slow or forgetful stages.

RUN=01234567-89ab-4def-8123-456789abcdef

setup() {
    begin
    need_kafka
    out=$(fresh_topic out)
    group=g-$topic
}

# make_topics COUNT: fills $topic with that many numbered records and creates $out.
make_topics() {
    made=0
    more_records "$1"
    create_topic "$out" 2
}

# more_records COUNT: appends that many records to $topic, with the next numbers. A record has 400 bytes,
# so that a pipe does not hold all of them.
more_records() {
    awk -v from="$made" -v count="$1" 'BEGIN {
        pad = sprintf("%380s", ""); gsub(/ /, "x", pad)
        for (i = from + 1; i <= from + count; i++) printf "{\"n\":%d,\"pad\":\"%s\"}\n", i, pad
    }' | produce "$topic" --create=3
    made=$((made + $1))
}

# Creates $topic with the lines of the file new. Fails until the deleted topic of that name is gone.
remake_topic() {
    produce "$topic" --create=1 <new 2>/dev/null
}

# numbers_of TOPIC: the numbers of its committed records.
numbers_of() {
    read_topic "$1" | sed 's/.*"n":\([0-9]*\).*/\1/'
}

# out_has COUNT: $out has at least COUNT different records. A commit takes a moment to be visible.
out_has() {
    [ "$(numbers_of "$out" | sort -un | wc -l)" -ge "$1" ]
}

# mark KIND SEQ OFFSET [MEMBERS]: a mark for partition 0 of $topic.
mark() {
    printf '{"@mark":"%s","run":"%s","seq":%s,"at":[["%s",0,%s]]%s}\n' \
        "$1" "$RUN" "$2" "$topic" "$3" "${4:+,$4}"
}

# Whether all threads of a process have stopped, which takes a moment after a SIGSTOP.
is_stopped() {
    ! cat "/proc/$1"/task/*/status | grep '^State:' | grep -qv '[[:space:]]T'
}

# Makes the last stage "perl keep FILE FIFO", which appends lines to the file and returns marks
# through the FIFO.
keeping_stage() {
    cat >keep <<'END'
while (<STDIN>) {
    my ($how, $file) = /^\{"\@mark"/ ? (">", $ARGV[1]) : (">>", $ARGV[0]);
    open(my $out, $how, $file) or die $!;
    print $out $_;
    close $out;
}
END
}

# restart_and_kill TIMES STAGE...: runs the script pipeline that often, and each time kills a stage
# after the first of 10000 new records have arrived.
restart_and_kill() {
    local times=$1 stages=("${@:2}") before

    for ((i = 0; i < times; i++)); do
        before=$(numbers_of "$out" | wc -l)
        more_records 10000
        start bash pipeline 2>>err
        wait_until 30 grows_beyond "$before"
        pkill -KILL -s $! "${stages[i % ${#stages[@]}]}"
        await $!
    done
}

# Changes the script pipeline so that it ends at the end of the topic, without its slow stage.
read_the_rest() {
    sed -i 's/kcat-in/kcat-in -e/; s/perl slow/cat/' pipeline
}

grows_beyond() {
    [ "$(numbers_of "$out" | wc -l)" -gt "$1" ]
}
