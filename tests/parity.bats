#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# COMING FROM KCAT in kcat-in(1): kcat and our tools do the same on the same topic. The titles name the
# options. What that section calls better is compared where both can do it, and then shown to be better.
#
# bats file_tags=kafka

load helpers

setup() {
    begin
    need_kafka
    B=$BOOTSTRAP_SERVERS
}

# Which options the tests compare: lines "# reading: -K -O" before a test name options of a part of the
# section.

# kcat OPTION...: with time limit, and without reports of each partition's end.
run_kcat() {
    timeout 30 kcat -q -b "$B" "$@"
}

# Fills $topic with values of any bytes, with keys and headers. What is empty is missing: kcat prints it like
# null, and it has a test of its own.
fill() {
    create_topic "$topic"
    printf 'k1:{"a": 1}\n:no key\nk3:\n:\n\xff\xfe:\xff\xfe\x00b\nk6:%%s\\n\n' |
        run_kcat -P -t "$topic" -Z -K:
    printf 'h\n' | run_kcat -P -t "$topic" -H a=1 -H null -H empty= -H a=2
}

# same OPTION...: kcat and kcat-in print the same of $topic.
same() {
    run_kcat -C -e -t "$topic" "$@" >theirs
    read_topic -t "$topic" "$@" >ours
    if ! cmp theirs ours || [ ! -s ours ]; then
        echo "not the same, or nothing: $*" >&2
        return 1
    fi
}

# alike OPTION...: the records that kcat and kcat-out write of the file `in` are the same, in new topics with
# three partitions.
alike() {
    topic=$(fresh_topic w)
    create_topic "$topic-theirs" 3
    create_topic "$topic-ours" 3
    run_kcat -P -t "$topic-theirs" "$@" <in
    timeout 30 kcat-out -P -t "$topic-ours" "$@" <in
    for whose in theirs ours; do
        run_kcat -C -e -t "$topic-$whose" -f '%p %o %K:%k %S:%s %h\n' | sort >$whose
    done
    cmp theirs ours && [ -s ours ]
}

# The section, with the part in front of each line: "reading .It Cm -O".
section() {
    awk '/^\.Sh/ { inside = /COMING FROM KCAT/ } !inside { next }
         /^\.Ss/ { part = tolower($2 == "Reading" && NF > 2 ? "both" : $2); next } { print part, $0 }' \
        "$BATS_TEST_DIRNAME/../man/kcat-in.1"
}

@test "the section of kcat-in(1) has each option of kcat, and no other" {
    section | sed -n 's/^[a-z]* \.It //p' | grep -oE '(^| )Cm -[A-Za-z]' | grep -oE -e '-[A-Za-z]' |
        sort -u >have
    # Debian builds kcat without -r. Its help leaves out -U, and -M is newer.
    { kcat -h | grep -oE '^ +(-[A-Za-z][ |]+)+' && echo -U -M -r; } |
        grep -oE -e '-[A-Za-z]' | sort -u >wanted
    [ "$(wc -l <wanted)" -gt 30 ]
    diff wanted have
}

@test "each option that kcat-in(1) calls the same or better has a test here" {
    section | awk '$2 == ".It" { item = $0; next }
        item != "" && $2 ~ /^(Same|Better)/ { while (match(item, /Cm -[A-Za-z]/)) {
            print $1, substr(item, RSTART + 3, 2); item = substr(item, RSTART + 5) } }
        { item = "" }' | sort -u >promised
    [ "$(wc -l <promised)" -gt 30 ]
    sed -nE 's/^# (both|reading|writing): /\1 /p' "$BATS_TEST_FILENAME" |
        awk '{ for (i = 2; i <= NF; i++) print $1, $i }' | sort -u >tested
    diff promised tested
}

# both: -C -t -q -E
# reading: -e -u
@test "-C, -t, -e, -q, -u and -E read a topic up to its end" {
    fill
    same -D '\n'
    same -D '\n' -C -q -u -E
    # Better: several topics.
    seq 3 | produce "$topic-b" --create
    assert_eq "$(read_topic -t "$topic" -t "$topic-b" -f '%t\n' | sort | uniq -c | awk '{ print $1 }' | xargs)" '7 3'
}

@test "-e stops at the end, on a topic that grows too" {
    seq 5 | produce "$topic" --create
    start bash -c "while sleep 0.01; do echo 6; done | kcat-out -t $topic"
    wait_until 10 has_records 6 "$topic"
    timeout 20 kcat-in -e -t "$topic" -D '\n' >out
    [ "$(wc -l <out)" -ge 6 ]
}

