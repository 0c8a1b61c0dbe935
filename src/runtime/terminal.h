/* This side's terminal and the one inside the container: raw mode, window size, bytes both ways. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <time.h>

#define RELAY_SIZE 4096

struct relay {
        char data[RELAY_SIZE];
        size_t size;
};

struct run {
        int command;  /* pidfd */
        int terminal; /* master, non-blocking; -1: the command has this side's own files */
        int held;     /* its other end, kept open: login(1) hangs up and opens again, which is no end */
        bool raw;
        bool input_over;
        bool left;        /* by the keys for it */
        unsigned escapes; /* of these keys, one after the other */
        time_t escaping;  /* since when, CLOCK_MONOTONIC */
        struct termios before;
        struct relay in, out;
};

#define RUN_INIT ((struct run){.command = -1, .terminal = -1, .held = -1})

/* The terminal inside, as soon as it is known; taken over. */
void terminal_take(struct run *run, int master);

/* Raw mode (where standard input is a terminal) and size; terminal_end() puts everything back. Both do nothing without
 * a terminal inside. */
void terminal_begin(struct run *run);
void terminal_end(struct run *run);
void terminal_size_copy(struct run *run);

/* Fills up to three entries and says how many. terminal_relay() takes what poll(2) made of them. */
size_t terminal_poll(struct run *run, struct pollfd *ret);
void terminal_relay(struct run *run, const struct pollfd *polled);
/* After the end: what the command still wrote. */
void terminal_drain(struct run *run);
