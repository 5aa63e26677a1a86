/* Finds the processes below this one, and what they cost. */
#ifndef TREE_H
#define TREE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

/* Of all processes below this one but those of the workload. */
struct cost {
    uint64_t processes, threads;
    /* How often a thread of them was put to sleep or put off. */
    uint64_t switches;
    uint64_t cpu_ns;
    uint64_t rss_kb, peak_rss_kb, pss_kb;
};

struct cost cost_of_managers(void);

/* Sends `signal` to everything below this process, and returns to how many. */
int signal_all(int signal);

#endif
