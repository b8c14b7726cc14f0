# Tests of what the example programs share.
if(TARGET kvist_examples_support)
  foreach(name options csv progress terminal plot run)
    kvist_test(support_${name} LIBS kvist_examples_support LABELS examples)
  endforeach()
endif()

# docs/hello.md explains this program.
if(TARGET hello)
  add_test(NAME hello COMMAND hello hello-test.safetensors)
  set_tests_properties(hello PROPERTIES TIMEOUT 60 LABELS examples)
endif()

# The programs as a user runs them, on generated data.
if(TARGET kvist_examples_support)
  foreach(program cartpole_qlearning cartpole_dqn imdb_sentiment mnist_dcgan)
    add_test(NAME program_${program}
             COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_programs.sh ${program} ${PROJECT_BINARY_DIR}/examples)
    set_tests_properties(program_${program} PROPERTIES TIMEOUT 600 LABELS "examples;programs")
  endforeach()
  set_tests_properties(program_mnist_dcgan PROPERTIES LABELS "examples;programs;slow") # minutes under a sanitizer
endif()

# Interrupted and resumed until done: the same numbers as a run left alone.
if(TARGET imdb_sentiment)
  add_test(NAME resume_sentiment
           COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/test_resume_sentiment.sh ${PROJECT_BINARY_DIR}/examples)
  set_tests_properties(resume_sentiment PROPERTIES TIMEOUT 600 LABELS "examples;programs")
endif()
