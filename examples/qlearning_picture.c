#include "qlearning_picture.h"

#include "support/csv.h"
#include "support/plot.h"

#include <stdio.h>

enum { PANELS = 3, COLOURS = 7 };

void qlearning_history(char path[RUN_PATH], const char *folder, uint64_t seed, int runs)
{
    char name[48] = "history.csv";
    if (runs > 1) snprintf(name, sizeof name, "history-seed%llu.csv", (unsigned long long)seed);
    run_join(path, folder, name);
}

static void draw(const char *folder, uint64_t seed, const csv_table tables[], int runs)
{
    static const char *const columns[PANELS] = { "mean_reward", "good_ratio", "epsilon" };
    static const char *const names[PANELS] = { "mean reward", "ratio of good runs", "epsilon" };
    char labels[QLEARNING_MOST_RUNS][32], path[RUN_PATH], error[PLOT_ERROR];
    plot_series series[PANELS][QLEARNING_MOST_RUNS];
    plot_panel panels[PANELS];
    for (int i = 0; i < runs; i++)
        snprintf(labels[i], sizeof labels[i], "seed %llu", (unsigned long long)(seed + (uint64_t)i));
    for (int p = 0; p < PANELS; p++) {
        for (int i = 0; i < runs; i++)
            series[p][i] = (plot_series){ .label = runs > 1 && p == 0 ? labels[i] : NULL,
                                          .x = csv_column(&tables[i], "episode"),
                                          .y = csv_column(&tables[i], columns[p]),
                                          .count = tables[i].rows,
                                          .dashed = i >= COLOURS,
                                          .markers = true };
        panels[p] = (plot_panel){ .x_label = "episode", .y_label = names[p], .series = series[p], .count = runs };
    }
    const plot_figure figure = { .title = "Tabular Q-learning on CartPole-v1", .panels = panels, .count = PANELS };
    if (run_join(path, folder, "history.png") && !plot_write(&figure, path, error)) run_error("%s", error);
}

void qlearning_draw(const char *folder, uint64_t seed, int runs)
{
    char path[RUN_PATH], error[PLOT_ERROR];
    csv_table tables[QLEARNING_MOST_RUNS];
    int read = 0;
    if (!plot_available()) {
        run_error("built without cairo: no curves");
        return;
    }
    while (read < runs) {
        qlearning_history(path, folder, seed + (uint64_t)read, runs);
        if (!csv_read(&tables[read], path, error)) break;
        read++;
    }
    if (read == runs)
        draw(folder, seed, tables, runs);
    else
        run_error("%s", error);
    while (read > 0) csv_free(&tables[--read]);
}
