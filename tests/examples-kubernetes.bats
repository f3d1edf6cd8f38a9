#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# examples/kubernetes: the manifests are valid, and what the containers run works on a real Kafka.
#
# bats file_tags=kafka,long

load helpers

setup() {
    begin
    python3 -c 'import yaml' 2>/dev/null || skip "Python has no module yaml"
    examples=$BATS_TEST_DIRNAME/../examples/kubernetes
    tools=$BATS_TEST_DIRNAME/kubernetes
}

# --- Without a cluster ---

@test "each kustomization names each file of its folder" {
    for folder in "$examples"/*/; do
        python3 - "$folder/kustomization.yaml" >named <<'END'
import sys, yaml

k = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
for generator in k.get("configMapGenerator", []) + k.get("secretGenerator", []):
    print("\n".join(generator.get("envs", []) + generator.get("files", [])))
print("\n".join(k["resources"] + k.get("configurations", []) + ["kustomization.yaml"]))
END
        assert_eq "$(grep -v '^\.\./base$' named | sort)" "$(find "$folder" -type f -printf '%P\n' | sort)"
    done
}

@test "the manifests are valid in the schemas of Kubernetes and of KEDA" {
    schemas=${LOGINPIPE_CACHE:-${XDG_CACHE_HOME:-~/.cache}/loginpipe}/kubernetes
    "$tools/prepare" "$schemas" || skip "the packages that check them are missing"
    for folder in "$examples"/*/; do
        "$schemas/kustomize" build "$folder" >built.yaml
        run -0 "$tools/validate" "$schemas" built.yaml
        assert_match "$output" 'Deployment loginpipe-worker'
        assert_match "$output" 'StatefulSet loginpipe-merger'
        # A mistyped field does not pass.
        for wrong in 's/readOnlyRootFilesystem/readOnlyRootFileSystem/' 's/maxUnavailable/maxUnavailible/' \
            's/averageUtilization/averageUtilisation/' 's/maxReplicaCount/maxReplicasCount/' \
            's/limitToPartitionsWithLag/limitToPartitionWithLag/'; do
            sed "$wrong" built.yaml >wrong.yaml
            cmp -s built.yaml wrong.yaml || run -1 "$tools/validate" "$schemas" wrong.yaml
        done
    done
    # The autoscaler reads the password under the generated name.
    "$schemas/kustomize" build "$examples/scale-by-lag" >built.yaml
    assert_eq "$(grep -c 'name: loginpipe-kafka-[a-z0-9]*$' built.yaml)" 3
    run ! grep -q 'replicas: 3' built.yaml
}

