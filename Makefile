# SPDX-License-Identifier: BSD-2-Clause
#
# make                               builds the tools into build/
# make demo                          installs what is missing, builds, shows the pipe at work
# make check                         builds, and runs the tests that need no Kafka
# make test [TESTS=FILES]            installs what is missing, and runs all tests; see tests/README.md
# make lint                          format, warnings of two compilers, static checks
# make filter-test [PROGRAMS= RECORDS= SEED=]
#                                    compares filters with the jq command, on 10,000 programs
# make bench [FAST=1] [PARTS=NAMES]  speed, latency and memory beside other tools; see tests/bench/README.md
# make test-spark                    runs examples/spark on a real Spark, which it downloads (430 MB)
# make test-three-brokers             takes brokers away from examples/docker/three-brokers.yml, without docker
# make chaos [MODE= SEED= KILLS=]    kills and cuts on a real Kafka; see tests/chaos/run
# make chaos-elastic [SEED= EVENTS=] workers come, go and die on a real Kafka; see tests/chaos/elastic
# make chaos-slices [FORMS= SEED=]   kills jobs that read a topic in slices; see tests/chaos/slices
# make bench-workers [WORKERS= PARTITIONS=]  what many workers that are mostly idle cost
# make mutants [MUTANTS=NAMES]       breaks each promise in a copy, and shows that a test notices
# make SAN=address,undefined test    the same tests with the sanitizers
# make picture                       makes the picture of loginview for README.md anew
# make install PREFIX=/usr DESTDIR=/tmp/root
# make deb                           builds a Debian package into build/; see examples/debian
# make test-deb [SUITES="bookworm trixie"]
#                                    builds, installs, uses and removes it on fresh Debian systems

VERSION = 0.1.0

CC ?= cc
CXX ?= c++
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
PREFIX ?= /usr/local
# Where files go; $(DESTDIR) comes before each.
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
EXAMPLESDIR = $(PREFIX)/share/doc/loginpipe/examples
LIBEXECDIR = $(PREFIX)/libexec/loginpipe
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

comma := ,
B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

WARNINGS = -Wall -Wextra -Wconversion -Wshadow
SANITIZE = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Icommon -DLOGINPIPE_VERSION='"$(VERSION)"' $(WARNINGS) \
	$(CFLAGS) $(SANITIZE)
ALL_CXXFLAGS = -std=c++17 -Icommon -Wall -Wextra -Wconversion $(CXXFLAGS) $(SANITIZE)

KAFKA_TOOLS := kcat-in kcat-out kcat-broker
TOOLS := $(KAFKA_TOOLS) loginclean loginagg logingen loginmarks loginpipe loginreport loginresend loginview
COMMON := $(patsubst %,$(B)/%.o,$(basename $(wildcard common/*/*.c common/*/*.cc)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*_test.c))

# Debian's names. The tools need the first list to build, the tests and lint the second.
BUILD_PACKAGES = gcc g++ libc6-dev librdkafka-dev libjq-dev libsimdjson-dev libxxhash-dev \
	pkg-config libjemalloc-dev libcurl4-openssl-dev libncurses-dev
TEST_PACKAGES = bats jq kcat mawk miller parallel sqlite3 postgresql maven default-jre-headless \
	openssl procps strace valgrind bsdutils util-linux python3 python3-yaml python3-pip python3-venv python3-psycopg2 curl \
	clang clang-format cppcheck shellcheck mandoc prometheus prometheus-node-exporter tmux zsh fish chromium zstd
# What make bench compares with. A JDK and a Go that are there already need not be Debian's.
BENCH_PACKAGES = python3-confluent-kafka time \
	$(if $(shell command -v javac),,default-jdk-headless) $(if $(shell command -v go),,golang-go)

COMPLETION := $(B)/completion/zsh/_loginpipe

.PHONY: all deps demo check test test-spark test-three-brokers filter-test lint bench chaos chaos-elastic chaos-slices \
	bench-workers mutants picture install uninstall deb deb-deps test-deb clean
all: $(addprefix $(B)/,$(TOOLS)) $(COMPLETION)

