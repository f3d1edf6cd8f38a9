# SPDX-License-Identifier: BSD-2-Clause
#
# make            builds the tools into build/
# make demo       installs what is missing, builds, and shows the whole pipe at work
# make test       the same, and runs all tests
# make SAN=address,undefined test    with the sanitizers
# make install PREFIX=/usr DESTDIR=/tmp/root

VERSION = 0.1.0

CC ?= cc
CXX ?= c++
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)

B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma := ,

ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DLOGINPIPE_VERSION='"$(VERSION)"' -Icommon \
	-Wall -Wextra -Wconversion -Wshadow $(CFLAGS) $(SAN_FLAGS)
ALL_CXXFLAGS = -std=c++17 -Icommon -Wall -Wextra -Wconversion $(CXXFLAGS) $(SAN_FLAGS)
SAN_FLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)

BASE := err log xalloc buf line out datetime opt
DOMAIN := ledger reject record filter
STREAM_OBJS := $(patsubst %,$(B)/common/%.o,$(BASE) json $(DOMAIN) stream)

TOOLS := loginclean

.PHONY: all clean
all: $(addprefix $(B)/,$(TOOLS))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -c $< -o $@

$(B)/%.o: %.cc
	@mkdir -p $(@D)
	$(CXX) $(ALL_CXXFLAGS) -MMD -c $< -o $@

$(B)/loginclean: $(B)/tools/loginclean.o $(STREAM_OBJS)
	$(CXX) $(LDFLAGS) $(SAN_FLAGS) $^ -o $@ -ljq -lsimdjson

clean:
	rm -rf build build-*

-include $(wildcard $(B)/*/*.d)
