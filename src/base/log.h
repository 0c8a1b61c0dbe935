/* Messages of daemons: one line, to stderr, with the journal's "<N>" priority in front when stderr is the journal
 * ($JOURNAL_STREAM), and with the time when it is a file. */
#pragma once

#include "cleanup.h"

#include <syslog.h>

void log_open(const char *identifier, int max_priority);
void log_message(int priority, const char *fmt, ...) _printf_(2, 3);

#define log_error(...)   log_message(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_message(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_message(LOG_DEBUG, __VA_ARGS__)