# reading: -p -o -c
@test "-p, -o and -c choose the same records" {
    create_topic "$topic" 3
    for partition in 0 1 2; do
        seq "${partition}1" "${partition}9" | produce_to "$partition"
    done
    same -p 1 -D '\n'
    same -p 2 -D '\n' -o 4
    same -p 2 -D '\n' -o -3
    same -p 2 -D '\n' -o beginning -c 5
    same -p 2 -D '\n' -o -100
    same -p 0 -f '%p %o\n' -c 2
    run_kcat -C -e -t "$topic" -o -2 -f '%p %o %s\n' | sort >theirs
    read_topic "$topic" -o -2 -f '%p %o %s\n' | sort | cmp - theirs
    assert_eq "$(read_topic "$topic" -o end) $(run_kcat -C -e -t "$topic" -o end)" ' '
    # Better: a list.
    read_topic "$topic" -p 0,2 -f '%p\n' | sort -u | cmp - <(printf '0\n2\n')
}

# reading: -o
@test "-o s@ and -o e@ choose the same records" {
    create_topic "$topic"
    for i in 1 2 3; do
        echo "$i" | produce_to 0
        sleep 0.05
    done
    mapfile -t at < <(read_topic "$topic" -f '%T\n')
    same -D '\n' -o "s@${at[1]}"
    same -D '\n' -o "s@${at[1]}" -o "e@${at[2]}"
    same -D '\n' -o "e@${at[2]}"
    same -D '\n' -o "s@$((at[0] + 1))"
    # Better: it stops, although no record follows; and it goes with a group.
    timeout 20 kcat-in "$topic" -D '\n' -o "e@$((at[2] + 1))" | cmp - <(seq 3)
    timeout 20 kcat-in "$topic" -D '\n' -G "g-$topic" -o "e@${at[2]}" | cmp - <(seq 2)
    timeout 20 kcat-in "$topic" -D '\n' -G "g-$topic" -o stored -e | cmp - <(echo 3)
}

# reading: -D
@test "-D ends each record" {
    fill
    for delim in '\n' '' ';' '\t' '\x41\x42' '\r\n' 'a b'; do
        same -D "$delim"
    done
    # Better: NUL bytes and percent signs.
    read_topic "$topic" -D '\0' -o :2 | cmp - <(printf '{"a": 1}\0no key\0')
    read_topic "$topic" -D '%s' -o :2 | cmp - <(printf '{"a": 1}%%sno key%%s')
}

# reading: -K -O
@test "-K and -O print the key and the offset" {
    fill
    for separator in : '\t' '' ' => ' '\x3a\x3a'; do
        same -K "$separator"
        same -K "$separator" -D ';\n'
    done
    same -K: -Z
    # Better.
    read_topic "$topic" -K% -o :1 | cmp - <(printf 'k1%%{"a": 1}\n')
    run_kcat -C -e -t "$topic" -f '%o:%k:%s\n' | cmp - <(read_topic "$topic" -O -K:)
}

# reading: -f
@test "-f prints all letters and escapes" {
    fill
    # shellcheck disable=SC1003 # a last backslash
    for format in '%s' '%s\n' '%k %K %S\n' '%t[%p]%o: %k %s|' '%R%s' '%h\n' '%T %o\n' '%%%s%%\n' \
        'plain\n' '\t%s\r\n' '\x30\x41%o' '\065\65\10%o' '\P\"%o\\' '%o\' \
        'Topic %t[%p], offset: %o, key: %k, payload: %S bytes: %s\n' \
        '\nKey (%K bytes): %k\t\nValue (%S bytes): %s\n\Partition: %p\tOffset: %o\n--\n'; do
        same -f "$format" -K: -D ';'
    done
    for format in '%q' '%s%'; do
        run -1 run_kcat -C -e -t "$topic" -f "$format"
        run -64 read_topic "$topic" -f "$format"
    done
    # Better: NUL bytes, and all hexadecimal digits.
    read_topic "$topic" -f '%o\0\xaf\xAF' -o 0:1 | cmp - <(printf '0\0\xaf\xaf')
    printf 'x\n' | timeout 20 kcat-out -t "$topic" -H "$(printf 'h=\xc3\xa4,b')"
    same -f '%h\n'
}

