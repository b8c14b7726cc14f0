# Tests of what the example programs share.
if(TARGET kvist_examples_support)
  foreach(name options csv progress plot run)
    kvist_test(support_${name} LIBS kvist_examples_support LABELS examples)
  endforeach()
endif()
