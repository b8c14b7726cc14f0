/* Reviews written by a small grammar, for where no real ones are. Sentiment lies in most sentences, not in all;
   negation turns the words around, fillers and plot say nothing, invented names keep the vocabulary growing. */
#include "corpus.h"
#include "error.h"
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array)     (sizeof(array) / sizeof((array)[0]))
#define PICK(rng, array) ((array)[data_rng_below((rng), (uint32_t)COUNT(array))])

static const char *const adjectives[2][28] = {
    { "awful",    "terrible",    "boring",   "dull",        "weak",   "poor",  "clumsy",
      "lifeless", "predictable", "annoying", "ridiculous",  "stupid", "cheap", "messy",
      "tedious",  "pointless",   "horrible", "forgettable", "wooden", "lame",  "shallow",
      "painful",  "confusing",   "pathetic", "lazy",        "bland",  "flat",  "disappointing" },
    { "great",     "wonderful", "brilliant",  "moving",   "superb",    "clever",  "charming",
      "excellent", "touching",  "gripping",   "funny",    "beautiful", "perfect", "fresh",
      "powerful",  "memorable", "delightful", "stunning", "warm",      "smart",   "honest",
      "strong",    "amazing",   "thrilling",  "elegant",  "rich",      "subtle",  "rewarding" },
};
static const char *const verbs[2][8] = {
    { "hated", "disliked", "regretted", "suffered through", "loathed", "barely survived", "yawned at", "switched off" },
    { "loved", "enjoyed", "admired", "adored", "treasured", "savoured", "laughed at", "recommended" },
};
static const char *const verdicts[2][8] = {
    { "Avoid it", "A waste of time", "Do not bother", "I want my money back", "Two hours of my life gone",
      "Skip this one", "I nearly walked out", "It fails on every level" },
    { "See it", "A real gem", "Do not miss it", "Well worth the ticket", "I would watch it again tonight",
      "One of the best this year", "I was hooked to the end", "It works on every level" },
};
static const char *const parts[] = { "plot",   "story",    "acting", "script",  "camera work", "music",    "ending",
                                     "pacing", "dialogue", "cast",   "editing", "direction",   "humour",   "opening",
                                     "lead",   "villain",  "score",  "scenery", "second half", "character" };
static const char *const degrees[] = { "",       "",        "",       "really ", "very ",
                                       "quite ", "rather ", "truly ", "simply ", "a bit " };
static const char *const negations[] = { "not", "never", "hardly", "far from", "anything but" };
static const char *const places[] = { "a small town", "the city", "a ship", "the desert",      "an old school",
                                      "the war",      "a farm",   "Paris",  "the near future", "a hotel" };
static const char *const people[] = { "detective", "teacher", "soldier", "singer", "widow",  "boy",
                                      "doctor",    "thief",   "farmer",  "pilot",  "sister", "stranger" };
static const char *const deeds[] = { "looks for a lost letter", "comes home after years", "falls in love",
                                     "plans one last robbery",  "finds a secret",         "loses everything",
                                     "meets an old friend",     "runs from the law",      "learns to dance" };
static const char *const fillers[] = { "I saw it on a Sunday with my brother",
                                       "It runs for about two hours",
                                       "My friends had talked about it",
                                       "I had read the book before",
                                       "There were ten people in the theater",
                                       "It was shot in black and white",
                                       "The DVD has a few extras",
                                       "I don't watch many films like this",
                                       "It's the director's second movie",
                                       "The trailer shows most of it" };
static const char *const films[] = { "movie", "film", "picture", "show", "thing" };
static const char *const starts[] = { "ba", "co", "de", "fi", "ga", "ha", "jo", "ka",
                                      "lu", "ma", "ne", "pa", "ro", "sa", "ti", "vo" };
static const char *const middles[] = { "la", "ri", "no", "ve", "mi", "so", "ta", "ru", "li", "da" };
static const char *const ends[] = { "n", "s", "rd", "lle", "ck", "tti", "son", "va", "m", "x", "ne", "ro" };

/* A text being written, snprintf-like: what does not fit is counted all the same. */
typedef struct writer {
    char *text;
    size_t size, used;
} writer;

static void write_text(writer *w, const char *text)
{
    for (; *text; text++, w->used++) {
        if (w->used < w->size) w->text[w->used] = *text;
    }
}

static void write_all(writer *w, size_t count, const char *const *texts)
{
    for (size_t i = 0; i < count; i++) write_text(w, texts[i]);
}
#define WRITE(w, ...)                                                                                                  \
    write_all((w), COUNT(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })

static bool chance(data_rng *rng, double p)
{
    return data_rng_uniform(rng) < p;
}

static void write_name(writer *w, data_rng *rng)
{
    char first[2] = { 0 };
    const char *start = PICK(rng, starts);
    first[0] = (char)(start[0] - 'a' + 'A');
    WRITE(w, first, start + 1, PICK(rng, middles));
    if (chance(rng, 0.5)) write_text(w, PICK(rng, middles));
    write_text(w, PICK(rng, ends));
}

