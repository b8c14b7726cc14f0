/* fuzz_seeds FOLDER: writes FOLDER/TARGET/NAME, the inputs that fuzz/corpus begins with. */
#include "seeds.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *root;

void seed_write(const char *target, const char *name, const void *bytes, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    FILE *file = fopen(path, "wb");
    if (!file) perror(path);
    FUZZ_CHECK(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void write_text(const char *target, const char *name, const char *text)
{
    seed_write(target, name, text, strlen(text));
}

static void write_texts(void)
{
    write_text("json", "all", "{\"a\":[1,-2,{\"b\":\"\\u00e9\\ud83d\\ude00\\n\"}],\"\":{}, \"c\" : null }");
    write_text("json", "empty", "{}");
    write_text("json", "depth", "{\"a\":[[[[[[[1]]]]]]]}");
    write_text("json", "real", "-0x1.fae147ae147aep-1022");
    write_text("json", "whole", "0x00000000000000ff");
    write_text("options", "all",
               "--epochs\n3\n--model=lstm\n--lr\n1e-2\n--split=0\n--render\n--predict\n-\n--label\nx\n--big\n"
               "18446744073709551615\n--seed=7\n--threads\n2\n--quiet\n--edges=2.4,3,0.21,3.5");
    write_text("options", "rules", "--load\nfile\n--predict\ntext\n--tensorboard=dir\n--render\n--resume\n--out\ndir");
    write_text("options", "wrong", "--epoch\n1001\n--lr=-0x1p3");
    write_text("options", "help", "--help");
    write_text("options", "qlearning",
               "\x01--preset\ntuned\n--edges=2.4,3,.21,1e-5\n--bins\n50\n--lr=.1\n--play\n2\n--render=gif\n--out\nx");
    write_text("options", "qlearning_edges", "\x01--edges\n1e-320,1,1,1\n--runs=3");
    write_text("options", "qlearning_random", "\x01--random\n--play\n1\n--episodes=3");
    write_text("options", "dqn",
               "\x02--classic\n--dueling\n--prioritised\n--solved=475\n--tau\n0.5\n--lr-steps=0\n--units\n9");
    write_text("options", "dqn_load", "\x02--load\nfile\n--play\n0");
    write_text("options", "sentiment",
               "\x03--model\nrnn\n--preset=tuned\n--clip-norm\n0\n--patience=2\n--explain\n--save\nfile");
    write_text("options", "sentiment_load", "\x03--load\nfile\n--analogy\na b c");
    write_text("options", "sentiment_conv", "\x03--model=conv\n--maxlen\n4\n--words\n100\n--reviews=10");
    write_text("options", "dcgan",
               "\x04--average\n0\n--checkpoint-every\n2\n--out=x\n--batch\n4\n--images=10\n--samples\n1");
    write_text("options", "dcgan_draw", "\x04--load\nfile\n--interpolate=2\n--out\nx");
    write_text("options", "dcgan_both", "\x04--load\nfile\n--generate=3\n--interpolate=2\n--out\nx");
    write_text("options", "dcgan_score", "\x04--load\nfile\n--score-only\n--lr=1");
    write_text("csv", "whole", "epoch,loss\n1,0.5\n2,0.25\n3,\n");
    write_text("csv", "other", "a,b,c\n1e300,-inf,nan\n,,\n0x1p-3,1,2\n");
    write_text("csv", "torn", "epoch,loss\n1,0.5\n2,0.2");
    write_text("terminal", "mixed", "\x28good \xc3\xa9\xf0\x9f\x98\x80\x1b[31m\x80\x7f\xed\xa0\x80 end");
    write_text("terminal", "cut", "\x03\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
    write_text("word_index", "two", "{\"the\": 1, \"caf\\u00e9\": 2}");
    write_text("word_index", "escapes", "{\"\\ud83d\\ude00\\/\\b\":3,\n\"a\":1 , \"it's\":2}");
    write_text("word_index", "gap", "{\"a\": 1, \"b\": 3}");
    write_text("vocabulary", "words",
               "the\nand\nit's\nbad\n\xff"
               "A bad film, and the worst; it's The end.");
    write_text("vocabulary", "twice", "the\nand\nthe\n");
    write_text("tsv", "words", "\x01\x07the\nit's\ncaf\xc3\xa9\nbad\n");
    write_text("tsv", "controls", "\x03\xfa\r\n\x1b\n\xc2\x85\n\xff\n\x7f");
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    root = argv[1];
    mkdir(root, 0777);
    write_texts();
    seeds_of_data();
    seeds_of_nn();
    return 0;
}
