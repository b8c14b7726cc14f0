/**
 * @file data.h
 * Data sets, batches, replay memory and pictures in plain C.
 *
 * - Zero in any field of a `_def` (and of data_encoding) means the documented default.
 * - A function that can fail returns a data_status, or NULL, and fills `*error` (may be NULL) with the reason in the
 * form `path:offset: field: expected X, got Y` or, of a call that the system refused, `path: cannot open: why`. It
 * clears `*error` first. A load that fails leaves its destination untouched.
 * - What returns a data_status, makes something or takes options (a `_def`, a data_encoding) refuses NULL for what it
 * needs, with DATA_ERR_ARGUMENT; an array without elements may be NULL. All others, as data_batches_next() and
 * data_rng_next(), must be given what they work on.
 * - Arrays are row-major, the sample is dimension 0. Structs of arrays are freed by the function named next to them,
 * which takes a zeroed struct and NULL as well; destroy functions accept NULL.
 * - Randomness comes from an explicit seed or a caller-owned data_rng. The library never prints, exits, reads the
 *   environment or keeps mutable globals; separate objects may be used from separate threads.
 */
#ifndef KVIST_DATA_H
#define KVIST_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks a function whose result must be looked at. */
#if defined(__GNUC__) || defined(__clang__)
#define DATA_NODISCARD __attribute__((warn_unused_result))
#else
#define DATA_NODISCARD
#endif

/* --- status and errors -------------------------------------------------------------------------------------------- */

/** Every status with its text, once: `X(name, text)`. */
#define DATA_STATUS_MAP(X)                                                                                             \
    X(OK, "success")                                                                                                   \
    X(ERR_MEMORY, "out of memory")                                                                                     \
    X(ERR_ARGUMENT, "invalid argument")                                                                                \
    X(ERR_STATE, "called out of order")                                                                                \
    X(ERR_IO, "input/output error")                                                                                    \
    X(ERR_FORMAT, "malformed file")                                                                                    \
    X(ERR_UNSUPPORTED, "not built in")

/** What a call came to: DATA_OK or one of DATA_ERR_*. */
typedef enum data_status {
#define DATA_X(name, text) DATA_##name,
    DATA_STATUS_MAP(DATA_X)
#undef DATA_X
} data_status;

/** Why a call failed; owned by the caller, never allocated. Long paths are shortened at their front. */
typedef struct data_error {
    data_status status; /**< DATA_OK unless the last call failed */
    uint64_t offset;    /**< byte within the (decompressed) file where reading stopped; 0 when no file is meant */
    char text[256];     /**< `path:offset: field: expected X, got Y` or `path: cannot open: why`, ended by a NUL */
} data_error;

/** Short English text of a status, as "out of memory"; never NULL. */
const char *data_status_string(data_status status);

/* --- randomness --------------------------------------------------------------------------------------------------- */

/** A random generator as a plain value (xoshiro256++, Blackman and Vigna 2019): copy it to fork it, save it to resume
 * it. */
typedef struct data_rng {
    uint64_t state[4]; /**< all zero: drawn from as data_rng_make(0, 0) */
} data_rng;

/**
 * Generator of a seed and a stream.
 * @param seed any value
 * @param stream separates draws for different purposes under one seed
 */
data_rng data_rng_make(uint64_t seed, uint64_t stream);
/** The next 64 random bits. */
uint64_t data_rng_next(data_rng *rng);
/** Uniform integer in [0, bound), without bias; 0 for bound 0. */
uint32_t data_rng_below(data_rng *rng, uint32_t bound);
/** Uniform double in [0, 1), 53 random bits. */
double data_rng_uniform(data_rng *rng);

/* --- images: MNIST ------------------------------------------------------------------------------------------------ */

/** Grey images with labels; freed by data_images_free (or data_mnist_free). */
typedef struct data_images {
    int count;       /**< images */
    int height;      /**< pixels */
    int width;       /**< pixels */
    uint8_t *pixels; /**< (count, height, width), 0 is background */
    uint8_t *labels; /**< (count) */
} data_images;

