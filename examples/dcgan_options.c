#include "dcgan_options.h"

#include "dcgan_drawing.h"
#include "dcgan_gallery.h"

#define TRAINING "epochs", "batch", "lr", "average", "checkpoint-every", "resume", "save", "tensorboard"
#define DIGITS   "data", "images", "samples"
static const options_rule rules[] = {
    { .option = "score-only", .needs = "load", .without = { TRAINING } },
    { .option = "generate", .needs = "load", .without = { "interpolate", "score-only", TRAINING, DIGITS } },
    { .option = "generate", .needs = "out" },
    { .option = "interpolate", .needs = "load", .without = { "score-only", TRAINING, DIGITS } },
    { .option = "interpolate", .needs = "out" },
    { .option = "load", .without = { "resume" }, .why = "that goes on with the networks of its checkpoint" },
    { .option = "checkpoint-every", .needs = "out" },
};

int dcgan_options_read(dcgan_options *set, int argc, char *const argv[], options_reader *read)
{
    *set = (dcgan_options){
        .common = OPTIONS_COMMON_DEFAULTS, .average = 0.995, .checkpoint_every = 15, .images = 2000, .samples = 10000
    };
    options_entry entries[] = {
        OPTIONS_INT("epochs", &set->epochs, 1, GALLERY_EPOCHS, "passes over the images"),
        OPTIONS_INT("batch", &set->batch, 2, 4096, "images of a step"),
        OPTIONS_POSITIVE("lr", &set->lr, 1.0, "learning rate of both Adams"),
        OPTIONS_DOUBLE("average", &set->average, 0, 0.9999, "the drawing net: mean of G; 0: G itself"),
        OPTIONS_INT("checkpoint-every", &set->checkpoint_every, 1, 10000, "epochs between checkpoints that stay"),
        OPTIONS_INT("images", &set->images, 10, 1000000, "digits to generate where there is no MNIST"),
        OPTIONS_INT("samples", &set->samples, 1, 1000000, "generated images that are scored"),
        OPTIONS_FLAG("score-only", &set->score_only, "only score the generator of --load"),
        OPTIONS_INT("generate", &set->generate, 1, DRAWING_IMAGES, "only draw N images with the generator of --load"),
        OPTIONS_INT("interpolate", &set->interpolate, 2, DRAWING_STEPS,
                    "only draw N steps on arcs from noise to noise"),
    };
    entries[0].shown = "50; generated digits 14";
    entries[1].shown = "256; generated digits 32";
    entries[2].shown = "1e-4; generated digits 4e-4";
    entries[8].shown = entries[9].shown = "";
    const options_program program = { .name = "mnist_dcgan",
                                      .summary = "Learn to draw handwritten digits with a DCGAN.",
                                      .example = "mnist_dcgan --data ~/data --epochs 15 --out out/digits",
                                      OPTIONS_ENTRIES(entries),
                                      .common = &set->common,
                                      .load = "the one to begin with, draw with or score",
                                      OPTIONS_RULES(rules) };
    return read(&program, argc, argv);
}
