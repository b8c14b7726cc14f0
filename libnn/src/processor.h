/* The processor on which the calling thread runs. */
#ifndef NN_SRC_PROCESSOR_H
#define NN_SRC_PROCESSOR_H

/* Its number; -1 where the system does not tell. */
int nn_processor(void);

/*
 * Moves the calling thread to another of the processors that it may use, if there is one; it may come back later. On
 * Linux those that it may use are from then on what sched_getaffinity() told: processors that come to be allowed after
 * that are not among them.
 */
void nn_leave_processor(int processor);

#endif
