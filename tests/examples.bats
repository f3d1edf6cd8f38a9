#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The jq programs and settings in examples/.

load helpers

setup() {
    begin
    examples=$BATS_TEST_DIRNAME/../examples
}

# --- examples/pipelines, examples/sinks and examples/jq ---

@test "each example pipeline and each sink has a test" {
    for script in "$examples"/pipelines/* "$examples"/sinks/to-*; do
        [ -x "$script" ]
        grep -qh "^    .*example ${script##*/}\|^    .*sinks/${script##*/}" \
            "$BATS_TEST_DIRNAME"/examples-*.bats || {
            echo "$script has none" >&2
            return 1
        }
    done
}

@test "each jq example is a valid program" {
    for file in "$examples"/jq/*.jq; do
        [ -e "$file" ] || skip "there are none"
        loginclean --jq-file "$file" --arg version 1.0.0 </dev/null
    done
}

# --- Settings ---

# unit_environment UNIT: what it adds to the environment.
unit_environment() {
    sed -n 's/^Environment=//p' "$examples/systemd/$1"
}

# Puts the units into this directory, for the loginpipe under test, and lists them in $units. One with @
# in its name becomes the instance "logins".
install_units() {
    local file unit
    units=()
    for file in "$examples"/systemd/*.{service,timer}; do
        sed "s,/usr/bin/loginpipe,$(type -P loginpipe)," "$file" >"${file##*/}"
        unit=${file##*/}
        case $unit in
        *@.service)
            ln -s "$unit" "${unit/@/@logins}"
            unit=${unit/@/@logins}
            ;;
        esac
        units+=("./$unit")
    done
    [ ${#units[@]} -ge 3 ]
}

@test "the systemd units are valid" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    install_units
    run -0 timeout 60 systemd-analyze verify --man=no "${units[@]}"
    assert_eq "$output" ''
}

@test "the systemd units are exposed as little as they can be" {
    systemd-analyze security --help 2>/dev/null | grep -q -e --offline ||
        skip "systemd-analyze cannot rate units that are not loaded"
    install_units
    for unit in "${units[@]}"; do
        [[ $unit == *.service ]] || continue
        # 1.1 of 10 is what a service with access to the network can reach.
        run -0 timeout 60 systemd-analyze security --offline=true --threshold=12 "$unit"
    done
}

@test "loginpipe knows every setting in the environment files, and in the units" {
    loginpipe --help >help
    for file in "$examples"/systemd/*.env; do
        (
            set -a
            # shellcheck source=/dev/null
            . <(sed -E 's/^([A-Z_]+)=(.*)$/\1="\2"/' "$file")
            loginpipe --dry-run >/dev/null
            ROLE=merge loginpipe --dry-run >/dev/null
        )
        sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$file" >names
        [ -s names ]
        while read -r name; do
            grep -qE "^  (.*, )?${name}[, ]" help || grep -qE "^  (.*, )?$name$" help
        done <names
    done
    grep -qx ROLE=worker <(unit_environment loginpipe-worker@.service)
    grep -qx ROLE=merge <(unit_environment loginpipe-merge.service)
    grep -qx WORKER_ID=%H-%i <(unit_environment loginpipe-worker@.service)
}

@test "the compose files are valid" {
    top=$BATS_TEST_DIRNAME/.. one=$top/docker-compose.yml three=$examples/docker/three-brokers.yml
    if docker compose version >/dev/null 2>&1; then
        timeout 60 docker compose -f "$one" --profile '*' config --quiet
        timeout 60 docker compose -f "$one" -f "$three" --profile '*' config --quiet
    else
        need_python
        "$BATS_TEST_DIRNAME/python" -m check_jsonschema --builtin-schema vendor.compose-spec "$one" "$three"
    fi
    # Docker would make a directory of a file that is not there.
    mapfile -t mounted < <(grep -oE '\./examples/[^:]+' "$one")
    [ ${#mounted[@]} -gt 0 ]
    (cd "$top" && ls -d "${mounted[@]}") >/dev/null
}

@test "the three brokers differ in their numbers and addresses only" {
    "$BATS_TEST_DIRNAME/three-brokers/settings" . >/dev/null
    for broker in kafka kafka-2 kafka-3; do
        grep -vE '^(node\.id|listeners|advertised\.listeners)=' $broker.properties | sort >$broker.common
        sed -n 's/^node\.id=//p' $broker.properties
    done >ids
    assert_eq "$(xargs <ids)" '1 2 3'
    cmp kafka.common kafka-2.common
    cmp kafka.common kafka-3.common
    grep -qx min.insync.replicas=2 kafka.common
}

@test "hadolint has nothing to say about the Dockerfile" {
    need_python
    # It comes with the packages, but as a program.
    "$BATS_TEST_DIRNAME/python" -c 'import os, sys
program = sys.prefix + "/bin/hadolint"
os.execv(program, [program, sys.argv[1]])' "$examples/docker/Dockerfile"
}

# security-logins.bats signs in with them.
@test "the example client configurations are valid, and their secrets stay hidden" {
    for file in "$examples"/kafka*.conf; do
        install -m 600 "$file" conf
        for tool in kcat-in kcat-out; do
            run -0 $tool -F conf -X dump
            assert_match "$output" '= \(hidden\)'
            run ! grep -q change-me <<<"$output"
        done
    done
}
