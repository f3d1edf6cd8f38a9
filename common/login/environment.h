// SPDX-License-Identifier: BSD-2-Clause
//
// environment: what settings in the environment say.
//
//     const char *topic = environment_get("KAFKA_TOPIC", "user-login");
//     char *base = environment_state(); // free it
#ifndef LOGIN_ENVIRONMENT_H
#define LOGIN_ENVIRONMENT_H

// Returns a setting, or `otherwise` if it is missing. An empty setting counts as missing.
const char *environment_get(const char *name, const char *otherwise);

// Returns the directory for the states of all groups and shares, or NULL if none is known. Free it
// with free().
char *environment_state(void);

// Returns a name that no other process has, made of the host's name and the process number. Free it
// with free().
char *environment_process(void);

#endif
