/* The time from a program's start to its first training step. */
#ifndef KVIST_BENCH_START_H
#define KVIST_BENCH_START_H

#include "workload.h"

/*
 * Starts this program anew some times, each with the options --first-step NAME --threads N --since T, and prints
 * start NAME threads=N start_ms=.. min_ms=.. n=..
 */
void start_measure(const char *program, const workload *w, int threads);

/* What the new one does: makes the workload and prints the milliseconds since `since`, a moment of now(). */
int start_first_step(const workload *w, int threads, double since);

#endif
