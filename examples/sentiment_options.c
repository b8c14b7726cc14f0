#include "sentiment_options.h"

enum { PRESET_REPORT, PRESET_TUNED };

const sentiment_network sentiment_networks[] = {
    [SENTIMENT_DENSE] = { "dense", "dense", 20, 512, 0.4 },
    [SENTIMENT_EMBEDDING] = { "embedding", "embedding", 10, 128, 0.2 },
    [SENTIMENT_CONV] = { "conv", "convolution", 10, 128, 0.2 },
    [SENTIMENT_RNN] = { "rnn", "SimpleRNN", 10, 128, 0.2 },
    [SENTIMENT_GRU] = { "gru", "GRU", 10, 128, 0.2 },
    [SENTIMENT_LSTM] = { "lstm", "LSTM", 10, 128, 0.2 },
    [SENTIMENT_LSTM2] = { "lstm2", "two LSTM layers", 10, 128, 0.2 },
    [SENTIMENT_BILSTM] = { "bilstm", "bidirectional LSTM", 10, 128, 0.2 },
};

/* The report's settings of each network, and what does better; what the user typed stays. */
static void choose_defaults(sentiment_options *set, int argc, char *const argv[])
{
    const sentiment_network *network = &sentiment_networks[set->kind];
    const bool tuned_rnn = set->preset == PRESET_TUNED && set->kind == SENTIMENT_RNN;
    if (!options_given(argc, argv, "epochs")) set->epochs = network->epochs;
    if (!options_given(argc, argv, "batch")) set->batch = network->batch;
    if (!tuned_rnn) return;
    if (!options_given(argc, argv, "clip-norm")) set->clip_norm = 1.0;
    if (!options_given(argc, argv, "dropout")) set->dropout = 0.2;
    if (!options_given(argc, argv, "maxlen")) set->length = 200;
}

#define REVIEWS "batch", "reviews", "data", "out"
static const options_rule rules[] = {
    { .option = "load",
      .without = { "model", "preset", "epochs", "words", "maxlen", "lr", "clip-norm", "dropout", "patience", "save",
                   "resume", "tensorboard" },
      .why = "it uses what was learnt" },
    { .option = "predict", .needs = "load", .without = { "neighbours", "analogy", "explain", REVIEWS } },
    { .option = "neighbours", .needs = "load", .without = { "analogy", "explain", REVIEWS } },
    { .option = "analogy", .needs = "load", .without = { "explain", REVIEWS } },
    { .option = "preset=tuned", .needs = "model=rnn" },
};

static bool has_use(const sentiment_options *set)
{
    return set->predict || set->neighbours || set->analogy || set->explain;
}

/* The defaults, and what does not go together by its value. */
static bool finish(void *settings, int argc, char *const argv[], options_message *message)
{
    sentiment_options *set = settings;
    choose_defaults(set, argc, argv);
    if (set->common.load && !has_use(set))
        return options_refuse(message,
                              "--load: expected one of --predict, --neighbours, --analogy and --explain with it");
    if (!set->common.load && set->kind == SENTIMENT_CONV && set->length < SENTIMENT_WINDOW)
        return options_refuse(
            message, "--maxlen: expected at least %d with --model conv, as its filters see so many words, got %d",
            SENTIMENT_WINDOW, set->length);
    return true;
}

int sentiment_options_read(sentiment_options *set, int argc, char *const argv[], options_reader *read)
{
    *set = (sentiment_options){ .common = OPTIONS_COMMON_DEFAULTS,
                                .kind = SENTIMENT_LSTM,
                                .words = 10000,
                                .length = 500,
                                .reviews = 4000,
                                .lr = 1e-3 };
    options_entry entries[] = {
        OPTIONS_CHOICE("model", &set->kind, SENTIMENT_KINDS, SENTIMENT_KINDS),
        OPTIONS_CHOICE("preset", &set->preset, "report|tuned", "tuned: a better SimpleRNN"),
        OPTIONS_INT("epochs", &set->epochs, 1, 1000, "passes over the reviews"),
        OPTIONS_INT("batch", &set->batch, 1, 100000, "reviews of a step"),
        OPTIONS_INT("words", &set->words, 4, 1000000, "indices: words seen, and three more"),
        OPTIONS_INT("maxlen", &set->length, 1, SENTIMENT_LONGEST, "words of a review that are read"),
        OPTIONS_POSITIVE("lr", &set->lr, 1000.0, "learning rate of RMSprop"),
        OPTIONS_DOUBLE("clip-norm", &set->clip_norm, 0.0, 1e9, "largest norm of a gradient; 0: any"),
        OPTIONS_DOUBLE("dropout", &set->dropout, 0.0, 0.99, "share dropped around the middle, not in dense"),
        OPTIONS_INT("patience", &set->patience, 0, 1000, "stop so many epochs after the best; 0: never"),
        OPTIONS_INT("reviews", &set->reviews, 10, 1000000, "reviews to generate where there are none"),
        OPTIONS_FLAG("explain", &set->explain, "tell what is misjudged, and the worst of it"),
        OPTIONS_TEXT("predict", &set->predict, "TEXT", "probability that TEXT is positive; -: stdin"),
        OPTIONS_TEXT("neighbours", &set->neighbours, "WORD", "words that the embedding puts near"),
        OPTIONS_TEXT("analogy", &set->analogy, "\"A B C\"", "words near to A - B + C: \"great terrible boring\""),
    };
    entries[0].value = "NAME";
    entries[2].shown = "10; dense 20";
    entries[3].shown = "128; dense 512";
    const options_program program = { .name = "imdb_sentiment",
                                      .summary = "Learn whether film reviews are positive.",
                                      .example = "imdb_sentiment --model lstm --data ~/data --out out/lstm",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set->common,
                                      .load = "the one to use",
                                      OPTIONS_RULES(rules),
                                      .finish = finish,
                                      .settings = set };
    return read(&program, argc, argv);
}