# librdkafka allocates in one thread and frees in another, which jemalloc does in less time than the
# C library. The sanitizers bring their own allocator.
JEMALLOC := $(if $(SAN),,$(shell pkg-config --libs jemalloc 2>/dev/null))

# An archive, so that each tool gets just what it uses: loginclean is free of librdkafka.
$(B)/libcommon.a: $(COMMON)
	rm -f $@
	$(AR) rcs $@ $^

$(addprefix $(B)/,$(KAFKA_TOOLS)): LDLIBS += -lrdkafka $(JEMALLOC)
$(B)/kcat-in $(B)/kcat-out: LDLIBS += -lcurl
$(B)/loginview: LDLIBS += -lncursesw -ltinfo
$(addprefix $(B)/,$(TOOLS)): $(B)/%: $(B)/tools/%.o $(B)/libcommon.a
	$(CXX) $(LDFLAGS) $(SANITIZE) $^ -o $@ -Wl,--as-needed $(LDLIBS) -ljq -lsimdjson

# For bash, zsh and fish, from what each tool says about its options.
$(COMPLETION): tools/completion/write $(wildcard tools/completion/*.*) $(addprefix $(B)/,$(TOOLS))
	tools/completion/write $(@D:/zsh=) $(addprefix $(B)/,$(TOOLS))

$(UNIT_TESTS): $(B)/unit/%: $(B)/tests/unit/%.o $(B)/libcommon.a
	@mkdir -p $(@D)
	$(CXX) $(LDFLAGS) $(SANITIZE) $^ -o $@ -Wl,--as-needed -lrdkafka -ljq -lsimdjson -lcurl

# What tests put before calls of the C library or of librdkafka, by LD_PRELOAD.
PRELOADS := $(addprefix $(B)/,faults.so late.so unfenced.so)
$(PRELOADS): $(B)/%.so: tests/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 -shared -fPIC $< -o $@ -ldl

# Deletes and changes topics, in less time than a JVM takes to start.
$(B)/tests/alter_topic: tests/alter_topic.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 $< -o $@ -lrdkafka

# Programs that tests/bench/run measures with.
BENCH_PROGRAMS := $(addprefix $(B)/bench/,digest latency producer)
$(BENCH_PROGRAMS): $(B)/bench/%: tests/bench/%.c tests/bench/probe.c tests/bench/probe.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) -O2 $(filter %.c,$^) -o $@ -lrdkafka -lpthread

# libjq cannot tell its version, so the package is asked that it came with.
$(B)/common/json/filter.o: VERSIONS = -DLIBJQ_VERSION='"$(shell \
	dpkg-query -W -f '$${Version}' libjq-dev 2>/dev/null || \
	pkg-config --modversion libjq 2>/dev/null || echo of an unknown version)"'

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(VERSIONS) -MMD -MP -c $< -o $@

$(B)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -MMD -MP -c $< -o $@

deps:
	@tests/deps $(BUILD_PACKAGES) $(TEST_PACKAGES)

demo:
	@tests/deps $(BUILD_PACKAGES)
	@$(MAKE) --no-print-directory all
	@PATH=$(abspath $(B)):$$PATH BOOTSTRAP_SERVERS=$(BOOTSTRAP_SERVERS) \
		DEMO_REPORT=$(abspath $(B))/demo.html tests/demo

.PHONY: test-programs
test-programs: all $(UNIT_TESTS) $(PRELOADS) $(B)/tests/alter_topic $(BENCH_PROGRAMS)

check: test-programs
	@BUILD=$(B) SAN=$(SAN) tests/run --no-kafka $(TESTS)

test: deps
	@$(MAKE) --no-print-directory test-programs
	@BUILD=$(B) SAN=$(SAN) tests/run $(TESTS)

# From PyPI, into a directory of its own. This version runs on the Java of Debian 12 and of 13.
PYSPARK_VERSION = 4.0.1
PYSPARK := $(B)/pyspark-$(PYSPARK_VERSION)/bin

$(PYSPARK)/spark-submit:
	python3 -m venv $(patsubst %/bin,%,$(PYSPARK))
	$(PYSPARK)/pip install --quiet pyspark==$(PYSPARK_VERSION)

test-spark:
	@tests/deps $(BUILD_PACKAGES) bats jq default-jre-headless python3 python3-venv
	@$(MAKE) --no-print-directory all $(PYSPARK)/spark-submit
	@PATH=$(abspath $(PYSPARK)):$$PATH BUILD=$(B) SAN=$(SAN) tests/run --no-kafka tests/spark/*.bats

test-three-brokers:
	@tests/deps $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@$(MAKE) --no-print-directory all
	@BUILD=$(B) SAN=$(SAN) tests/run --no-kafka tests/three-brokers/*.bats

lint:
	@CC_FLAGS='-std=c11 -D_GNU_SOURCE -Icommon $(WARNINGS)' tests/lint

.PHONY: bench-programs
bench-programs: all $(BENCH_PROGRAMS) $(B)/tests/alter_topic

# FAST, OLD and more are in the environment.
bench:
	@tests/deps $(BUILD_PACKAGES) $(TEST_PACKAGES) $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory bench-programs
	@BUILD=$(B) tests/bench/run $(PARTS)

# Variables of the command line are in the environment: make chaos SEED=2
chaos: all
	@BUILD=$(B) tests/chaos/run

chaos-slices: all
	@BUILD=$(B) tests/chaos/slices

chaos-elastic: all $(B)/unfenced.so $(B)/tests/alter_topic
	@BUILD=$(B) tests/chaos/elastic

bench-workers: all
	@BUILD=$(B) tests/bench/workers

filter-test:
	@tests/deps $(BUILD_PACKAGES) jq python3
	@$(MAKE) --no-print-directory $(B)/loginclean $(B)/unit/filter_fields_test
	@BUILD=$(B) tests/filter

picture: all
	@PATH=$(abspath $(B)):$$PATH tests/picture man/loginview.svg

mutants:
	@tests/deps $(BUILD_PACKAGES) $(TEST_PACKAGES)
	@tests/mutants/run $(MUTANTS)

# What the units and cron jobs run besides the tools.
SCRIPTS = login-dead-letters login-hourly login-slice
UNITS = $(notdir $(wildcard examples/systemd/*.service examples/systemd/*.timer))
# Of no use outside the source tree.
SOURCE_EXAMPLES = examples/debian/% examples/docker/Dockerfile
EXAMPLES = $(filter-out $(SOURCE_EXAMPLES),$(shell find examples -type f ! -name '.*' | sort))

# In the tree, units name the paths of a package. An installed one says where its settings begin.
INSTALLED_UNIT = \
	-e '/^\#   install .*\.service/d' -e '/^\#   install .*login-dead-letters/d' -e '/^\#   install .*sinks\//d' \
	-e '/^\#   install /s, \([a-z]*\.env\) /, $(EXAMPLESDIR)/systemd/\1 /,' \
	-e '/^\#   install /s, \.\./kafka\.conf /, $(EXAMPLESDIR)/kafka.conf /,' \
	-e 's, \.\./sinks/, $(EXAMPLESDIR)/sinks/,' \
	-e 's,/usr/local/bin/login-dead-letters,$(LIBEXECDIR)/login-dead-letters,' \
	-e 's,/usr/local/lib/login-sinks,$(LIBEXECDIR)/sinks,' \
	-e 's,^ExecStart=/bin/bash,Environment=PATH=$(BINDIR):/usr/local/bin:/usr/bin:/bin\n&,' \
	-e 's,^Exec\([A-Za-z]*\)=/usr/bin/\(login\|kcat\),Exec\1=$(BINDIR)/\2,'

install: all
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man7 $(LIBEXECDIR) \
		$(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR))
	install -m 755 $(addprefix $(B)/,$(TOOLS)) $(DESTDIR)$(BINDIR)
	for page in man/*.[157]; do \
		install -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.} || exit; done
	install -m 755 examples/pipelines/dead-letters.sh $(DESTDIR)$(LIBEXECDIR)/login-dead-letters
	install -m 755 examples/cron/login-hourly examples/cron/login-slice $(DESTDIR)$(LIBEXECDIR)
	install -d $(DESTDIR)$(LIBEXECDIR)/sinks
	install -m 755 examples/sinks/to-* $(DESTDIR)$(LIBEXECDIR)/sinks
	install -m 644 examples/sinks/*.py $(DESTDIR)$(LIBEXECDIR)/sinks
	for unit in $(UNITS); do \
		sed $(INSTALLED_UNIT) examples/systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit && \
		chmod 644 $(DESTDIR)$(UNITDIR)/$$unit || exit; done
	install -m 644 examples/systemd/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/loginpipe.conf
	install -m 644 examples/systemd/tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/loginpipe.conf
	install -m 644 $(B)/completion/bash/loginpipe $(DESTDIR)$(BASHDIR)
	for tool in $(filter-out loginpipe,$(TOOLS)); do \
		ln -sf loginpipe $(DESTDIR)$(BASHDIR)/$$tool || exit; done
	install -m 644 $(B)/completion/zsh/_loginpipe $(DESTDIR)$(ZSHDIR)
	install -m 644 $(B)/completion/fish/*.fish $(DESTDIR)$(FISHDIR)
	for file in $(EXAMPLES); do \
		mode=644; [ ! -x $$file ] || mode=755; \
		install -D -m $$mode $$file $(DESTDIR)$(EXAMPLESDIR)/$${file#examples/} || exit; done

# examples/debian/README.md says how the package is made.
DEB = $(B)/loginpipe_$(VERSION)_$(shell dpkg --print-architecture).deb
DEB_SOURCE = $(B)/deb/loginpipe-$(VERSION)
DEB_PACKAGES = build-essential debhelper
DEBFULLNAME ?= $(shell sed -n 's/^Maintainer: \(.*\) <.*/\1/p' examples/debian/control)
DEBEMAIL ?= $(shell sed -n 's/^Maintainer: .*<\(.*\)>/\1/p' examples/debian/control)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || stat -c %Y Makefile)