# reading: -Z
@test "-Z tells null from empty" {
    fill
    same -Z
    same -Z -K:
    same -Z -f '%k %s %K %S %R %h\n'
    printf ':\n' | run_kcat -P -t "$topic" -K:
    assert_eq "$(run_kcat -C -e -t "$topic" -o -1 -Z -K:)" NULL:NULL
    assert_eq "$(read_topic "$topic" -o -1 -Z -K:)" :
}

# pack TEXT...: fills $topic with messages, each a format of printf, with or without KEY=.
pack() {
    create_topic "$topic"
    for text in "$@"; do
        # shellcheck disable=SC2059 # the text is a format
        printf "$text" | run_kcat -P -t "$topic" -K= -D '<END>'
    done
}

# reading: -s
@test "-s prints packed keys and values" {
    pack '\1\2\xfe=\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8' '\0\0\7text=\0\0\0\1\0\0\0\2' '\0\1\2\3\4\5\6\7'
    for value in q Q '>iI$' 'b B hH h' 'bbbbbbbb$' 'i i$' '  q '; do
        same -s "value=$value" -D '\n'
        same -s "value=$value" -s 'key=hB s' -K ' => ' -Z
    done
    for value in 'cc s' s 's$' 'c<cs'; do
        same -s "value=$value" -c 1 -D ';'
    done
    same -s 'key=bbb' -f '%k %s\n'
    same -s b -K:
    for format in x 'i z' '' Q+; do
        run -1 run_kcat -C -e -t "$topic" -s "value=$format"
        run -64 read_topic "$topic" -s "value=$format"
    done
    # Better: NUL bytes, the other order of bytes, envelopes, lines of JSON, and what does not fit.
    read_topic "$topic" -s value=hs -o -1 -D '' | cmp - <(printf '1\2\3\4\5\6\7')
    read_topic "$topic" -s value=s -o 1:2 -D '' | cmp - <(printf '\0\0\0\1\0\0\0\2')
    assert_eq "$(read_topic "$topic" -s 'value=<i' -o -1 -D ';')" '50462976;'
    assert_eq "$(read_topic "$topic" -s key=b -s value=i -J -o 1:2 | jq -c '[.key, .value]')" '["0",1]'
    assert_eq "$(read_topic "$topic" -s value=q -o 1:)" "$(read_topic "$topic" -s value=q -D '\n' -o 1:)"
    pack_more=$(printf '\1' | run_kcat -P -t "$topic" && read_topic "$topic" -s value=h -o -2 -D ';' 2>rejects)
    assert_eq "$pack_more $(jq -r .reject rejects)" '1; not_packed'
}

# reading: -G
@test "-G reads what the group has not read" {
    create_topic "$topic"
    # A new group begins at the end for kcat, and at the beginning here.
    seq 1 5 | produce "$topic"
    run_kcat -G "a-$topic" -o beginning -e -f '%o %s\n' "$topic" >theirs
    timeout 30 kcat-in -G "b-$topic" -e -f '%o %s\n' "$topic" >ours
    cmp theirs ours
    assert_eq "$(run_kcat -G "c-$topic" -e "$topic")$(timeout 30 kcat-in -G "d-$topic" -o end -e "$topic")" ''
    # Either goes on where the other has stopped.
    seq 6 9 | produce "$topic"
    run_kcat -G "b-$topic" -e -f '%o %s\n' "$topic" >theirs
    timeout 30 kcat-in -G "a-$topic" -e -f '%o %s\n' "$topic" | cmp - theirs
    assert_eq "$(cut -d' ' -f2 theirs | xargs)" '6 7 8 9'
    assert_eq "$(run_kcat -G "a-$topic" -e "$topic")$(timeout 30 kcat-in -G "b-$topic" -e "$topic")" ''
}

# both: -b -X -F -d -m -v
@test "-b, -X, -F, -d, -m and -v configure the client" {
    seq 3 | produce "$topic" --create
    unset BOOTSTRAP_SERVERS
    echo "bootstrap.servers=$B" >conf
    for where in "-b $B" "-X bootstrap.servers=$B" "-X metadata.broker.list=$B" "-F conf" \
        "-b $B -X topic.auto.offset.reset=earliest" "-b $B -d topic" "-b $B -m 20" "-b $B -v" "-F none -b $B"; do
        # shellcheck disable=SC2086 # several words
        timeout 20 kcat -q -C -e -t "$topic" $where >theirs 2>/dev/null
        # shellcheck disable=SC2086
        timeout 20 kcat-in -C -e -t "$topic" -D '\n' $where >ours 2>/dev/null
        cmp theirs ours
        [ -s ours ]
    done
    KCAT_CONFIG=conf kcat -q -C -e -t "$topic" | cmp - <(KCAT_CONFIG=conf kcat-in -e "$topic")
    kcat -X list | cmp - <(kcat-in -X list)
    # Better: secrets.
    kcat -b x -X sasl.password=hunter2 -X dump | grep -q hunter2
    run ! grep hunter2 <(kcat-in -b x -X sasl.password=hunter2 -X dump 2>&1)
    for tool in kcat kcat-in; do
        $tool -X dump -b x -X queued.min.messages=77 | grep -qx 'queued.min.messages = 77'
    done
}

