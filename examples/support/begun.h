/* What a run was begun with: a checkpoint keeps it, for to go on with anything else would be another run. */
#ifndef KVIST_SUPPORT_BEGUN_H
#define KVIST_SUPPORT_BEGUN_H

/**
 * Compares two texts of options, "--seed 1 --lr 0.001 --single". A value may hold spaces.
 *
 * @param path the checkpoint, for the message
 * @return RUN_DONE, or RUN_FAILED after telling the first option that differs: flags first, then values, then options
 *         that one of the texts lacks. Another order of the same options is no difference
 */
int begun_check(const char *path, const char *begun, const char *now);

#endif