/** Training and test images. */
typedef struct data_mnist {
    data_images train; /**< 60,000 in MNIST */
    data_images test;  /**< 10,000 in MNIST */
    bool generated;    /**< drawn by the library, not read from files */
} data_mnist;

/** Options of generated digits; files ignore them. */
typedef struct data_mnist_def {
    int train_count; /**< generated training images; default 12000 */
    int test_count;  /**< generated test images; default 2000 */
    uint64_t seed;   /**< of generated images */
} data_mnist_def;

/**
 * Loads MNIST (or any set in its format) from a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte,
 * t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or gzip-compressed, with or without ".gz" in its name.
 * @param folder NULL draws digits instead: 28 x 28, ten classes
 * @param def may be NULL
 * @param[out] mnist to be freed by data_mnist_free; untouched on failure
 * @param error may be NULL
 * @return DATA_ERR_IO if a file cannot be read or is no regular file, DATA_ERR_FORMAT if its content is wrong
 */
DATA_NODISCARD data_status data_mnist_load(const char *folder, const data_mnist_def *def, data_mnist *mnist,
                                           data_error *error);
/** Frees what data_mnist_load gave and zeroes the struct. */
void data_mnist_free(data_mnist *mnist);

/**
 * Loads one pair of IDX files of unsigned bytes: images of rank 3 and labels of rank 1, plain or gzip.
 * @param image_path,label_path the two files
 * @param classes labels must be below it; 1 to 256
 * @param[out] images to be freed by data_images_free; untouched on failure
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_images_load(const char *image_path, const char *label_path, int classes,
                                            data_images *images, data_error *error);
/**
 * Draws digits from strokes: 28 x 28, anti-aliased, jittered; labels cycle through 0 to 9 in a shuffled order.
 * Image i depends on seed, stream and i alone.
 * @param count images, at least 1
 * @param seed any value
 * @param stream tells sets under one seed apart, as training and test
 * @param[out] images to be freed by data_images_free; untouched on failure
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_images_draw(int count, uint64_t seed, uint64_t stream, data_images *images,
                                            data_error *error);
/** Frees the arrays and zeroes the struct. */
void data_images_free(data_images *images);

/** DCGAN's scaling of `count` bytes to [-1, 1]: (x - 127.5) / 127.5. */
void data_scale_signed(const uint8_t *pixels, size_t count, float *out);
/** Scaling of `count` bytes to [0, 1]: x / 255. */
void data_scale_unit(const uint8_t *pixels, size_t count, float *out);

/* --- reviews: vocabulary and encoding ----------------------------------------------------------------------------- */

/** The indices before the words: the word of frequency rank r (from 1) has index r + DATA_INDEX_FROM. */
enum { DATA_PAD = 0, DATA_START = 1, DATA_UNKNOWN = 2, DATA_INDEX_FROM = 3 };
/** In data_encoding.words: every word of the vocabulary. */
enum { DATA_ALL_WORDS = -1 };

/** The words by rank, with their indices; immutable. */
typedef struct data_vocabulary data_vocabulary;

/** Number of words, the three indices before them not counted: 88,584 for the real reviews. */
int data_vocabulary_count(const data_vocabulary *vocabulary);
/**
 * The word of an index.
 * @param vocabulary where to look
 * @param index 0, 1 and 2 give "<pad>", "<start>" and "<unknown>"; rank + DATA_INDEX_FROM gives a word
 * @param[out] size bytes of the word (it may hold any byte but a separator, NUL too); may be NULL
 * @return a NUL-terminated string owned by the vocabulary, or NULL for an index outside it
 */
const char *data_vocabulary_word(const data_vocabulary *vocabulary, int32_t index, size_t *size);
/** The index of a word of `size` bytes, lower-case as it stands in the vocabulary; DATA_UNKNOWN if absent. */
int32_t data_vocabulary_index(const data_vocabulary *vocabulary, const char *word, size_t size);
/**
 * The vocabulary as text, one word a line in the order of rank: what a saved model carries.
 * @param vocabulary what to write
 * @param words how many of the first words; DATA_ALL_WORDS or a number beyond the count for all
 * @param[out] text receives at most `size` bytes, no NUL added; may be NULL when size is 0
 * @param size room in text
 * @return the bytes the whole text has
 */