# both: -h -V
@test "-h and -V describe the tools" {
    for tool in kcat kcat-in kcat-out; do
        timeout 20 $tool -V | grep -q librdkafka
        timeout 20 $tool -h | grep -qi '^usage'
    done
}

# both: -P
# writing: -k -H -z
@test "-P, -k, -H and -z write the same records" {
    seq 1000 >in
    alike -p 0 -k one -z snappy -H a=1 -H null -H empty= -H 'b=x=y z' -H a=2
}

# writing: -T
@test "-T passes on what is written" {
    seq 5 >in
    create_topic "$topic"
    run_kcat -P -t "$topic" -T <in >theirs
    timeout 20 kcat-out -P -t "$topic" -T <in >ours
    cmp in ours
    tr -d '\n' <in | cmp - theirs # kcat leaves the newlines out
}

# writing: -p
@test "-p writes to one partition" {
    seq 50 | sed 's/.*/k&:v/' >in
    for partition in 0 2; do
        alike -p $partition -k all
        assert_eq "$(cut -d' ' -f1 ours | sort -u)" $partition
    done
    alike -p 1 -K:
    run -64 timeout 20 kcat-out -t "$topic-ours" -p -2 <in
    # -1 leaves it to the key.
    alike -p -1 -K: -X partitioner=murmur2
    [ "$(cut -d' ' -f1 ours | sort -u | wc -l)" -gt 1 ]
}

# writing: -K -Z
@test "-K takes the key of a line, and -Z makes null of what is empty" {
    printf 'k1:v1\nno separator\n:v2\nk3:\nk4:a:b\nk5:null\n\xff\xfe:\x00\xff\n' >in
    alike -p 0 -K:
    alike -p 0 -K '\x3a'
    alike -p 0 -K: -Z
    alike -p 0 -K: -k all -H a=1
    alike -p 0 -K: -k all -Z
    printf 'a\tb\nc => d\n' >in
    alike -p 0 -K '\t'
    alike -p 0 -K ' => '
    alike -p 0 -K ' => ' -D '\t'
    # A message without key and value is a reject.
    echo : >in
    run ! alike -p 0 -K: -Z
}

# writing: -D
@test "-D ends the lines that are written" {
    printf 'a;b\nc<>d\0;\te' >in
    for delimiter in ';' '\n' '\t' '<>' '\x3b' ';b\n' x; do
        alike -p 0 -D "$delimiter"
    done
    # Better: NUL bytes and empty lines.
    create_topic "$topic"
    printf 'a\0\0b\0' | timeout 20 kcat-out -t "$topic" -D '\0'
    read_topic "$topic" -D ';' | cmp - <(printf 'a;;b;')
}

# writing: -l
@test "files are messages, and with -l lines" {
    printf '{\n"a": 1\n}\n' >one
    printf 'b\n\xff\0c' >two
    : >empty
    echo unread >in
    alike -p 0 one
    alike -p 0 -k K -H a=1 one two empty one
    alike -p 0 -l one
    alike -p 0 -l two -K b
    assert_eq "$(wc -l <ours)" 2
    # Better: several files, and standard input.
    create_topic "$topic"
    timeout 20 kcat-out -t "$topic" -l one - one <in
    read_topic "$topic" -D '\n' | cmp - <(cat one in one)
}

# writing: -c
@test "-c ends after so many messages that are written" {
    seq 20 >in
    for count in 1 7 20 30; do
        alike -p 0 -c $count
    done
    assert_eq "$(wc -l <ours)" 20
}

