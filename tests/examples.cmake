# Tests of what the example programs share.
if(TARGET kvist_examples_support)
  foreach(name options csv progress plot run)
    kvist_test(support_${name} LIBS kvist_examples_support LABELS examples)
  endforeach()
endif()

# docs/hello.md explains this program.
if(TARGET hello)
  add_test(NAME hello COMMAND hello hello-test.safetensors)
  set_tests_properties(hello PROPERTIES TIMEOUT 60 LABELS examples)
endif()