size_t data_vocabulary_write(const data_vocabulary *vocabulary, int words, char *text, size_t size);
/**
 * The vocabulary of such a text, the inverse of data_vocabulary_write.
 * @return to be freed by data_vocabulary_destroy; NULL for an empty or repeated word, no text or without memory
 */
DATA_NODISCARD data_vocabulary *data_vocabulary_parse(const char *text, size_t size, data_error *error);
/** Frees a vocabulary that data_vocabulary_parse gave (the one of a data_imdb goes with it). */
void data_vocabulary_destroy(data_vocabulary *vocabulary);

/** How words become indices and reviews rows, as Keras' imdb.load_data and pad_sequences do it. */
typedef struct data_encoding {
    int words;          /**< num_words: indices at or above become DATA_UNKNOWN; default 10000, or DATA_ALL_WORDS */
    int skip_top;       /**< indices below become DATA_UNKNOWN (the start too); default 0 */
    int length;         /**< maxlen: columns of a padded row; default 500, at most 32768 */
    bool pad_post;      /**< zeros after the words, not before them */
    bool truncate_post; /**< keep the first `length` indices, not the last */
} data_encoding;

/**
 * Encodes a whole text: DATA_START, then one index a word. As Keras' Tokenizer, but on bytes: spaces, tabs, newlines
 * and ASCII punctuation except the apostrophe stand between words; all other bytes, those of UTF-8 and control
 * characters too, are parts of words; A to Z are taken as a to z.
 * @param vocabulary the words that have indices
 * @param encoding NULL for the defaults; its length is not used
 * @param text any bytes
 * @param size bytes of text
 * @param[out] indices receives the first `capacity` of them; may be NULL when capacity is 0
 * @param capacity room in indices
 * @return how many indices the text has, the start included; 0 for NULL or an encoding out of range
 */
size_t data_encode(const data_vocabulary *vocabulary, const data_encoding *encoding, const char *text, size_t size,
                   int32_t *indices, size_t capacity);
/**
 * Encodes a text into a padded row, as the reviews of data_imdb are.
 * @param vocabulary the words that have indices
 * @param encoding NULL for the defaults
 * @param text any bytes
 * @param size bytes of text
 * @param[out] row encoding->length indices
 * @return DATA_ERR_ARGUMENT for NULL or an encoding out of range
 */
DATA_NODISCARD data_status data_imdb_encode(const data_vocabulary *vocabulary, const data_encoding *encoding,
                                            const char *text, size_t size, int32_t *row);
/**
 * Pads and truncates index lists to rows of one length (Keras' pad_sequences, value 0).
 * @param indices the lists one after the other
 * @param offsets (count + 1): list i is indices[offsets[i]] to indices[offsets[i + 1] - 1]
 * @param count lists
 * @param encoding length, pad_post and truncate_post are used; NULL for the defaults
 * @param[out] rows (count, length)
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_pad_lists(const int32_t *indices, const int64_t *offsets, int count,
                                          const data_encoding *encoding, int32_t *rows, data_error *error);
/**
 * Looks over index lists of foreign origin before they are used.
 * @param indices the lists one after the other; NULL checks the offsets alone
 * @param offsets (count + 1)
 * @param count lists
 * @param bound every index must be in [0, bound): none can be in one of 0 or less
 * @param error may be NULL
 * @return DATA_ERR_FORMAT, naming the first list and position at fault, also for offsets that do not ascend from 0
 */
DATA_NODISCARD data_status data_check_lists(const int32_t *indices, const int64_t *offsets, int count, int32_t bound,
                                            data_error *error);
/**
 * Makes sets of index lists, in place: of each list the different indices, ascending. For networks that see which words
 * occur, not how often (libnn's NN_MULTI_HOT): they need not look for repeats, step by step.
 * @param[in,out] indices the lists one after the other; they close up, what lies behind the last is left over
 * @param[in,out] offsets (count + 1)
 * @param count lists
 * @param error may be NULL
 * @return DATA_ERR_FORMAT as data_check_lists() for a negative index or INT32_MAX, or DATA_ERR_MEMORY (for at most 32
 *         KiB); nothing is changed then
 */
