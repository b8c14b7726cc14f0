/* What every program needs around its loop: folders, signals, the clock, the closing lines and the exit code. */
#ifndef KVIST_SUPPORT_RUN_H
#define KVIST_SUPPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Exit codes. */
enum { RUN_DONE = 0, RUN_FAILED = 1, RUN_USAGE = 2, RUN_INTERRUPTED = 130 };

/** Longest path, its NUL included. */
enum { RUN_PATH = 4096 };

/** Seconds after a first signal in which another is taken as its double. */
enum { RUN_SIGNAL_PAUSE = 1 };

#if defined(__GNUC__) || defined(__clang__)
#define RUN_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define RUN_PRINTF(string, first)
#endif

/**
 * To be called first: names the program in its messages, writes stdout line by line, keeps training when stdout is
 * closed (no SIGPIPE; closed standard descriptors are held so that no file of ours takes their number).
 */
void run_start(const char *program);

/** Prints "program: message" on stderr, as terminal_text() shows it. @return RUN_FAILED, so that main can return it */
int run_error(const char *format, ...) RUN_PRINTF(1, 2);

/** Likewise "program: warning: message" on `log`; NULL: nowhere. */
void run_warn(FILE *log, const char *format, ...) RUN_PRINTF(2, 3);

/* --- folders ------------------------------------------------------------------------------------------------------ */

/** Writes folder/name to path. @return false if it is longer than RUN_PATH allows; path is then empty */
bool run_join(char path[RUN_PATH], const char *folder, const char *name);

typedef enum run_data { RUN_DATA_FOUND, RUN_DATA_NONE, RUN_DATA_MISSING } run_data;

/**
 * Finds a data set: what --data names, else in $KVIST_DATA, else in the user's data folder
 * (${XDG_DATA_HOME:-$HOME/.local/share}/kvist).
 *
 * @param option the value of --data or NULL. A folder that has none of the names, or a file, is itself the data set
 * @param names  where the set may lie in a data folder, best first, as "imdb/aclImdb-labelled.tar.gz"; ends with NULL
 * @return FOUND with its path; NONE: nothing asked for, nothing there; MISSING: --data names nothing that exists
 */
run_data run_find_data(char path[RUN_PATH], const char *option, const char *const names[]);

/** Makes the folder, its parents too; one that is there already will do. @return false, with errno */
bool run_make_folders(const char *folder);

/**
 * Makes the folder of --out, its parents too, and proves that files can be written there by writing one: a run of hours
 * must not learn at its end that it cannot save.
 *
 * @return false after telling why on stderr
 */
bool run_make_out(const char *folder);

/** Whether there is a checkpoint to go on from: the file itself, or the one before it that saving keeps as `.prev`. */
bool run_has_checkpoint(const char *path);

/* --- signals ------------------------------------------------------------------------------------------------------ */

/**
 * From now on the first SIGINT or SIGTERM only makes run_interrupted true: the loop finishes its step, saves, and the
 * program exits with RUN_INTERRUPTED. A second one, RUN_SIGNAL_PAUSE after the first or later, exits at once. Reads
 * from a terminal or pipe are restarted: a program that waits for input had better not call this.
 */
void run_catch_signals(void);

/** Whether to stop after this step. */
bool run_interrupted(void);

/**
 * Says on stderr that the run was stopped and saved, and which command goes on with it: its own with --resume and
 * without
 * --load, which only a beginning needs. @return RUN_INTERRUPTED
 */
int run_say_resume(int argc, char *const argv[]);

/** Says on stderr that the run was stopped and that nothing of it is left, for want of --out. @return RUN_INTERRUPTED
 */
int run_say_lost(void);

/* --- the end ------------------------------------------------------------------------------------------------------ */

/** Seconds of the monotonic clock. */
double run_seconds(void);

/** Prints the line for scripts: "result: " and the formatted "key=value key=value". */
void run_result(const char *format, ...) RUN_PRINTF(1, 2);

/** Whether all of stdout was written so far; tells on stderr, once, if not. */
bool run_stdout_ok(void);

/** The end of main: reports what stdout lost, which alone does not make a finished run a failed one. @return code */
int run_finish(int code);

#endif