deb-deps:
	@tests/deps $(BUILD_PACKAGES) $(DEB_PACKAGES)

deb: deb-deps
	rm -rf $(B)/deb
	mkdir -p $(DEB_SOURCE)
	cp -R LICENSE Makefile README.md common examples man tools $(DEB_SOURCE)
	mv $(DEB_SOURCE)/examples/debian $(DEB_SOURCE)/debian
	printf 'loginpipe ($(VERSION)) unstable; urgency=medium\n\n  * Version $(VERSION).\n\n -- %s <%s>  %s\n' \
		'$(DEBFULLNAME)' '$(DEBEMAIL)' "$$(date -u -R -d @$(SOURCE_DATE_EPOCH))" >$(DEB_SOURCE)/debian/changelog
	sed -i 's/^Maintainer: .*/Maintainer: $(DEBFULLNAME) <$(DEBEMAIL)>/' $(DEB_SOURCE)/debian/control
	cd $(DEB_SOURCE) && env -u MAKEFLAGS -u MAKELEVEL CC='$(CC)' CXX='$(CXX)' \
		DEB_BUILD_OPTIONS="noautodbgsym parallel=$$(nproc)" dpkg-buildpackage -b -us -uc
	mv $(B)/deb/*.deb $(DEB)
	rm -rf $(B)/deb
	@echo $(DEB)

test-deb:
	@SUITES='$(SUITES)' tests/deb/run

uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(TOOLS)) $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) \
		$(DESTDIR)$(SYSUSERSDIR)/loginpipe.conf $(DESTDIR)$(TMPFILESDIR)/loginpipe.conf \
		$(addprefix $(DESTDIR)$(BASHDIR)/,$(TOOLS)) $(DESTDIR)$(ZSHDIR)/_loginpipe \
		$(patsubst %,$(DESTDIR)$(FISHDIR)/%.fish,$(TOOLS))
	for page in man/*.[157]; do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page#man/}; done
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(EXAMPLESDIR)
	-rmdir $(DESTDIR)$(dir $(EXAMPLESDIR)) 2>/dev/null

clean:
	rm -rf build build-*

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
