# Tests of libnn: one kvist_test() a program, each in a block of its own, next to nothing else's.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

# Golden vectors; the one thing taken from inside the library is the mask that a dropout layer is given.
kvist_test(goldens LIBS kvist::nn PkgConfig::JANSSON LABELS nn
  SOURCES goldens_model.c goldens_layer.c goldens_loss.c goldens_training.c support/npy.c support/case.c)
target_include_directories(test_goldens PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_compile_definitions(test_goldens PRIVATE KVIST_GOLDENS_DEFAULT="${CMAKE_CURRENT_SOURCE_DIR}/goldens")

# Gradients against central differences, in the library over double.
kvist_test(gradients LIBS kvist_nn_double LABELS nn grad
  SOURCES gradients_layers.c gradients_graphs.c gradients_random.c support/gradient.c support/gradient_text.c)