DATA_NODISCARD data_status data_distinct_lists(int32_t *indices, int64_t *offsets, int count, data_error *error);

/* --- reviews: IMDB ------------------------------------------------------------------------------------------------ */

/** Encoded reviews in two forms, in the same order. */
typedef struct data_reviews {
    int count;        /**< reviews */
    int length;       /**< columns of tokens */
    int32_t *tokens;  /**< (count, length), padded and truncated; NULL under no_tokens */
    float *labels;    /**< (count), 1 positive, 0 negative */
    int32_t *indices; /**< whole reviews one after the other, each from DATA_START on; NULL under no_lists */
    int64_t *offsets; /**< (count + 1): review i is indices[offsets[i]] to indices[offsets[i + 1] - 1] */
} data_reviews;

/** Where a cached set came from. */
typedef enum data_cache_state {
    DATA_CACHE_NONE,    /**< no cache asked for */
    DATA_CACHE_READ,    /**< read from the cache */
    DATA_CACHE_WRITTEN, /**< read from the source; the cache is new or was renewed */
    DATA_CACHE_FAILED   /**< read from the source; the cache could not be written, or something else is in its place,
                           which stays (the set is whole all the same) */
} data_cache_state;

/** Options of data_imdb_load. */
typedef struct data_imdb_def {
    data_encoding encoding; /**< of the words */
    uint64_t seed;          /**< of the order of reviews (training and test apart) and of generated ones; of an npz at
                               most 2^32 - 1, default Keras' 113 */
    bool no_shuffle;        /**< leave them sorted by path: negative before positive; of an npz as the file has them */
    bool no_tokens;         /**< leave out data_reviews.tokens */
    bool no_lists;          /**< leave out data_reviews.indices and offsets */
    const char *cache;      /**< file that keeps the tokenised set for the next start; NULL: none. An npz needs none. A
                               cache of another source, or damaged behind its first 8 bytes, is replaced, as is an empty
                               file; a link and a file that begins with other bytes, as the source itself, stay */
    const char *word_index; /**< of an npz: Keras' imdb_word_index.json; default that beside the npz, if there is one */
    int train_count;        /**< generated training reviews; default 4000 */
    int test_count;         /**< generated test reviews; default 1000 */
} data_imdb_def;

/** The movie reviews. */
typedef struct data_imdb {
    data_reviews train;          /**< 25,000 in aclImdb */
    data_reviews test;           /**< 25,000 in aclImdb */
    data_vocabulary *vocabulary; /**< of the training reviews; owned by this struct. NULL for an npz without words */
    int words;                   /**< of the vocabulary; without one the highest rank there is */
    data_encoding encoding;      /**< as used, defaults filled in: hand it to data_imdb_encode */
    data_cache_state cache;      /**< what became of data_imdb_def.cache */
    bool generated;              /**< made from a grammar, not read from files */
} data_imdb;

/**
 * Loads the aclImdb reviews (Maas et al. 2011) from their folder, holding train|test / pos|neg / *.txt, or straight
 * from the .tar.gz (the unlabelled reviews in it are passed over, a review with the holes of a sparse file is refused,
 * as is a second archive behind the first). The vocabulary comes from the training reviews only. Of a review beyond 1
 * MiB its first and last 512 KiB are kept.
 *
 * An imdb.npz as Keras ships it (told by its content) gives the indices and, with the same seed, the order of Keras'
 * imdb.load_data. It holds ranks alone: the words come from Keras' imdb_word_index.json, and without that file there is
 * no vocabulary. Its pickles are read by an allow-list; nothing in them is executed.
 * @param path NULL writes reviews from a small grammar instead
 * @param def may be NULL
 * @param[out] imdb to be freed by data_imdb_free; untouched on failure
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_imdb_load(const char *path, const data_imdb_def *def, data_imdb *imdb,
                                          data_error *error);
/** Frees what data_imdb_load gave and zeroes the struct. */
void data_imdb_free(data_imdb *imdb);

