# What docs/reliability.md promises of all three libraries together.

# What the archives call and define. A sanitizer adds calls and variables of its own.
set(archives $<TARGET_FILE:kvist_nn> $<TARGET_FILE:kvist_env> $<TARGET_FILE:kvist_data>)
if(KVIST_SANITIZE)
  add_test(NAME symbols COMMAND sh -c "echo 'skipped: a sanitizer adds calls of its own'; exit 77")
else()
  add_test(NAME symbols COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_symbols.sh ${CMAKE_NM} ${archives})
endif()
set_tests_properties(symbols PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77 LABELS symbols)

# What is called over and over allocates nothing.
kvist_test(noalloc LIBS kvist::nn kvist::env kvist::data SOURCES support/networks.c LABELS noalloc)
kvist_test_allocations(noalloc)

# Memory runs out: in each public call that allocates, of which none is forgotten.
kvist_test(oom LIBS kvist::nn kvist::env ZLIB::ZLIB SOURCES support/networks.c support/temp.c LABELS oom)
kvist_test_allocations(oom)
kvist_test_in_memory(oom)
add_test(NAME oom_coverage COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_oom_coverage.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(oom_coverage PROPERTIES TIMEOUT 60 LABELS oom)

# In each program: its objects with another main, that runs it again and again, and with one that kills it before a step.
if(TARGET cartpole_qlearning)
  function(kvist_program_test kind program)
    get_target_property(libraries ${program} LINK_LIBRARIES)
    add_executable(test_${kind}_${program} ${kind}_program.c ${PROJECT_SOURCE_DIR}/examples/${program}.c
                   $<FILTER:$<TARGET_OBJECTS:${program}>,EXCLUDE,/${program}[.]c[.]>)
    kvist_compile_options(test_${kind}_${program})
    set_source_files_properties(${PROJECT_SOURCE_DIR}/examples/${program}.c PROPERTIES COMPILE_DEFINITIONS main=program_main)
    target_include_directories(test_${kind}_${program} PRIVATE support)
    target_link_libraries(test_${kind}_${program} PRIVATE ${libraries})
  endfunction()

  # A sanitizer makes each run several times as long.
  set(sparse)
  if(KVIST_SANITIZE)
    set(sparse sparse)
  endif()
  # Half a thousand kills; a few of them under a sanitizer.
  if(NOT KVIST_SANITIZE)
    set(every_step all)
  endif()
  foreach(program cartpole_qlearning cartpole_dqn imdb_sentiment mnist_dcgan)
    kvist_program_test(oom ${program})
    target_sources(test_oom_${program} PRIVATE support/temp.c)
    target_link_libraries(test_oom_${program} PRIVATE ZLIB::ZLIB PkgConfig::CMOCKA)
    kvist_test_allocations(oom_${program})
    add_test(NAME oom_${program} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_oom_programs.sh ${program}
             $<TARGET_FILE_DIR:cartpole_qlearning> $<TARGET_FILE:test_oom_${program}> ${sparse})
    kvist_test_in_memory(oom_${program})
    set_tests_properties(oom_${program} PROPERTIES TIMEOUT 900 LABELS oom)

    kvist_program_test(killed ${program})
    target_include_directories(test_killed_${program} PRIVATE ${PROJECT_SOURCE_DIR}/examples)
    if(program STREQUAL "cartpole_qlearning")
      target_compile_definitions(test_killed_${program} PRIVATE TEST_TABLE)
      target_link_options(test_killed_${program} PRIVATE LINKER:--wrap=q_table_update)
    elseif(program STREQUAL "cartpole_dqn")
      target_compile_definitions(test_killed_${program} PRIVATE TEST_AGENT)
      target_link_options(test_killed_${program} PRIVATE LINKER:--wrap=dqn_learn)
    else()
      target_link_options(test_killed_${program} PRIVATE LINKER:--wrap=nn_optim_step)
    endif()
    add_test(NAME killed_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_killed.sh ${program} $<TARGET_FILE:test_killed_${program}> ${every_step})
    kvist_test_in_memory(killed_${program})
    set_tests_properties(killed_${program} PROPERTIES TIMEOUT 900 LABELS resume)
  endforeach()
  if(KVIST_SANITIZE)
    set_tests_properties(killed_mnist_dcgan PROPERTIES LABELS "resume;slow")
  endif()
endif()

# Whole trainings on any number of threads; single steps of many networks in model_run.
if(TARGET cartpole_qlearning)
  foreach(program cartpole_qlearning cartpole_dqn imdb_sentiment mnist_dcgan)
    add_test(NAME determinism_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_determinism.sh ${program} $<TARGET_FILE_DIR:cartpole_qlearning>)
    set_tests_properties(determinism_${program} PROPERTIES TIMEOUT 900 LABELS "examples;programs;determinism")
  endforeach()
  # Minutes under a sanitizer.
  set_tests_properties(determinism_imdb_sentiment determinism_mnist_dcgan PROPERTIES LABELS "examples;programs;determinism;slow")
endif()

# A save, and a training with all its files, killed at every system call that matters and with each failing, by strace; a
# sanitizer does not let itself be traced.
add_executable(saver saver.c)
kvist_compile_options(saver)
target_link_libraries(saver PRIVATE kvist::nn)
function(kvist_crash_test name)
  if(KVIST_SANITIZE)
    add_test(NAME ${name} COMMAND sh -c "echo 'skipped: a sanitizer does not let itself be traced'; exit 77")
  else()
    add_test(NAME ${name} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.sh ${ARGN})
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 LABELS crash)
  kvist_test_in_memory(${name})
endfunction()
kvist_crash_test(crash $<TARGET_FILE:saver>)
if(TARGET cartpole_qlearning)
  kvist_crash_test(crash_program $<TARGET_FILE:cartpole_qlearning>)
endif()

# Memory and time that a file may cost; the counters are linked into the libraries' calls. Times mean something in an
# optimised build without sanitizers.
foreach(name idx reviews files)
  kvist_test(bounds_${name} LIBS kvist::nn kvist::data ZLIB::ZLIB SOURCES support/bounds.c support/peak.c support/temp.c LABELS bounds)
  target_link_options(test_bounds_${name} PRIVATE LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=free)
  # Those limits are processor time, which a neighbour on the memory bus makes longer.
  if(NOT KVIST_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_definitions(test_bounds_${name} PRIVATE TEST_TIMES)
    set_tests_properties(bounds_${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endforeach()
target_sources(test_bounds_reviews PRIVATE support/tar.c support/zip.c support/npz.c)
target_sources(test_bounds_files PRIVATE support/forged.c)
target_link_libraries(test_bounds_files PRIVATE PkgConfig::XXHASH)
target_include_directories(test_bounds_files PRIVATE ${PROJECT_SOURCE_DIR}/libnn/src)

# Floating-point modes, fork, the caller's own threads.
find_package(Threads REQUIRED)
kvist_test(surroundings LIBS kvist::nn Threads::Threads LABELS nn faults)

# What docs/faults.md says is tested.
add_test(NAME fault_table COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_fault_table.sh ${PROJECT_SOURCE_DIR})
set_tests_properties(fault_table PROPERTIES TIMEOUT 60 LABELS faults)
