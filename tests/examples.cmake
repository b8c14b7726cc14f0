# Tests of what the example programs share.
if(TARGET kvist_examples_support)
  foreach(name begun options progress terminal)
    kvist_test(support_${name} LIBS kvist_examples_support LABELS examples)
  endforeach()
  kvist_test(support_own_files LIBS kvist_examples_support ZLIB::ZLIB SOURCES support/heard.c support/temp.c LABELS examples)
  foreach(name csv plot run)
    kvist_test(support_${name} LIBS kvist_examples_support ZLIB::ZLIB SOURCES support/temp.c LABELS examples)
  endforeach()
  kvist_test(support_whole_file LIBS kvist_examples_support ZLIB::ZLIB SOURCES support/faults.c support/faults_of_streams.c support/temp.c LABELS examples)
  target_link_options(test_support_whole_file PRIVATE LINKER:--wrap=open,--wrap=fdopen,--wrap=fclose,--wrap=rename)
  if(KVIST_WINDOW)
    pkg_check_modules(SDL2 IMPORTED_TARGET sdl2)
  endif()
  if(KVIST_WINDOW AND SDL2_FOUND)
    set(window sdl2)
    kvist_test(support_window LIBS kvist_examples_support PkgConfig::SDL2 LABELS examples)
  endif()
  # A fixed clock and machine's name; files in a folder of their own.
  kvist_test(support_tensorboard LIBS kvist_examples_support ZLIB::ZLIB SOURCES support/temp.c LABELS examples)
  target_link_options(test_support_tensorboard PRIVATE LINKER:--wrap=clock_gettime,--wrap=gethostname)
endif()

# Pictures of mnist_dcgan: what its animations show.
if(TARGET mnist_dcgan)
  set(examples ${PROJECT_SOURCE_DIR}/examples)
  kvist_test(dcgan_step LIBS kvist_examples_support kvist::nn LABELS examples SOURCES ${examples}/dcgan_model.c)
  target_include_directories(test_dcgan_step PRIVATE ${examples})
  kvist_test(dcgan_pictures LIBS kvist_examples_support kvist::nn kvist::data ZLIB::ZLIB LABELS examples
    SOURCES ${examples}/dcgan_gallery.c ${examples}/dcgan_drawing.c support/temp.c)
  target_include_directories(test_dcgan_pictures PRIVATE ${examples})
  find_package(GIF)
  if(GIF_FOUND)
    target_compile_definitions(test_dcgan_pictures PRIVATE TEST_HAVE_GIF)
    target_link_libraries(test_dcgan_pictures PRIVATE GIF::GIF)
  endif()
endif()

# The words and vectors that imdb_sentiment writes.
if(TARGET imdb_sentiment)
  kvist_test(sentiment_export LIBS kvist_examples_support kvist::nn kvist::data ZLIB::ZLIB LABELS examples
    SOURCES ${PROJECT_SOURCE_DIR}/examples/sentiment_export.c support/heard.c support/temp.c)
  target_include_directories(test_sentiment_export PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()

# What the agent of cartpole_dqn says when its numbers run away.
if(TARGET cartpole_dqn)
  kvist_test(dqn_agent LIBS kvist::nn kvist::env kvist::data LABELS examples
    SOURCES ${PROJECT_SOURCE_DIR}/examples/dqn_agent.c)
  target_include_directories(test_dqn_agent PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()

# Checkpoints that were tampered with and sealed again.
if(TARGET mnist_dcgan AND TARGET cartpole_dqn AND TARGET cartpole_qlearning AND TARGET imdb_sentiment)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
  kvist_test(forged_checkpoints LIBS kvist_examples_support kvist::nn kvist::env kvist::data ZLIB::ZLIB PkgConfig::XXHASH
    LABELS examples SOURCES support/forged.c support/heard.c support/temp.c)
  foreach(name checkpoint dcgan_gallery dcgan_model dcgan_training digit_classifier digit_score dqn_agent dqn_training pole_state
          q_table qlearning_training sentiment_model)
    target_sources(test_forged_checkpoints PRIVATE ${PROJECT_SOURCE_DIR}/examples/${name}.c)
  endforeach()
  target_include_directories(test_forged_checkpoints PRIVATE ${PROJECT_SOURCE_DIR}/examples ${PROJECT_SOURCE_DIR}/libnn/src)
endif()

# What the table of cartpole_qlearning takes for an end.
if(TARGET cartpole_qlearning)
  kvist_test(q_table LIBS kvist::nn kvist::env kvist::data ZLIB::ZLIB LABELS examples
    SOURCES ${PROJECT_SOURCE_DIR}/examples/q_table.c support/temp.c)
  target_include_directories(test_q_table PRIVATE ${PROJECT_SOURCE_DIR}/examples)
endif()

# docs/hello.md explains this program.
if(TARGET hello)
  add_test(NAME hello COMMAND hello hello-test.safetensors)
  set_tests_properties(hello PROPERTIES TIMEOUT 60 LABELS examples)
endif()

# The programs as a user runs them, on generated data; and stopped and resumed until they are done: the same numbers as a
# run left alone. What takes minutes under a sanitizer is slow.
set(leaks suppressions=${CMAKE_CURRENT_SOURCE_DIR}/lsan.supp:print_suppressions=0)
if(TARGET cartpole_qlearning)
  foreach(program cartpole_qlearning cartpole_dqn imdb_sentiment mnist_dcgan)
    add_test(NAME program_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_programs.sh ${program} $<TARGET_FILE_DIR:cartpole_qlearning>)
    set_tests_properties(program_${program} PROPERTIES TIMEOUT 600 LABELS "examples;programs"
                         ENVIRONMENT "KVIST_TEST_WINDOW=${window};LSAN_OPTIONS=${leaks}")
  endforeach()
  foreach(program cartpole_qlearning cartpole_dqn imdb_sentiment mnist_dcgan)
    add_test(NAME program_faults_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_program_faults.sh ${program} $<TARGET_FILE_DIR:cartpole_qlearning>)
    set_tests_properties(program_faults_${program} PROPERTIES TIMEOUT 600 LABELS "examples;programs;faults"
                         ENVIRONMENT "LSAN_OPTIONS=${leaks}")
  endforeach()
  foreach(program cartpole_qlearning cartpole_dqn)
    add_test(NAME resume_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_resume.sh ${program} $<TARGET_FILE_DIR:cartpole_qlearning>)
  endforeach()
  set(slower 1)
  if(KVIST_SANITIZE)
    set(slower 4)
  endif()
  add_test(NAME resume_imdb_sentiment
           COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_resume_sentiment.sh $<TARGET_FILE_DIR:cartpole_qlearning> ${slower})
  add_test(NAME resume_mnist_dcgan
           COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_resume_dcgan.sh $<TARGET_FILE_DIR:cartpole_qlearning>)
  set_tests_properties(resume_cartpole_qlearning resume_cartpole_dqn resume_imdb_sentiment resume_mnist_dcgan
                       PROPERTIES TIMEOUT 900 LABELS "examples;programs;resume")
  set_tests_properties(program_mnist_dcgan PROPERTIES LABELS "examples;programs;slow")
  set_tests_properties(program_faults_mnist_dcgan PROPERTIES LABELS "examples;programs;faults;slow")
  set_tests_properties(resume_mnist_dcgan PROPERTIES LABELS "examples;programs;resume;slow")
endif()