/**
 * Writes one review from the grammar, the kind data_imdb_load(NULL) is made of.
 * @param rng advanced by the draws, the same for any size
 * @param positive its sentiment
 * @param[out] text at most `size` bytes with the final NUL; may be NULL when size is 0
 * @param size room in text
 * @return the bytes the whole review has, without the NUL
 */
size_t data_review_write(data_rng *rng, bool positive, char *text, size_t size);

/* --- batches ------------------------------------------------------------------------------------------------------ */

/** First sample of the validation part, Keras' validation_split: int(count * (1 - split)); split is held to [0, 1]. */
size_t data_split(size_t count, double split);

/** Fills `order` with 0 .. count - 1 in a random order (Fisher and Yates); of a count of 0 or less nothing is written
 * or drawn. */
void data_shuffle(int32_t *order, int32_t count, data_rng *rng);

/** Options of data_batches_create. */
typedef struct data_batches_def {
    int count;       /**< samples; at least 1 */
    int batch;       /**< samples of a batch; default 32, at most count */
    uint64_t seed;   /**< of the order */
    bool no_shuffle; /**< ascending order */
    bool drop_last;  /**< leave out a last batch that is not full */
} data_batches_def;

/** Goes through the samples batch by batch, in a new order each epoch. */
typedef struct data_batches data_batches;

/**
 * Allocates the order; it stands before the first batch of epoch 0.
 * @return to be freed by data_batches_destroy; NULL without memory or for a batch out of range
 */
DATA_NODISCARD data_batches *data_batches_create(const data_batches_def *def, data_error *error);
/** Frees it. */
void data_batches_destroy(data_batches *batches);
/** Number of batches of an epoch. */
int data_batches_per_epoch(const data_batches *batches);
/**
 * Stands before batch `batch` of an epoch. Orders depend on seed and epoch alone, so a resumed run goes on as an
 * uninterrupted one.
 */
void data_batches_seek(data_batches *batches, uint64_t epoch, int batch);
/**
 * The next batch of this epoch.
 * @param batches advanced by one batch
 * @param[out] size its samples
 * @return their indices, valid until the next call on this object; NULL when the epoch is over (seek the next one)
 */
const int32_t *data_batches_next(data_batches *batches, int *size);

/**
 * Copies rows into one batch: out row k is rows[order[k]]. For floats, int32 and bytes alike.
 * @param rows (count, row_size bytes)
 * @param count rows
 * @param row_size bytes of a row
 * @param order (size) which rows
 * @param size rows of the batch
 * @param[out] out (size, row_size bytes), not overlapping rows
 * @return DATA_ERR_ARGUMENT for NULL or an index outside [0, count); out may then be half filled
 */
DATA_NODISCARD data_status data_gather(const void *rows, int count, size_t row_size, const int32_t *order, int size,
                                       void *out);
/**
 * Copies index lists into one batch, the list form of data_gather.
 * @param indices,offsets the lists, as in data_pad_lists
 * @param count lists
 * @param order (size) which lists
 * @param size lists of the batch
 * @param[out] out_indices room for the sum of their lengths
 * @param[out] out_offsets (size + 1)
 * @return DATA_ERR_ARGUMENT for NULL or a list outside [0, count)
 */
DATA_NODISCARD data_status data_gather_lists(const int32_t *indices, const int64_t *offsets, int count,
                                             const int32_t *order, int size, int32_t *out_indices,
                                             int64_t *out_offsets);

/* --- replay memory ------------------------------------------------------------------------------------------------ */

/**
 * A ring of the last transitions, sampled uniformly (Lin 1992) or in proportion to priorities: the proportional variant
 * of Schaul et al., "Prioritized Experience Replay" (2016). There transition i has the priority
 * p(i) = (|TD error| + epsilon)^alpha and is drawn with the probability P(i) = p(i) / sum of p, in O(log capacity).
 */
typedef struct data_replay data_replay;

