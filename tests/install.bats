#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
#
# make install and make uninstall, with the tools as they are built.

load helpers

setup() {
    begin
    top=$BATS_TEST_DIRNAME/..
    root=$PWD/root
}

# make_in TARGET [NAME=VALUE]...: what is built is as new as it can be, so nothing is built again.
make_in() {
    make -s -C "$top" "$1" B="${BUILD_DIR##*/}" DESTDIR="$root" "${@:2}" >make.out 2>&1 || {
        cat make.out >&2
        return 1
    }
}

@test "make install puts everything below PREFIX, and make uninstall takes it all away" {
    mkdir root
    echo kept >root/other
    make_in install PREFIX=/opt/pipe
    find root -type f -o -type l | sed 's,^root/opt/pipe/,,' | sort >files
    for file in bin/kcat-in share/man/man1/loginagg.1 share/man/man7/loginpipe.7 lib/systemd/system/loginpipe@.service \
        lib/sysusers.d/loginpipe.conf lib/tmpfiles.d/loginpipe.conf libexec/loginpipe/login-hourly \
        share/bash-completion/completions/kcat-in share/zsh/site-functions/_loginpipe \
        share/fish/vendor_completions.d/kcat-in.fish share/doc/loginpipe/examples/kafka.conf; do
        grep -qxF "$file" files
    done
    assert_eq "$(grep -v -E '^(bin|lib|libexec|share)/' files)" root/other
    run -0 root/opt/pipe/bin/loginpipe --version
    make_in uninstall PREFIX=/opt/pipe
    assert_eq "$(find root -type f -o -type l)" root/other
}

@test "installed files may be read by all, and written by their owner alone" {
    umask 077
    make_in install PREFIX=/usr
    find root ! -type l ! -perm -444 >wrong
    find root ! -type l -perm /022 >>wrong
    find root -path '*/bin/*' ! -type l ! -perm -555 >>wrong
    assert_eq "$(<wrong)" ''
}

@test "installed units run what was installed, and say where their settings begin" {
    make_in install PREFIX=/opt/pipe
    units=$root/opt/pipe/lib/systemd/system
    for unit in "$units"/*.service; do
        # Programs are below the prefix, those that a shell starts by their path or by PATH.
        grep -E '^ExecStart=|^    /' "$unit" | grep -oE '/opt/pipe/[^ ]+' >programs
        while read -r program; do [ -x "$root$program" ]; done <programs
        [ -s programs ]
        run ! grep -E '/usr/bin/(login|kcat)|/usr/local/(bin|lib)/' <(grep -v '^Environment=PATH=' "$unit")
        ! grep -q '^ExecStart=/bin/bash' "$unit" || grep -q '^Environment=PATH=/opt/pipe/bin:' "$unit"
        # All that is left to do by hand is to copy settings.
        while read -r file; do
            [ -e "$root$file" ]
        done < <(sed -nE 's/^#   install -D -m 0[0-7]+ ([^ ]+) .*/\1/p' "$unit")
        run ! grep -qE 'install .*(service|timer|dead-letters|sinks/to)' "$unit"
        grep -q ' /opt/pipe/share/doc/loginpipe/examples/kafka.conf /etc/loginpipe/kafka.conf' "$unit"
    done
    assert_eq "$(cd "$units" && ls)" "$(cd "$top/examples/systemd" && ls -- *.service *.timer)"
}

@test "what is installed into sysusers.d and tmpfiles.d makes the user and the home of the cron jobs" {
    command -v systemd-sysusers >/dev/null && command -v systemd-tmpfiles >/dev/null ||
        skip "there is no systemd-sysusers"
    make_in install PREFIX=/usr
    mkdir -p root/etc root/var/lib
    echo root:x:0:0:root:/root:/bin/sh >root/etc/passwd
    echo root:x:0: >root/etc/group
    run -0 systemd-sysusers --root="$root" loginpipe.conf
    grep -q '^login-hourly:.*:/var/lib/login-hourly:' root/etc/passwd
    run -0 systemd-tmpfiles --root="$root" --create loginpipe.conf
    assert_eq "$(stat -c %a root/var/lib/login-hourly)" 750
}

@test "the Debian package is built with the libraries that make deps installs" {
    # shellcheck disable=SC2016 # make expands it
    printf 'include Makefile\nprint:\n\t@printf "%%s\\n" $(BUILD_PACKAGES)\n' |
        make -s -C "$top" -f - print | grep -e '-dev$' | grep -vx libc6-dev | sort >want
    sed -n '/^Build-Depends:/,/^[^ B]/p' "$top/examples/debian/control" | grep -o 'lib[a-z0-9-]*-dev' | sort >got
    assert_eq "$(<got)" "$(<want)"
}
