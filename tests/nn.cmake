# Tests of libnn: one kvist_test() a program, each in a block of its own, next to nothing else's.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

# A sanitizer watches the library; of convolution_large, watching the naive twin took more than half of the time.
if(KVIST_SANITIZE)
  set_source_files_properties(support/convolution_twin.c support/recurrent_twin.c PROPERTIES COMPILE_OPTIONS "-fno-sanitize=all;-O2")
endif()

# Golden vectors; taken from inside the library are the mask that a dropout layer is given, and what normalises images.
kvist_test(goldens LIBS kvist::nn PkgConfig::JANSSON LABELS nn
  SOURCES goldens_model.c goldens_layer.c goldens_loss.c goldens_training.c support/npy.c support/case.c)
target_include_directories(test_goldens PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_compile_definitions(test_goldens PRIVATE KVIST_GOLDENS_DEFAULT="${CMAKE_CURRENT_SOURCE_DIR}/goldens")

# Gradients against central differences, in the library over double; those of losses once more.
if(KVIST_TEST_DOUBLE)
  kvist_test(gradients LIBS kvist_nn_double LABELS nn grad TIMEOUT 900
    SOURCES gradients_layers.c gradients_ways.c gradients_graphs.c gradients_random.c support/gradient.c
      support/gradient_text.c support/quotient.c)
  kvist_test(loss_gradient LIBS kvist_nn_double LABELS nn)
endif()

# Losses, metrics and backprop.
kvist_test(loss LIBS kvist::nn LABELS nn)

# Recurrent layers against a naive twin; the vector exponentials are inside the library.
kvist_test(recurrent LIBS kvist::nn SOURCES support/recurrent_twin.c LABELS nn)
target_include_directories(test_recurrent PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
kvist_test(recurrent_padding LIBS kvist::nn SOURCES support/recurrent_twin.c support/one_layer.c support/isas.c LABELS nn)
kvist_test(recurrent_table LIBS kvist::nn SOURCES support/recurrent_twin.c support/one_layer.c support/isas.c LABELS nn)

# The taps of windows, inside the library.
kvist_test(window_taps LIBS kvist::nn LABELS nn)
target_include_directories(test_window_taps PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)

# Loops of a team of threads, inside the library.
kvist_test(parallel LIBS kvist::nn LABELS nn)
target_include_directories(test_parallel PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_compile_definitions(test_parallel PRIVATE $<$<BOOL:${KVIST_OPENMP}>:WITH_OPENMP>)

# Initial weights: distributions and orthogonality.
kvist_test(init LIBS kvist::nn LABELS nn)

# Dense over index lists against Dense over rows.
kvist_test(multi_hot LIBS kvist::nn LABELS nn)

# What models refuse, and what they tell.
kvist_test(model_create LIBS kvist::nn LABELS nn)
kvist_test(model LIBS kvist::nn LABELS nn)
kvist_test(nn_calls LIBS kvist::nn ZLIB::ZLIB SOURCES support/temp.c LABELS nn)
if(KVIST_SANITIZE MATCHES "address")
  target_compile_definitions(test_model PRIVATE TEST_GAPS)
endif()

# Optimisers and learning-rate schedules.
kvist_test(optim LIBS kvist::nn LABELS nn)
kvist_test(schedule LIBS kvist::nn LABELS nn)

# What models do, step by step.
kvist_test(model_run LIBS kvist::nn LABELS nn noalloc determinism)
kvist_test_allocations(model_run)
kvist_test(model_arrays LIBS kvist::nn LABELS nn)
kvist_test(layers LIBS kvist::nn LABELS nn)

# The generator; known answers, and what is rejected.
kvist_test(random LIBS kvist::nn LABELS nn)
target_include_directories(test_random PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)

# Files: the format, the list of things in them, whole models.
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
kvist_test(safetensors LIBS kvist::nn ZLIB::ZLIB PkgConfig::XXHASH SOURCES support/temp.c LABELS nn files)
target_include_directories(test_safetensors PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
foreach(name json fields architecture optim_options misfit)
  kvist_test(${name} LIBS kvist::nn PkgConfig::XXHASH LABELS nn files)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
endforeach()
kvist_test(archive LIBS kvist::nn ZLIB::ZLIB SOURCES support/archive_run.c support/temp.c LABELS nn files)
kvist_test(archive_refusals LIBS kvist::nn ZLIB::ZLIB PkgConfig::XXHASH
  SOURCES support/archive_run.c support/forged.c support/temp.c LABELS nn files bitrot)
target_include_directories(test_archive_refusals PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
kvist_test_in_memory(archive_refusals)
kvist_test(archive_below LIBS kvist::nn ZLIB::ZLIB PkgConfig::XXHASH SOURCES support/temp.c LABELS nn files)
target_include_directories(test_archive_below PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_link_options(test_archive_below PRIVATE LINKER:--wrap=nn_sys_read,--wrap=nn_sys_lock,--wrap=nn_sys_fstat,--wrap=fcntl
  LINKER:--wrap=nn_sys_link,--wrap=malloc)
# The calls to the system that a test makes fail.
kvist_test(archive_save LIBS kvist::nn ZLIB::ZLIB SOURCES support/generations.c support/temp.c LABELS nn files crash)
target_include_directories(test_archive_save PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
foreach(call open_read open_directory create open_lock stat fstat fsync link rename unlink lock close read write list)
  target_link_options(test_archive_save PRIVATE -Wl,--wrap=nn_sys_${call})
endforeach()
kvist_test_in_memory(archive_save)
kvist_test(archive_claim LIBS kvist::nn ZLIB::ZLIB SOURCES support/generations.c support/temp.c LABELS nn files)
target_include_directories(test_archive_claim PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_link_options(test_archive_claim PRIVATE LINKER:--wrap=nn_sys_open_lock)
# Power lost at every moment of a save.
kvist_test(archive_power LIBS kvist::nn ZLIB::ZLIB SOURCES support/disk.c support/temp.c LABELS nn files crash)
target_include_directories(test_archive_power PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
foreach(call create open_directory write fsync close link rename unlink)
  target_link_options(test_archive_power PRIVATE -Wl,--wrap=nn_sys_${call})
endforeach()
kvist_test_in_memory(archive_power)
kvist_test(archive_memory LIBS kvist::nn ZLIB::ZLIB SOURCES support/temp.c LABELS nn files oom)
kvist_test_allocations(archive_memory)
kvist_test_in_memory(archive_memory)
kvist_test(model_file LIBS kvist::nn ZLIB::ZLIB PkgConfig::XXHASH SOURCES support/forged.c support/temp.c LABELS nn files)
target_include_directories(test_model_file PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)

# Training: the loop, evaluation, prediction.
foreach(name fit fit_stop evaluate)
  kvist_test(${name} LIBS kvist::nn SOURCES support/fitting.c LABELS nn)
endforeach()
kvist_test(fit_refusals LIBS kvist::nn ZLIB::ZLIB SOURCES support/fitting.c support/temp.c LABELS nn)
kvist_test(fit_long LIBS kvist::nn ZLIB::ZLIB SOURCES support/fitting.c support/temp.c LABELS nn)
kvist_test(fit_resume LIBS kvist::nn ZLIB::ZLIB PkgConfig::XXHASH LABELS nn SOURCES support/forged.c support/temp.c)
target_include_directories(test_fit_resume PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
kvist_test(fit_memory LIBS kvist::nn LABELS nn oom)
kvist_test_allocations(fit_memory)

# Memory and the choice of kernels are inside the library.
foreach(name memory select)
  kvist_test(${name} LIBS kvist::nn LABELS nn)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
endforeach()

# Activations where they bend.
kvist_test(activation LIBS kvist::nn SOURCES support/one_layer.c support/isas.c LABELS nn)

# Convolutions, pools, batch normalisation and matrix products against naive twins; the products and paths are inside the library.
foreach(name convolution convolution_large)
  kvist_test(${name} LIBS kvist::nn SOURCES support/convolution_twin.c support/one_layer.c support/isas.c LABELS nn)
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src) # for the path that a shape takes
endforeach()
kvist_test(pool LIBS kvist::nn SOURCES support/one_layer.c support/isas.c LABELS nn)
kvist_test(batch_norm LIBS kvist::nn SOURCES support/one_layer.c support/isas.c LABELS nn)
kvist_test(gemm LIBS kvist::nn SOURCES support/isas.c LABELS nn)
target_include_directories(test_gemm PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)

# When a BLAS does its first product.
kvist_test(blas LIBS kvist::nn LABELS nn)
target_include_directories(test_blas PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)
target_compile_definitions(test_blas PRIVATE $<$<BOOL:${KVIST_OPENMP}>:WITH_OPENMP>)
get_target_property(nn_definitions kvist_nn COMPILE_DEFINITIONS)
if("NN_HAVE_CBLAS" IN_LIST nn_definitions)
  target_compile_definitions(test_blas PRIVATE TEST_CBLAS)
  target_include_directories(test_blas SYSTEM PRIVATE ${KVIST_CBLAS_INCLUDE_DIR})
  target_link_options(test_blas PRIVATE LINKER:--wrap=cblas_sgemm)
endif()