@test "the documented command for the logs finds all pods" {
    schemas=${LOGINPIPE_CACHE:-${XDG_CACHE_HOME:-~/.cache}/loginpipe}/kubernetes
    "$tools/prepare" "$schemas" || skip "the packages that build the manifests are missing"
    label=$(sed -n 's/^kubectl logs .* -l \([^ ]*\)$/\1/p' "$examples/README.md")
    [ -n "$label" ]
    for folder in "$examples"/*/; do
        "$schemas/kustomize" build "$folder" >built.yaml
        run -0 python3 - "$label" <<'END'
import sys, yaml

name, value = sys.argv[1].split("=")
for manifest in yaml.safe_load_all(open("built.yaml", encoding="utf-8")):
    template = manifest.get("spec", {}).get("template")
    if template and template["metadata"]["labels"].get(name) == value:
        print(manifest["metadata"]["name"])
END
        assert_eq "$output" $'loginpipe-worker\nloginpipe-merger'
    done
}

@test "loginpipe knows every setting of the pods" {
    loginpipe --help | sed '1,/^Environment:/d' >help
    for role in worker merger; do
        "$tools/pod" "$examples/base" $role . names >known
        [ -s known ]
        while read -r name; do
            [ "$name" = KCAT_CONFIG ] || grep -qw "$name" help || {
                echo "$role: $name" >&2
                return 1
            }
        done <known
    done
}

@test "the client configuration of the secret is valid, and its password stays hidden" {
    "$tools/pod" "$examples/base" worker . mounts
    run -0 kcat-in -F worker/kafka/kcat.conf -X dump
    assert_match "$output" 'sasl.username = loginpipe'
    assert_match "$output" 'sasl.password = '
    run ! grep -q change-me <<<"$output"
}

# --- On a real Kafka ---

# pod ROLE COMMAND
pod() {
    "$tools/pod" base "$1" "$PWD" "$2"
}

# The same for a second pod of a role, in another directory.
second_pod() {
    "$tools/pod" base "$1" "$PWD/second" "$2"
}

# Copies base, with the topics of this test and a broker that asks for no password.
make_base() {
    need_kafka
    cp -R "$examples/base" base
    sed -i "s/^BOOTSTRAP_SERVERS=.*/BOOTSTRAP_SERVERS=$BOOTSTRAP_SERVERS/
        s/^\(KAFKA_TOPIC\|KAFKA_GROUP\)=.*/\1=$topic/
        s/^\([A-Z]*_TOPIC\)=\(processed\|login\)-\(.*\)/\1=$topic-\3/
        s/^KAFKA_TOPIC=.*/KAFKA_TOPIC=$topic/" base/settings.env
    sed -i '/^[a-z]/d' base/kcat.conf
    # The events are old, and should not be late after a pause.
    echo 'KCAT_IN_OPTS=--idle 0' >>base/settings.env
}

# start_pod ROLE [DIR]
start_pod() {
    start "$tools/pod" base "$1" "$PWD${2:+/$2}" run 2>>"log-$1${2:+-$2}"
}

# newest_logins: the logins in the newest version of each insight.
newest_logins() {
    read_topic "$topic-insights" -j 'select(.insight == "logins") | [.key, .logins]' 2>/dev/null |
        jq -rs 'group_by(.[0]) | map(last[1]) | add // 0'
}

# has_counted COUNT: the insights count so many logins.
has_counted() {
    [ "$(newest_logins)" -eq "$1" ]
}

# stage PID NAME: the process number of a stage of the pod.
stage() {
    pgrep -P "$1" -x "$2"
}

@test "the pods count all logins, are healthy, and end in time" {
    make_base
    create_topic "$topic" 4
    logingen -n 30000 >events
    head -n 20000 events | produce "$topic"
    # Before the pods have created the topics, the probe of a worker says what is missing.
    run -69 pod worker startup
    assert_match "$output" "failed: kcat-out: topic $topic-partials: does not exist"
    start_pod worker
    worker=$!
    wait_until 30 pod worker startup
    start_pod worker second
    second=$!
    start_pod merger
    merger=$!
    wait_until 60 pod merger startup
    for role in worker merger; do
        wait_until 30 pod $role liveness
        pod $role readiness
    done
    wait_until 60 second_pod worker liveness
    wait_until 60 has_records 20000 "$topic-logins"
    # A sink that stands still is noticed, and so is one that moves again.
    sink=$(stage "$worker" kcat-out)
    kill -STOP "$sink"
    touch -d '3 minutes ago' worker/run/health
    sleep 7
    run ! pod worker liveness
    run ! pod worker readiness
    pod merger liveness
    kill -CONT "$sink"
    wait_until 30 pod worker liveness
    # More records, while a worker is taken away.
    kill -TERM "$second"
    tail -n 10000 events | produce "$topic"
    await "$second" "$(pod worker grace)"
    assert_eq "$status" 0
    wait_until 60 has_records 30000 "$topic-logins"
    kill -TERM "$worker"
    await "$worker" "$(pod worker grace)"
    assert_eq "$status" 0
    wait_until 60 has_counted 30000
    kill -TERM "$merger"
    await "$merger" "$(pod merger grace)"
    assert_eq "$status" 0
    assert_eq "$(newest_logins)" 30000
    assert_eq "$(read_topic "$topic-logins" | wc -l)" 30000
}
