#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# The jq programs and settings in examples/.

load helpers

setup() {
    begin
    examples=$BATS_TEST_DIRNAME/../examples
}

# --- examples/pipelines and examples/jq ---

@test "each example pipeline has a test" {
    for script in "$examples"/pipelines/* "$examples"/databases/*.sh; do
        [ -x "$script" ]
        grep -qh "^    .*example ${script##*/}\|^    .*databases/${script##*/}" \
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

@test "the systemd unit is valid" {
    command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
    sed "s,/usr/bin/loginpipe,$(type -P loginpipe)," "$examples/systemd/loginpipe@.service" \
        >loginpipe@.service
    ln -s loginpipe@.service loginpipe@logins.service
    run -0 timeout 60 systemd-analyze verify --man=no ./loginpipe@logins.service
    assert_eq "$output" ''
}

@test "loginpipe knows every setting in the unit's environment file" {
    set -a
    # shellcheck source=/dev/null
    . "$examples/systemd/example.env"
    set +a
    loginpipe --dry-run
    loginpipe --help >help
    sed -n 's/^\([A-Z_]*\)=.*/\1/p' "$examples/systemd/example.env" >names
    [ -s names ]
    while read -r name; do
        grep -q "^  $name " help
    done <names
}

@test "docker-compose.yml is valid" {
    file=$BATS_TEST_DIRNAME/../docker-compose.yml
    if docker compose version >/dev/null 2>&1; then
        timeout 60 docker compose -f "$file" --profile '*' config --quiet
    elif command -v check-jsonschema >/dev/null; then
        timeout 60 check-jsonschema --builtin-schema vendor.compose-spec "$file"
    else
        skip "there is neither docker compose nor check-jsonschema"
    fi
}

@test "the example client configuration is valid, and its password stays hidden" {
    install -m 600 "$examples/kafka.conf" conf
    for tool in kcat-in kcat-out; do
        run -0 $tool -F conf -X dump
        assert_match "$output" 'sasl.username = loginpipe'
        run ! grep -q change-me <<<"$output"
    done
}