/** Options of data_replay_create. */
typedef struct data_replay_def {
    int capacity;             /**< transitions kept; default 1000000 (memory is touched only as it fills) */
    int observation;          /**< floats of an observation; at least 1 */
    int actions;              /**< those of a restored state are 0 to actions - 1; default 0: any */
    bool with_replacement;    /**< a batch may hold a transition twice; default without, as Python's random.sample. By
                                 priority it always may */
    double priority_exponent; /**< alpha, 0 to 1 (the paper: 0.6); default 0: uniform */
    double priority_epsilon;  /**< epsilon, above 0, at most 1: keeps what has no error in play; default 1e-6 */
} data_replay_def;

/** One transition. `next` is the observation the step led to, also where the episode ended there. */
typedef struct data_transition {
    const float *observation; /**< (observation) */
    int32_t action;           /**< what was done */
    float reward;             /**< what came of it */
    const float *next;        /**< (observation) */
    bool terminated;          /**< a terminal state: its value is 0 */
    bool truncated;           /**< cut off by a limit: the target still bootstraps from next */
} data_transition;

/** What to sample into: the caller's arrays; a NULL array is left out. */
typedef struct data_transitions {
    float *observation;     /**< (batch, observation) */
    int32_t *action;        /**< (batch) */
    float *reward;          /**< (batch) */
    float *next;            /**< (batch, observation) */
    uint8_t *terminated;    /**< (batch), 0 or 1 */
    uint8_t *truncated;     /**< (batch), 0 or 1 */
    int32_t *index;         /**< (batch) where in the ring they are, for data_replay_set_priorities */
    float *weight;          /**< (batch) what the losses are to be multiplied by, so that unequal probabilities do not
                               bias them: (count * P(i))^-beta over the largest in the batch; 1 when uniform */
    double weight_exponent; /**< beta, 0 to 1, raised to 1 in training (the paper: from 0.4); default 0: weights of 1 */
} data_transitions;

/**
 * Allocates the ring once; push and sample allocate nothing.
 * @return to be freed by data_replay_destroy; NULL without memory or for a definition out of range
 */
DATA_NODISCARD data_replay *data_replay_create(const data_replay_def *def, data_error *error);
/** Frees it. */
void data_replay_destroy(data_replay *replay);
/** Transitions held now, at most the capacity. */
int data_replay_count(const data_replay *replay);
/** Copies a transition in; the oldest makes room when the ring is full. By priority, its TD error is taken for the
 * largest set so far, at least 1, so that it is soon drawn. */
void data_replay_push(data_replay *replay, const data_transition *transition);
/**
 * Draws a batch. By priority it is stratified: the sum of the priorities is cut into `batch` equal slices, and one
 * transition is drawn from each.
 * @param replay where to draw from
 * @param batch at least 1
 * @param rng advanced by the draws
 * @param[out] out the caller's arrays
 * @param error may be NULL
 * @return DATA_ERR_STATE when fewer transitions than `batch` are held, DATA_ERR_ARGUMENT for a batch or a
 * weight_exponent out of range; out and rng are then untouched
 */
DATA_NODISCARD data_status data_replay_sample(data_replay *replay, int batch, data_rng *rng,
                                              const data_transitions *out, data_error *error);
/**
 * Gives transitions of a batch their new TD errors, before anything else is pushed: an index is a place in the ring. A
 * uniform replay looks them over and keeps nothing, so that one loop serves both.
 * @param replay where they are
 * @param index (count) as sampled; of one that comes twice the last error stays
 * @param count 0 or more
 * @param td_error (count) of either sign
 * @param error may be NULL
 * @return DATA_ERR_ARGUMENT for an index that is not held or an error that is not finite; nothing has then changed
 */
DATA_NODISCARD data_status data_replay_set_priorities(data_replay *replay, const int32_t *index, int count,
                                                      const float *td_error, data_error *error);
/**
 * Everything the ring holds as one run of bytes, for a checkpoint (byte order and layout of this machine).
 * @param replay stays as it is
 * @param[out] size bytes; grows with the count
 * @return owned by the replay, valid until the next push, set_priorities, restore or destroy
 */
const void *data_replay_state(const data_replay *replay, size_t *size);
/** Takes such bytes back, all or nothing: capacity, observation, counters, size (with priorities or without), actions
 * and TD errors must fit, else DATA_ERR_FORMAT. Alpha and epsilon are those of the definition, not of the bytes. */