// "very good", or by negation "not very bad".
static void write_judgement(writer *w, data_rng *rng, int sentiment)
{
    if (chance(rng, 0.2)) {
        WRITE(w, PICK(rng, negations), " ", PICK(rng, adjectives[!sentiment]));
    } else {
        WRITE(w, PICK(rng, degrees), PICK(rng, adjectives[sentiment]));
    }
}

static void write_opinion(writer *w, data_rng *rng, int sentiment)
{
    switch (data_rng_below(rng, 9)) {
    case 0: // the clause after "but" is what counts
        WRITE(w, "Although the ", PICK(rng, parts), " was ", PICK(rng, adjectives[!sentiment]), ", the ",
              PICK(rng, parts), " was ");
        write_judgement(w, rng, sentiment);
        break;
    case 1:
        WRITE(w, "I ", PICK(rng, verbs[sentiment]), " the ", PICK(rng, parts));
        break;
    case 2:
    case 3:
        write_name(w, rng);
        write_text(w, " is ");
        write_judgement(w, rng, sentiment);
        WRITE(w, " as the ", PICK(rng, people));
        break;
    case 4:
    case 5:
        WRITE(w, "What a ", PICK(rng, adjectives[sentiment]), " ", PICK(rng, films));
        break;
    case 6:
        WRITE(w, "They said it was ", PICK(rng, adjectives[!sentiment]), ", but the ", PICK(rng, parts), " is ");
        write_judgement(w, rng, sentiment);
        break;
    default:
        WRITE(w, "The ", PICK(rng, parts), " is ");
        write_judgement(w, rng, sentiment);
        if (chance(rng, 0.3)) WRITE(w, " and the ", PICK(rng, parts), " is ", PICK(rng, adjectives[sentiment]));
    }
}

static void write_plot(writer *w, data_rng *rng)
{
    if (chance(rng, 0.4)) {
        write_text(w, PICK(rng, fillers));
        return;
    }
    WRITE(w, "In ", PICK(rng, places), " a ", PICK(rng, people), " called ");
    write_name(w, rng);
    WRITE(w, " ", PICK(rng, deeds));
}

static void end_sentence(writer *w, data_rng *rng)
{
    write_text(w, chance(rng, 0.12) ? "!" : ".");
    write_text(w, chance(rng, 0.12) ? "<br /><br />" : " ");
}

size_t data_review_write(data_rng *rng, bool positive, char *text, size_t size)
{
    writer w = { .text = text, .size = size };
    const int sentences = 3 + (int)data_rng_below(rng, 12);
    WRITE(&w, "This ", PICK(rng, films), " ");
    write_text(&w, "is by ");
    write_name(&w, rng);
    end_sentence(&w, rng);
    for (int i = 0; i < sentences; i++) {
        if (chance(rng, 0.45)) {
            write_plot(&w, rng);
        } else {
            // One opinion in six goes against the whole.
            write_opinion(&w, rng, chance(rng, 5.0 / 6.0) ? positive : !positive);
        }
        end_sentence(&w, rng);
    }
    if (chance(rng, 0.4)) {
        write_text(&w, PICK(rng, verdicts[positive ? 1 : 0]));
    } else {
        write_opinion(&w, rng, positive);
    }
    write_text(&w, ".");
    if (size > 0) text[w.used < size ? w.used : size - 1] = '\0';
    return w.used;
}

static data_status add_part(const char *part, int count, data_rng *rng, data_corpus_builder *builder, data_error *error)
{
    enum { ROOM = 8192 };
    char key[48], *text = malloc(ROOM);
    if (!text) return data_fail_memory(error, "reviews", ROOM);
    data_status status = DATA_OK;
    for (int i = 0; i < count && status == DATA_OK; i++) {
        const bool positive = i % 2 == 0;
        const size_t written = data_review_write(rng, positive, text, ROOM);
        snprintf(key, sizeof key, "%s/%s/%09d.txt", part, positive ? "pos" : "neg", i);
        status = data_corpus_builder_add(builder, key, text, written < ROOM ? written : ROOM - 1, error);
    }
    free(text);
    return status;
}

data_status data_imdb_generate(int train_count, int test_count, uint64_t seed, data_corpus_builder *builder,
                               data_error *error)
{
    if (train_count < 2 || test_count < 2) {
        return data_fail(error, DATA_ERR_ARGUMENT, NULL, 0, "reviews: expected at least 2 of each part, got %d and %d",
                         train_count, test_count);
    }
    // Streams of their own: the order of the reviews is drawn from 0 and 1.
    data_rng train = data_rng_make(seed, 2), test = data_rng_make(seed, 3);
    const data_status status = add_part("train", train_count, &train, builder, error);
    return status == DATA_OK ? add_part("test", test_count, &test, builder, error) : status;
}
