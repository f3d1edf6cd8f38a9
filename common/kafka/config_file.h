// SPDX-License-Identifier: BSD-2-Clause
//
// config_file: reads files of settings, and values that stand in a file of their own.
//
// A file of settings has one PROP=VAL per line, as for kcat, or is one JSON object: {"PROP":"VAL"}.
// In JSON a value is a string, a number or a boolean. The first byte that is not whitespace tells
// the two formats apart.
//
// A value "@FILE" stands for the contents of the file, without the newline at their end; "@@TEXT"
// stands for "@TEXT". A relative FILE is relative to the working directory.
//
//     config_file_read("kafka.conf", add, ctx, &err); // calls add() for each setting
//     char *password;
//     config_file_value("-X", "sasl.password", "@/run/secrets/password", &password, &err);
//
// A warning says if everyone can read a file that holds a secret.
#ifndef KAFKA_CONFIG_FILE_H
#define KAFKA_CONFIG_FILE_H

#include "base/err.h"

// Called for each setting. `where` is the file and, if the format has lines, the line. All texts
// are borrowed. Returns 0, or -1 with *err set.
typedef int config_file_add(void *ctx, const char *where, const char *name, const char *value,
                            struct err *err);

// Returns 0, or -1 with EX_CONFIG or with the error of add().
int config_file_read(const char *path, config_file_add *add, void *ctx, struct err *err);

// Sets *value to what the text of a setting stands for; the caller owns it. Returns 0, or -1 with
// EX_CONFIG.
int config_file_value(const char *where, const char *name, const char *text, char **value,
                      struct err *err);

#endif