DATA_NODISCARD data_status data_replay_restore(data_replay *replay, const void *state, size_t size, data_error *error);

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/** Width and height of a picture are at most this. */
enum { DATA_PICTURE_MAX = 16384 };

/**
 * Writes a PNG file: to a temporary beside it, checked, then renamed, so that nothing half-written remains.
 * @param path the file; what was there stays when writing fails, and a link, folder or device is refused
 * @param pixels (height, width, channels)
 * @param width,height pixels, at most DATA_PICTURE_MAX
 * @param channels 1 grey or 3 RGB
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_png_write(const char *path, const uint8_t *pixels, int width, int height, int channels,
                                          data_error *error);

/** A PNG file in memory; freed by data_png_free. */
typedef struct data_png {
    uint8_t *bytes; /**< (size) */
    size_t size;    /**< bytes */
} data_png;

/**
 * Makes the bytes that data_png_write would write.
 * @param pixels (height, width, channels)
 * @param width,height pixels, at most DATA_PICTURE_MAX
 * @param channels 1 grey or 3 RGB
 * @param[out] png to be freed by data_png_free; untouched on failure
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_png_encode(const uint8_t *pixels, int width, int height, int channels, data_png *png,
                                           data_error *error);
/** Frees the bytes and zeroes the struct. */
void data_png_free(data_png *png);

/** Images to be shown side by side. */
typedef struct data_grid {
    const float *images; /**< (count, height, width, channels) */
    int count;           /**< images */
    int height;          /**< of one image, pixels */
    int width;           /**< of one image, pixels */
    int channels;        /**< default 1; 1 grey or 3 RGB */
    int columns;         /**< default the smallest that makes the grid at least as wide as it is high (in images) */
    int gap;             /**< black pixels between images; default 2, -1 for none */
    bool unit;           /**< values run over [0, 1], not [-1, 1]; beyond they are clamped, NaN is black */
} data_grid;

/**
 * The size of a grid as a picture.
 * @param grid its images are not read
 * @param[out] width,height pixels
 * @param error may be NULL
 * @return DATA_ERR_ARGUMENT for a grid that is empty or larger than DATA_PICTURE_MAX
 */
DATA_NODISCARD data_status data_grid_size(const data_grid *grid, int *width, int *height, data_error *error);
/**
 * Draws a grid as bytes.
 * @param grid what to draw
 * @param[out] pixels (height, width, channels) of data_grid_size
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_grid_draw(const data_grid *grid, uint8_t *pixels, data_error *error);
/** Draws a grid and writes it as PNG. */
DATA_NODISCARD data_status data_grid_write_png(const data_grid *grid, const char *path, data_error *error);

/** Options of data_gif_open. */
typedef struct data_gif_def {
    int width;    /**< pixels */
    int height;   /**< pixels */
    int channels; /**< default 1; 1 grey (exact), 3 RGB (exact up to 256 colours a frame, else 6 x 6 x 6 and greys) */
    int delay;    /**< hundredths of a second a frame stays; default 10 */
    int loops;    /**< how often it plays; default for ever */
} data_gif_def;

/** An animation being written. */
typedef struct data_gif data_gif;

/** Whether the library was built with giflib; without it data_gif_open fails with DATA_ERR_UNSUPPORTED. */
bool data_gif_available(void);
/**
 * Begins an animation in a temporary beside `path`.
 * @return to be ended by data_gif_close or data_gif_discard; NULL on failure
 */
DATA_NODISCARD data_gif *data_gif_open(const char *path, const data_gif_def *def, data_error *error);
/**
 * Adds a frame.
 * @param gif what to add to
 * @param pixels (height, width, channels)
 * @param error may be NULL
 */
DATA_NODISCARD data_status data_gif_add(data_gif *gif, const uint8_t *pixels, data_error *error);
/** Ends the animation, renames it to its path and frees it; after a failure of any call nothing remains at the path. */
DATA_NODISCARD data_status data_gif_close(data_gif *gif, data_error *error);
/** Gives the animation up: removes the temporary and frees it. */
void data_gif_discard(data_gif *gif);

#ifdef __cplusplus
}
#endif
#endif