@test "keys go to the same partition if the partitioner is the same" {
    seq 200 | sed 's/.*/key&:value&/' >in
    create_topic "$topic-a" 7
    create_topic "$topic-b" 7
    run_kcat -P -t "$topic-a" -K: <in
    sed 's/.*/{"k":"key&"}/; s/key.*:value/key/' <(seq 200) >lines
    timeout 20 kcat-out -t "$topic-b" --key k -X partitioner=consistent_random <lines
    run_kcat -C -e -t "$topic-a" -f '%k %p\n' | sort | cmp - <(read_topic "$topic-b" -f '%k %p\n' | sort)
}

# as_ours <lines: kcat's envelopes in our form; the broker's id is left out.
as_ours() {
    jq -cS 'del(.broker) | .headers = [(.headers // []) as $h | range(0; $h | length; 2) | $h[.:. + 2]] |
        (.payload | try (fromjson | true) catch false) as $json |
        if .payload == null then .value = null
        elif $json then .value = (.payload | fromjson)
        else .value_text = .payload end | del(.payload)'
}

# reading: -J
@test "-J prints envelopes with the same contents, and kcat-out takes those of kcat" {
    create_topic "$topic"
    printf 'k1:{"a": [1, "\\n"]}\n:no key\nk3:\n:\nk\xc3\xa4:7\n' | run_kcat -P -t "$topic" -Z -K:
    printf 'h\n' | run_kcat -P -t "$topic" -H a=1 -H null -H empty= -H a=2
    run_kcat -C -e -t "$topic" -J >theirs
    assert_eq "$(wc -l <theirs)" 6
    read_topic "$topic" -J | jq -cS . | cmp - <(as_ours <theirs)
    read_topic "$topic" -J -Z | jq -cS . | cmp - <(as_ours <theirs)
    create_topic "$topic-copy"
    timeout 20 kcat-out -J -t "$topic-copy" <theirs
    read_topic "$topic" -f '%T %K:%k %S:%s %h\n' | cmp - <(read_topic "$topic-copy" -f '%T %K:%k %S:%s %h\n')
    # Better: what is not UTF-8.
    printf '\xff\n' | run_kcat -P -t "$topic"
    assert_eq "$(read_topic "$topic" -J -o -1 | jq -r .value_b64 | base64 -d | od -An -tx1)" ' ff'
}

# reading: -Q
@test "-Q finds the same offsets" {
    create_topic "$topic" 2
    for i in 1 2 3; do
        echo "$i" | produce_to 1
        sleep 0.05
    done
    mapfile -t at < <(read_topic "$topic" -p 1 -f '%T\n')
    for time in 0 "${at[0]}" "${at[1]}" "$((at[1] + 1))" "${at[2]}" -1 -2; do
        run_kcat -Q -t "$topic:1:$time" -t "$topic:0:-1" | sort >theirs
        timeout 20 kcat-in -Q -t "$topic:1:$time" -t "$topic:0:-1" | sort | cmp - theirs
        [ "$(wc -l <theirs)" -eq 2 ]
    done
    # Better: other forms of a time, and an offset in each case.
    assert_eq "$(kcat-in -Q "$topic:1:1h")" "$topic [1] offset 0"
    after=$((at[2] + 1))
    assert_eq "$(run_kcat -Q -t "$topic:1:$after") $(kcat-in -Q "$topic:1:$after")" \
        "$topic [1] offset -1 $topic [1] offset 3"
}

# reading: -L
@test "-L lists the same brokers, topics and partitions" {
    seq 100 | produce "$topic" --create=3
    run_kcat -L -t "$topic" -J >theirs
    timeout 20 kcat-in -L -t "$topic" -J >ours
    jq -c '.controllerid, (.brokers[] | .id, .name),
        (.topics[] | .topic as $topic | .partitions[] |
            [$topic, .partition, .leader, [.replicas[].id], [.isrs[].id]])' theirs >wanted
    jq -c '(.cluster // empty).controller, (.broker // empty | .broker, "\(.host):\(.port)"),
        (.partition // empty | [.topic, .partition, .leader, .replicas, .isr])' ours >found
    cmp wanted found
    [ "$(wc -l <found)" -eq 6 ]
    run_kcat -L | sed -n 's/^  topic "\(.*\)" with.*/\1/p' | sort >topics
    grep -qx "$topic" topics
    # Other tests may add topics meanwhile.
    timeout 20 kcat-in -L -J | jq -r '.topic // empty | .topic' | sort | comm -23 topics - >missing
    assert_eq "$(<missing)" ''
    # Better: sizes.
    assert_eq "$(jq '.topic // empty | .offsets' ours)" 100
}
